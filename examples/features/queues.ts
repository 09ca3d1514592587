// One worker for several queues.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;
const queues = ['high', 'low'].map((name) => new Queue<number, string>(name, { connection }));
const started: string[] = [];
const handler = async ({ queueName, data }: { queueName: string; data: number }) => {
  started.push(queueName);
  await setTimeout(1);
  return `${queueName} ${data}`;
};

async function add(count: number): Promise<void> {
  for (const queue of queues)
    await queue.addBulk(Array.from({ length: count }, (_, at) => ({ name: 'job', data: at })));
}

await add(3);
// #region order
// While `high` has jobs, none of `low` starts.
const strict = new Worker<number, string>(['high', 'low'], handler, { connection, autorun: false });
await strict.run({ burst: true });
// #endregion
assert.deepEqual(started, ['high', 'high', 'high', 'low', 'low', 'low']);
await strict.close();

started.length = 0;
await add(100);
// #region weights
// While both have jobs, three of `high` start for each one of `low`.
const fair = new Worker<number, string>(['high', 'low'], handler, {
  connection,
  weights: { high: 3, low: 1 },
  autorun: false,
});
await fair.run({ burst: true });
// #endregion
const early = started.slice(0, 80).filter((name) => name === 'low').length;
assert(early >= 15 && early <= 25, `${early} of the first 80`);
assert.equal(started.length, 200);
await fair.close();

await Promise.all(queues.map((queue) => queue.close()));
await redis.stop();
