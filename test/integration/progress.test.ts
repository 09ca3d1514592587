// Progress: what handlers and others tell of jobs, who hears of it, what is refused.
import { describe, expect, test } from 'vitest';
import type { Job, JobProgress } from '../../src/index.js';
import { gate, liveRedis, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();

test('a handler tells how far it is, and others read it while it runs and afterwards', async () => {
  const queue = live.queue();
  const told = gate();
  const end = gate();
  live.worker(async (job) => {
    expect(job.progress).toBe(0);
    await job.updateProgress({ done: 3, of: 10 });
    expect(job.progress).toEqual({ done: 3, of: 10 });
    told.open();
    await end.opened;
    await job.updateProgress(100);
  });
  const { id } = await queue.add('job', 1);
  await told.opened;
  expect(await queue.getJob(id)).toMatchObject({ progress: { done: 3, of: 10 } });
  end.open();
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(await queue.getJob(id)).toMatchObject({ progress: 100 });
});

test('a job that has told none has 0', async () => {
  const queue = live.queue();
  const other = await queue.add('other', 1);
  await other.updateProgress(5);
  const { id } = await queue.add('job', 1);
  expect(await queue.getJob(id)).toMatchObject({ progress: 0 });
});

test.each<JobProgress>([
  0,
  -1.5,
  false,
  true,
  '',
  'half\tway\n"there"',
  '\ud800 alone',
  '{}',
  [],
  {},
  [1, [2, { three: null }]],
  { __proto: 1, 'a\u0000b': '\u2028' },
])('%j is told as it is', async (progress) => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  await job.updateProgress(progress);
  expect(job.progress).toEqual(progress);
  expect((await queue.getJob(job.id))?.progress).toEqual(progress);
});

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

test.each<[string, unknown, RegExp]>([
  ['null', null, /^progress: expected .*, got null/],
  ['undefined', undefined, /^progress: expected .*, got undefined/],
  ['NaN', Number.NaN, /^progress: expected a finite number, got NaN/],
  ['Infinity', Infinity, /^progress: expected a finite number/],
  ['a BigInt', 5n, /^progress: expected .*, got 5/],
  ['a function', () => 1, /^progress: expected what JSON can hold/],
  ['a symbol', Symbol('x'), /^progress: expected what JSON can hold/],
  ['a cycle', cyclic, /^progress: can't be written as JSON/],
  ['a BigInt inside', { n: 5n }, /^progress.n: expected what JSON can hold, got 5/],
  ['an object that becomes nothing', { toJSON: () => undefined }, /^progress: expected what JSON/],
])('%s is refused, and nothing changes', async (_, progress, message) => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  await job.updateProgress(7);
  const error = (await rejection(job.updateProgress(progress as JobProgress))) as Error;
  expect(error.message).toMatch(message);
  expect(error.name).toMatch(/^(Type|Range)Error$/);
  expect(job.progress).toBe(7);
  expect(await queue.getJob(job.id)).toMatchObject({ progress: 7 });
});

test('more than 64 KiB is too large, 64 KiB are not', async () => {
  const job = await live.queue().add('job', 1);
  await job.updateProgress('x'.repeat(64 * 1024 - 2));
  await expect(job.updateProgress('x'.repeat(64 * 1024 - 1))).rejects.toMatchObject({
    code: 'TOO_LARGE',
  });
  await expect(job.updateProgress('ü'.repeat(32 * 1024))).rejects.toMatchObject({
    code: 'TOO_LARGE',
  });
});

test('a hundred values of one handler that waits for none arrive in order', async () => {
  const queue = live.queue();
  const heard: JobProgress[] = [];
  const worker = live.worker(
    async (job) => {
      const tellings = Array.from({ length: 100 }, (_, n) => job.updateProgress(n + 1));
      expect(job.progress).toBe(100);
      await Promise.all(tellings);
    },
    { autorun: false },
  );
  worker.on('progress', (_, progress) => heard.push(progress));
  const { id } = await queue.add('job', 1);
  await worker.run({ burst: true });
  expect(await queue.getJob(id)).toMatchObject({ progress: 100, failedReason: undefined });
  expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
});

