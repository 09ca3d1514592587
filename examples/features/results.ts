// Results: waiting for them, what is kept of a job, and for how long.
import assert from 'node:assert/strict';
import { JobFailedError, Queue, QueueError, UnrecoverableError, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;

const queue = new Queue<number, number>('roots', { connection });
const worker = new Worker<number, number>(
  'roots',
  ({ data }) => {
    if (data < 0) throw new UnrecoverableError(`${data} has no root`);
    return Math.sqrt(data);
  },
  { connection },
);

// #region wait
const job = await queue.add('root', 49);
assert.equal(await job.waitUntilFinished({ timeout: 10_000 }), 7);

const wrong = await queue.add('root', -1);
await assert.rejects(wrong.waitUntilFinished(), new JobFailedError('-1 has no root'));
// #endregion

// #region read
const stored = await queue.getJob(wrong.id);
assert.equal(stored?.failedReason, '-1 has no root');
// Its failed attempts, the newest first: failedReason, processedOn, finishedOn and stack of each.
assert.match(stored.history[0]?.stack ?? '', /^UnrecoverableError: -1 has no root/);
// #endregion

// #region retention
await queue.add('root', 4, {
  removeOnComplete: { age: 3_600, count: 1_000 }, // an hour, and the newest 1,000 at most
  removeOnFail: { age: 7 * 24 * 3_600 },
});
const fleeting = await queue.add('root', 9, { removeOnComplete: true });
// #endregion
const end = await fleeting.waitUntilFinished({ timeout: 10_000 }).catch((error: unknown) => error);
// Gone, unless it was awaited before it had completed.
assert(end === 3 || (end instanceof QueueError && end.code === 'JOB_NOT_FOUND'));

// #region again
assert.equal(await queue.retryJobs({ state: 'failed', count: 100 }), 1);
await assert.rejects(wrong.waitUntilFinished(), JobFailedError);
const removed = await queue.clean(0, 100, 'failed'); // that ended 0 ms ago or earlier, 100 at most
assert.deepEqual(removed, [wrong.id]);
// #endregion

await worker.close();
await queue.close();
await redis.stop();
