// Looking at a queue: counts, pages, every job of a state, and where one stands.
import assert from 'node:assert/strict';
import { getQueues, Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;
const queue = new Queue<number>('looking', { connection });
await queue.addBulk(
  Array.from({ length: 250 }, (_, data) => ({
    name: 'job',
    data,
    opts: { jobId: `job-${data}`, delay: data < 50 ? 3_600_000 + data : 0 },
  })),
);

// #region counts
const counts = await queue.getJobCounts(); // { waiting: 200, delayed: 50, active: 0, … }
const names = await getQueues({ connection }); // ['looking']
// #endregion
assert.equal(counts.waiting, 200);
assert.deepEqual(names, ['looking']);

// #region pages
// The newest 20, those that run next, and both the newest waiting and the last delayed one.
const newest = await queue.getJobs('waiting', 0, 19);
const next = await queue.getJobs('waiting', { start: 0, end: 19, asc: true });
const ends = await queue.getJobs(['waiting', 'delayed'], { end: 0 });
// #endregion
assert.deepEqual(
  [newest, next].map((jobs) => [jobs.length, jobs[0]?.data]),
  [
    [20, 249],
    [20, 50],
  ],
);
assert.deepEqual(
  ends.map(({ data }) => data),
  [249, 49],
);

// #region scan
// Every delayed job, however many there are, also those that move while this runs.
for await (const job of queue.scan('delayed')) {
  if (job.data % 2 === 0) await job.remove();
}
// #endregion
assert.deepEqual(await queue.getJobCounts('delayed'), { delayed: 25 });

// #region position
const before = await queue.getJobPosition('job-60'); // 10 jobs are before it
const oldest = await queue.getOldestWaiting(); // { id: 'job-50', name: 'job', age: 12 }
// #endregion
assert.equal(before, 10);
assert.equal(oldest?.id, 'job-50');

const worker = new Worker<number>('looking', () => undefined, { connection, autorun: false });
await worker.run({ burst: true });
const job = await queue.getJob('job-60');
assert.equal(await job?.getPosition(), undefined);
assert.equal((await queue.getCompleted()).length, 100);

await worker.close();
await queue.close();
await redis.stop();
