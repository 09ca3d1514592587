// What a job tells while it runs and remembers between its runs: progress, a log, metadata, its own data.
import assert from 'node:assert/strict';
import { Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;

interface Copy {
  readonly files: readonly string[];
}

const queue = new Queue<Copy>('copies', { connection });
let isFull = true;

// #region handler
const worker = new Worker<Copy>(
  'copies',
  async (job) => {
    const { files } = job.data;
    const from = Number(job.meta['done'] ?? 0); // what an earlier run has left
    for (const [at, file] of files.entries()) {
      if (at < from) continue;
      await job.log(`copies ${file}`);
      if (file === 'c' && isFull) throw new Error('the disk is full');
      await job.updateProgress({ done: at + 1, of: files.length });
      await job.updateMeta({ ...job.meta, done: at + 1 });
    }
  },
  { connection, autorun: false },
);
// #endregion

const heard: string[] = [];
// #region listen
worker.on('progress', (job, progress) => {
  heard.push(`${job.description}: ${JSON.stringify(progress)}`);
});
// #endregion

// #region add
const { id } = await queue.add(
  'copy',
  { files: ['a', 'b', 'c'] },
  { description: 'Copies three files', meta: { user: 'ada' }, keepLogs: 100 },
);
// #endregion

await worker.run({ burst: true });
// #region read
const failed = await queue.getJob(id);
assert.deepEqual(failed?.progress, { done: 2, of: 3 });
assert.deepEqual(failed.meta, { user: 'ada', done: 2 });
const { logs, count } = await queue.getJobLogs(id, -2); // the last two of `count`
assert.deepEqual(logs, ['copies b', 'copies c']);
assert.equal(count, 3);
// #endregion

isFull = false;
// #region change
await failed.log('the disk was cleaned');
await failed.updateData({ files: ['a', 'b', 'c', 'd'] });
await failed.retry();
// #endregion
await worker.run({ burst: true });
const completed = await queue.getJob(id);
assert.deepEqual(completed?.progress, { done: 4, of: 4 });
assert.equal((await queue.getJobLogs(id)).count, 6);
assert.equal(heard.at(-1), 'Copies three files: {"done":4,"of":4}');

await worker.close();
await queue.close();
await redis.stop();
