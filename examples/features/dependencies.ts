// Jobs that wait for other jobs.
import assert from 'node:assert/strict';
import { Queue, Worker, type BulkJob, type Job } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;

// #region depends
const queue = new Queue<string, string>('bakery', { connection });
const dough = await queue.add('dough', 'rye');
const oven = await queue.add('oven', '250 degrees', { jobId: 'oven' });
const bread = await queue.add('bread', 'rye', { dependsOn: [dough, 'oven'] });

// A job of another queue, or one that may fail.
const shop = new Queue<string, string>('shop', { connection });
const sale = await shop.add('sell', 'bread', {
  dependsOn: { queue: 'bakery', id: bread.id },
  onParentFailure: 'run',
});
// #endregion
assert.equal(await bread.getState(), 'deferred');

// #region family
assert.deepEqual(
  (await bread.blockers()).map(({ id, state }) => [id, state]),
  [
    [dough.id, 'waiting'],
    ['oven', 'waiting'],
  ],
);
for await (const { queue: name, id } of bread.dependents())
  assert.deepEqual([name, id], ['shop', sale.id]);

// A handler reads what the jobs before it have returned.
async function bake(job: Job<string, string>): Promise<string> {
  const parts = await job.parents(); // { queue, id, state, returnvalue or failedReason } of each
  return `${job.name}(${parts.map(({ returnvalue }) => returnvalue).join(', ')})`;
}
// #endregion
const worker = new Worker<string, string>('bakery', bake, { connection, concurrency: 10 });
const seller = new Worker<string, string>('shop', bake, { connection });
assert.equal(await sale.waitUntilFinished(), 'sell(bread(dough(), oven()))');
assert.equal(await oven.waitUntilFinished(), 'oven()');

// #region bulk
// Jobs of one call may depend on each other, in any order: as they are given, or by jobId.
const base: BulkJob<string> = { name: 'base', data: '' };
const [cake] = await queue.addBulk([
  { name: 'cake', data: '', opts: { dependsOn: [base, 'cream'] } },
  { name: 'cream', data: '', opts: { jobId: 'cream', dependsOn: base } },
  base,
]);
// #endregion
assert.equal(await cake?.waitUntilFinished(), 'cake(base(), cream(base()))');

await Promise.all([worker.close(), seller.close()]);
await Promise.all([queue.close(), shop.close()]);
await redis.stop();
