import assert from 'node:assert/strict';
import { Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;
const queue = new Queue<number, number>('double', { connection });
const worker = new Worker<number, number>('double', (job) => job.data * 2, {
  connection,
  autorun: false,
});

const { id } = await queue.add('one', 21);
await worker.run({ burst: true }); // until everything that can run has run
assert.equal((await queue.getJob(id))?.returnvalue, 42);

await worker.close();
await queue.close();
await redis.stop();
