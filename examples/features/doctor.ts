// Is a queue whole? It is looked at while it works, and after somebody has meddled with its keys.
import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { checkQueue, Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const server = await startRedis();
const connection = server.url;
const queue = new Queue('orders', { connection });
const worker = new Worker('orders', () => 'done', { connection, stalledInterval: 100 });
for (let number = 0; number < 100; number += 1) await queue.add('order', number);

// #region check
const report = await checkQueue(queue); // or checkQueue('orders', { connection })
if (!report.ok)
  for (const { code, count, ids, message, remedy } of report.problems)
    console.error(code, message, remedy, count, ids);
// #endregion
assert.equal(report.ok, true);

// A job without a place in the queue, as a careless script might leave it.
const redis = new Redis(connection);
await redis.hset('lunaq:{orders}:jobs', 'lost', JSON.stringify(['order', 101, Date.now()]));
const [problem] = (await checkQueue(queue, { recheckAfter: 10 })).problems;
assert.equal(problem?.code, 'entry-missing');
assert.deepEqual(problem.ids, ['lost']);
assert.match(problem.remedy, /RPUSH lunaq:\{orders\}:waiting <id>/);

// What it says helps.
await redis.rpush('lunaq:{orders}:waiting', 'lost');
assert.equal((await checkQueue(queue, { recheckAfter: 10 })).ok, true);

redis.disconnect();
await worker.close();
await queue.close();
await server.stop();
