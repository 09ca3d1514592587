// Waits between attempts that a list or the worker's own strategy decides.
import { expect, test } from 'vitest';
import type { JobOptions } from '../../src/job-options.js';
import type { Queue } from '../../src/queue.js';
import type { BackoffStrategy } from '../../src/retry.js';
import { gate, liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

const slowSweep = { stalledInterval: 5_000, lockDuration: 30_000 };

/** Runs a job that always fails until it has failed for good; when its attempts began. */
async function attempts(opts: JobOptions, backoffStrategy?: BackoffStrategy): Promise<number[]> {
  const queue = live.queue();
  const starts: number[] = [];
  live.worker(
    () => {
      starts.push(performance.now());
      throw new RangeError('again');
    },
    { ...slowSweep, ...(backoffStrategy ? { settings: { backoffStrategy } } : {}) },
  );
  const { id } = await queue.add('job', { deep: 1 }, opts);
  await until(async () => (await queue.getJobState(id)) === 'failed');
  expect((await queue.getJob(id))?.history).toHaveLength(starts.length);
  return starts;
}

function expectApart(starts: readonly number[], waits: readonly number[]): void {
  expect(starts).toHaveLength(waits.length + 1);
  for (const [n, wait] of waits.entries()) {
    const apart = starts[n + 1]! - starts[n]!;
    expect(apart).toBeGreaterThanOrEqual(wait - 1);
    expect(apart).toBeLessThan(wait + 600);
  }
}

test(
  'a list of waits: each in turn, the last one again and again',
  { tags: ['timing'] },
  async () => {
    expectApart(await attempts({ attempts: 5, backoff: [0, 40, 90] }), [0, 40, 90, 90]);
  },
);

test('a strategy is asked with attempts, type, error and job', { tags: ['timing'] }, async () => {
  const asked: unknown[] = [];
  const starts = await attempts(
    { attempts: 3, backoff: { type: 'stairs', delay: 7 } },
    (made, type, error, job) => {
      asked.push([made, type, error.message, error.name, job.data]);
      return made * 40;
    },
  );
  expectApart(starts, [40, 80]);
  expect(asked).toEqual([1, 2].map((n) => [n, 'stairs', 'again', 'RangeError', { deep: 1 }]));
});

test('a strategy may take its time', async () => {
  const starts = await attempts({ attempts: 2, backoff: { type: 'slow' } }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return 20;
  });
  expectApart(starts, [50]);
});

test.each([
  ['at once', (): number => -1],
  ['later', (): Promise<number> => Promise.resolve(-1)],
])('-1, told %s, fails the job whatever attempts are left', async (_, strategy) => {
  expect(await attempts({ attempts: 5, backoff: { type: 'never' } }, strategy)).toHaveLength(1);
});

const broken: [string, BackoffStrategy | undefined][] = [
  ['that throws', () => { throw new Error('no idea'); }], // prettier-ignore
  ['that rejects', () => Promise.reject(new Error('no idea'))],
  ['that answers NaN', () => Number.NaN],
  ['that answers with half a ms', () => 0.5],
  ['that is missing', undefined],
];

test.each(broken)('a strategy %s fails the job, and says so', async (_, strategy) => {
  const queue = live.queue();
  const settings = strategy ? { settings: { backoffStrategy: strategy } } : {};
  live.worker(
    (job) => {
      if (job.name === 'bad') throw new Error('attempt');
    },
    { ...slowSweep, ...settings },
  );
  const bad = await queue.add('bad', {}, { attempts: 5, backoff: { type: 'mine' } });
  const good = await queue.add('good', {});
  await until(async () => (await queue.getJobState(bad.id)) === 'failed');
  await until(async () => (await queue.getJobState(good.id)) === 'completed');
  const failed = await queue.getJob(bad.id);
  expect(failed?.failedReason).toMatch(/^attempt; .*could not be decided: backoff type mine: ./);
  expect(failed?.stacktrace[0]).toContain('backoff.test.ts');
});

/** A job that has failed, and whose strategy has been asked; it answers at `open`. */
async function undecided(queue: Queue) {
  const { opened, open } = gate<number>();
  let calls = 0;
  const worker = live.worker(
    () => {
      throw new Error('again');
    },
    {
      settings: {
        backoffStrategy: () => {
          calls += 1;
          return opened;
        },
      },
    },
  );
  const { id } = await queue.add('job', {}, { attempts: 3, backoff: { type: 'slow' } });
  await until(() => calls === 1);
  return { id, worker, open };
}

test('a worker that closes while a strategy is asked hands the job back', async () => {
  const queue = live.queue();
  const { id, worker, open } = await undecided(queue);
  await worker.close(true);
  open(0);
  expect(await queue.getJob(id)).toMatchObject({ attemptsMade: 0 });
  expect(await queue.getJobState(id)).toBe('waiting');
});

test('a job that is cancelled while a strategy is asked ends as cancelled', async () => {
  const queue = live.queue();
  const { id, open } = await undecided(queue);
  await queue.cancel(id);
  open(0);
  await until(async () => (await queue.getJobState(id)) === 'cancelled');
});
