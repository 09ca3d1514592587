// Fencing: a run that lost its job, and does not know it yet, changes nothing any more.
import assert from 'node:assert/strict';
import { Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;

// #region fence
/** Of two claims of one job the later one has the higher number. */
const claimOf = (token: string): number => Number(token.slice(token.lastIndexOf(':') + 1));

/** A row for each job: a second run finds what the first one wrote, and one that comes too late is refused. */
const rows = new Map<string, { claim: number; total: number }>();
function write(job: string, claim: number, total: number): boolean {
  // In SQL: INSERT … ON CONFLICT (job) DO UPDATE … WHERE totals.claim < excluded.claim
  if ((rows.get(job)?.claim ?? 0) >= claim) return false;
  rows.set(job, { claim, total });
  return true;
}
// #endregion

let wake = (): void => undefined;
const frozen = new Promise<void>((resolve) => {
  wake = resolve;
});
let accepted: boolean | undefined;

const queue = new Queue<number, boolean>('totals', { connection });
const job = await queue.add('total', 40);

// This one begins, and sleeps: as far as Redis can see, it is gone.
const slow = new Worker<number, boolean>(
  'totals',
  async ({ id, data }, token) => {
    await frozen;
    accepted = write(id, claimOf(token), data);
    return accepted;
  },
  { connection, closeTimeout: 0 },
);
await new Promise((resolve) => slow.once('active', resolve));
await slow.close();

const other = new Worker<number, boolean>(
  'totals',
  ({ id, data }, token) => write(id, claimOf(token), data + 2),
  { connection, autorun: false },
);
await other.run({ burst: true });
assert.equal((await queue.getJob(job.id))?.returnvalue, true);

wake();
await frozen;
await new Promise(setImmediate);
assert.equal(accepted, false);
assert.equal(rows.get(job.id)?.total, 42);

await other.close();
await queue.close();
await redis.stop();