test('a hundred handlers at once share calls, and none hears of another', async () => {
  const queue = live.queue<number>();
  const all = gate();
  let running = 0;
  const worker = live.worker<number>(
    async (job) => {
      running += 1;
      if (running === 100) all.open();
      await all.opened;
      await job.updateProgress(job.data);
      await job.log(`${job.data}`);
      await job.updateMeta({ n: job.data });
    },
    { autorun: false, concurrency: 100 },
  );
  const added = await queue.addBulk(
    Array.from({ length: 100 }, (_, n) => ({ name: 'job', data: n })),
  );
  await live.redis.config('RESETSTAT');
  await worker.run({ burst: true });
  for (const { id, data } of added) {
    expect(await queue.getJob(id)).toMatchObject({ progress: data, meta: { n: data } });
    expect(await queue.getJobLogs(id)).toEqual({ logs: [`${data}`], count: 1 });
  }
});

test('many at once travel in few calls', async () => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  await job.updateProgress(1);
  const commands = await live.commandsOf(async () => {
    await Promise.all(Array.from({ length: 200 }, (_, n) => job.updateProgress(n)));
  });
  expect(commands.get('evalsha')).toBe(1);
});

describe('who may tell', () => {
  test('a job that was looked up while it runs stands for its handler', async () => {
    const queue = live.queue();
    const end = gate();
    live.worker(() => end.opened);
    const added = await queue.add('job', 1);
    await until(async () => (await added.getState()) === 'active');
    const active = await queue.getJob(added.id);
    await active?.updateProgress(5);
    expect(await queue.getJob(added.id)).toMatchObject({ progress: 5 });
    end.open();
  });

  test('one that was added or looked up before may not, while it runs', async () => {
    const queue = live.queue();
    const end = gate();
    const added = await queue.add('job', 1);
    await added.updateProgress(1);
    live.worker(() => end.opened);
    await until(async () => (await added.getState()) === 'active');
    await expect(added.updateProgress(2)).rejects.toMatchObject({
      code: 'JOB_ACTIVE',
      ids: [added.id],
    });
    end.open();
    await until(async () => (await added.getState()) === 'completed');
    await added.updateProgress(3);
    expect(await queue.getJob(added.id)).toMatchObject({ progress: 3 });
  });

  test('nobody, of a job that is gone', async () => {
    const queue = live.queue();
    const job = await queue.add('job', 1);
    await job.remove();
    await expect(job.updateProgress(2)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await expect(job.log('x')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await expect(job.updateMeta({})).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await expect(job.updateData(1)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  test('a handler whose attempt is over may not', async () => {
    const queue = live.queue();
    let job: Job | undefined;
    const worker = live.worker(
      (running) => {
        job = running;
      },
      { autorun: false },
    );
    await queue.add('job', 1);
    await worker.run({ burst: true });
    expect(await rejection(Promise.resolve(job?.updateProgress(1)))).toMatchObject({
      name: 'LeaseLostError',
    });
  });

  test('a handler that was asked to stop may, until it has', async () => {
    const queue = live.queue();
    const noted = gate();
    live.worker(async (job, _, signal) => {
      await new Promise<void>((resolve) => {
        signal?.addEventListener('abort', () => resolve());
      });
      await job.updateProgress('cleaning up');
      noted.open();
    });
    const job = await queue.add('job', 1);
    await until(async () => (await job.getState()) === 'active');
    await job.cancel();
    await noted.opened;
    await until(async () => (await job.getState()) !== 'active');
    expect(await queue.getJob(job.id)).toMatchObject({ progress: 'cleaning up' });
  });
});

test('the next run begins at 0; what the last one told stays to be read until then', async () => {
  const queue = live.queue();
  const begun: unknown[] = [];
  const worker = live.worker(
    async (job) => {
      begun.push(job.progress);
      if (begun.length > 1) return;
      await job.updateProgress(50);
      throw new Error('wrong');
    },
    { autorun: false },
  );
  const job = await queue.add('job', 1);
  await worker.run({ burst: true });
  expect(await queue.getJob(job.id)).toMatchObject({ progress: 50 });
  await job.retry();
  expect(await queue.getJob(job.id)).toMatchObject({ progress: 50 });
  await worker.run({ burst: true });
  expect(begun).toEqual([0, 0]);
});

test('a job that goes takes what was noted on it along', async () => {
  const queue = live.queue();
  const worker = live.worker(
    async (job) => {
      await Promise.all([job.updateProgress(1), job.log('x'), job.updateMeta({ by: 'me' })]);
    },
    { autorun: false },
  );
  await queue.add('job', 'x'.repeat(2_000), { removeOnComplete: true });
  const stays = await queue.add('job', 1);
  await worker.run({ burst: true });
  await stays.remove();
  await queue.close();
  await worker.close();
  const keys = await live.redis.keys(`lunaq:{${live.name}}:*`);
  expect(keys.map((key) => key.split(':')[2])).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(jobs|traits|progress|logs|calls)$/)]),
  );
});
