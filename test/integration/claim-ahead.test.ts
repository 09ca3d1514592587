// Jobs that a worker claims before it can start them: full batches for short handlers, nothing kept from an idle worker.
import { expect, test } from 'vitest';
import { gate, liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

const numbered = (count: number): { name: string; data: number }[] =>
  Array.from({ length: count }, (_, index) => ({ name: 'job', data: index }));

async function scriptCalls(): Promise<number> {
  return Number(
    /cmdstat_evalsha:calls=(\d+)/.exec(await live.redis.info('commandstats'))?.[1] ?? 0,
  );
}

test(
  'at concurrency 1 short jobs start in order, one at a time, many to a call',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue<number>({ defaultJobOptions: { removeOnComplete: true } });
    await queue.addBulk(numbered(5_000));
    const before = await scriptCalls();
    const started: number[] = [];
    let running = 0;
    let most = 0;
    const worker = live.worker<number>(async (job) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      started.push(job.data);
      running -= 1;
    });
    await until(async () => (await live.redis.hlen(`lunaq:{${live.name}}:jobs`)) === 0, 10_000);
    expect(started).toEqual(numbered(5_000).map(({ data }) => data));
    expect(most).toBe(1);
    // Two calls a job without claiming ahead.
    expect((await scriptCalls()) - before).toBeLessThan(2_000);
    await worker.close();
  },
);

test(
  'jobs claimed ahead of a long one are handed back, and start on an idle worker, in order, within a moment',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue<number>();
    const release = gate();
    const long = 2_000;
    let began = 0;
    live.worker<number>(async (job) => {
      if (job.data !== long) return;
      began = performance.now();
      await release.opened;
    });
    await queue.addBulk(numbered(4_000));
    await until(() => began > 0, 10_000);
    const others: number[] = [];
    let waited = 0;
    live.worker<number>(async (job) => {
      if (job.data === long + 1) waited = performance.now() - began;
      others.push(job.data);
      await Promise.resolve();
    });
    await until(() => others.length === 1_999, 10_000);
    console.log(
      `handed back and started elsewhere ${waited.toFixed(1)} ms after the long job began`,
    );
    const rest = numbered(4_000)
      .map(({ data }) => data)
      .slice(long + 1);
    expect(others.toSorted((a, b) => a - b)).toEqual(rest);
    const returned = others.indexOf(long + 1);
    expect(others.slice(returned, returned + 3)).toEqual([long + 1, long + 2, long + 3]);
    expect(waited).toBeLessThan(500);
    await until(async () => (await queue.getJobCounts()).completed === 3_999);
    expect(await queue.getJobCounts()).toMatchObject({ active: 1, waiting: 0 });
    release.open();
    await until(async () => (await queue.getJobCounts()).completed === 4_000);
  },
);

test('a handler that takes long has nothing claimed ahead of it', async () => {
  const queue = live.queue<number>();
  await queue.addBulk(numbered(40));
  const held: number[] = [];
  live.worker<number>(async () => {
    await pause(30);
    held.push(await live.redis.hlen(`lunaq:{${live.name}}:active`));
  });
  await until(() => held.length === 10, 10_000);
  expect(Math.max(...held)).toBe(1);
});

test('close and pause hand back what was claimed ahead, without an attempt or a loss', async () => {
  const queue = live.queue<number>();
  const release = gate();
  const seen: number[] = [];
  const worker = live.worker<number>(async (job) => {
    seen.push(job.data);
    if (job.data === 1_500) await release.opened;
  });
  await queue.addBulk(numbered(3_000));
  await until(() => seen.at(-1) === 1_500, 10_000);
  const paused = worker.pause();
  release.open();
  await paused;
  await until(async () => (await queue.getJobCounts()).active === 0);
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 1_499, completed: 1_501 });
  expect(
    await live.redis.exists(`lunaq:{${live.name}}:stalls`, `lunaq:{${live.name}}:attempts`),
  ).toBe(0);
  worker.resume();
  await until(() => seen.length === 3_000, 10_000);
  expect(seen).toEqual(numbered(3_000).map(({ data }) => data));
});

test('a job whose ttl ends while it is claimed ahead never starts', async () => {
  const queue = live.queue<number>();
  const ttl = 600;
  const jobs = numbered(1_600).map((job) => (job.data < 1_000 ? job : { ...job, opts: { ttl } }));
  await queue.addBulk(jobs);
  const over = performance.now() + ttl;
  const late: number[] = [];
  const failed: string[] = [];
  live
    .worker<number>((job) => {
      if (job.data >= 1_000) late.push(job.data);
      // Blocks the event loop, so that those behind it can't be handed back in time.
      if (job.data === 999) while (performance.now() < over + 20);
    })
    .on('failed', (_job, error) => failed.push(error.message));
  await until(async () => (await queue.getJobCounts()).completed === 1_000, 10_000);
  await until(async () => (await queue.getJobCounts()).failed === 600, 10_000);
  expect(late).toEqual([]);
  await until(() => failed.length === 600);
  expect(new Set(failed)).toEqual(new Set(['expired']));
});
