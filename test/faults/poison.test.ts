// A handler that kills its worker, again and again.
import { expect, test } from 'vitest';
import { startWorker, type Child } from '../helpers/child.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

/** Keeps `count` worker processes alive until the test ends; tells how often one had to be started. */
function supervise(count: number, concurrency: number): { readonly starts: number } {
  const seen = { starts: 0 };
  async function keep(): Promise<void> {
    while (!live.ending) {
      seen.starts += 1;
      const child: Child = await startWorker(live, { concurrency });
      await until(() => child.ended || live.ending, 60_000);
    }
  }
  const keepers = Array.from({ length: count }, () => keep().catch(() => undefined));
  live.after(() => Promise.all(keepers));
  return seen;
}

test('it ends failed, and takes none of 99 innocent neighbours with it', async () => {
  const queue = live.queue();
  const innocents = Array.from({ length: 99 }, () => ({ name: 'work', data: { ms: 60 } }));
  await queue.addBulk(innocents.slice(0, 50));
  const poison = await queue.add('poison', {});
  await queue.addBulk(innocents.slice(50));

  const started = performance.now();
  const seen = supervise(1, 100);
  await until(async () => (await queue.getJobCounts()).completed === 99, 60_000);
  await until(async () => (await queue.getJobState(poison.id)) === 'failed', 30_000);

  const took = performance.now() - started;
  console.log(`poison among 99: ${took.toFixed(0)} ms, ${seen.starts} processes`);
  expect(await queue.getJobCounts()).toMatchObject({ completed: 99, failed: 1, active: 0 });
  const stored = await queue.getJob(poison.id);
  expect(stored?.failedReason).toMatch(/stalled/);
  expect(stored?.attemptsMade).toBe(0);
  expect(seen.starts).toBeLessThanOrEqual(4);
}, 90_000);

test('two of them, two workers: both fail, the others complete, later jobs are not blocked', async () => {
  const queue = live.queue();
  const first = await queue.add('poison', {});
  await queue.addBulk(Array.from({ length: 30 }, () => ({ name: 'work', data: { ms: 50 } })));
  const second = await queue.add('poison', {});
  supervise(2, 20);
  await until(
    async () =>
      (await queue.getJobState(first.id)) === 'failed' &&
      (await queue.getJobState(second.id)) === 'failed',
    40_000,
  );
  const late = await queue.add('work', {});
  await until(async () => (await queue.getJobState(late.id)) === 'completed');
  await until(async () => (await queue.getJobCounts()).completed === 31, 20_000);
}, 90_000);
