// The ways in which a worker ends.
import { expect, test } from 'vitest';
import { LeaseLostError } from '../../src/errors.js';
import { gate, liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;

test('close lets handlers finish, claims nothing more, and leaves no lease', async () => {
  const queue = live.queue();
  const signals: boolean[] = [];
  let began = 0;
  const worker = live.worker(
    async (_job, _token, signal) => {
      began += 1;
      await pause(150);
      signals.push(signal.aborted);
    },
    { concurrency: 2 },
  );
  await queue.addBulk(Array.from({ length: 4 }, () => ({ name: 'job', data: {} })));
  await until(() => began === 2);
  await worker.close();
  expect(signals).toEqual([false, false]);
  expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 2, waiting: 2 });
  expect(await live.redis.exists(key('leases'), key('held'))).toBe(0);
  expect(await live.redis.hkeys(key('calls'))).toEqual([expect.stringMatching(/:enqueue$/)]);
  expect(worker.isRunning()).toBe(false);
});

test(
  'after closeTimeout the signal fires, jobs go back to the head in order, and no attempt is burnt',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const reasons: unknown[] = [];
    let began = 0;
    const worker = live.worker(
      (_job, _token, signal) =>
        new Promise((_, reject) => {
          began += 1;
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(signal.reason as Error);
          });
        }),
      { concurrency: 4, closeTimeout: 100 },
    );
    const jobs = await queue.addBulk(
      Array.from({ length: 6 }, () => ({ name: 'job', data: {}, opts: { attempts: 3 } })),
    );
    await until(() => began === 4);
    const failed: unknown[] = [];
    worker.on('failed', (job) => failed.push(job));
    const started = performance.now();
    await worker.close();
    expect(performance.now() - started).toBeLessThan(600);
    const waiting = await queue.getJobs('waiting', { asc: true });
    expect(waiting.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
    expect(waiting.every(({ attemptsMade }) => attemptsMade === 0)).toBe(true);
    expect(reasons).toHaveLength(4);
    expect(reasons[0]).toBeInstanceOf(LeaseLostError);
    expect(failed).toEqual([]);
  },
);

test('a handler that takes its arguments as a list sees its signal, too', async () => {
  const queue = live.queue();
  let began = false;
  let aborted = false;
  const inner = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      began = true;
      signal.addEventListener('abort', () => {
        aborted = true;
        resolve();
      });
    });
  const worker = live.worker((...args) => inner(args[2]));
  await queue.add('job', {});
  await until(() => began);
  await worker.close(true);
  await pause(10);
  expect(aborted).toBe(true);
});

test(
  'close(true) hands back at once, also more jobs than fit one call, in order',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const { opened, open } = gate();
    const worker = live.worker(() => opened, { concurrency: 600, lockDuration: 5_000 });
    const jobs = await queue.addBulk(
      Array.from({ length: 650 }, () => ({ name: 'job', data: {} })),
    );
    await until(async () => (await queue.getJobCounts()).active === 600);
    const started = performance.now();
    await worker.close(true);
    expect(performance.now() - started).toBeLessThan(500);
    open();
    const waiting = await queue.getJobs('waiting', { start: 0, end: 1_000, asc: true });
    expect(waiting).toHaveLength(650);
    expect(waiting.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
  },
);

test('close(true) while close waits ends it at once', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  const worker = live.worker(() => opened, { closeTimeout: 60_000 });
  const job = await queue.add('job', {});
  await until(async () => (await job.getState()) === 'active');
  const gentle = worker.close();
  await pause(50);
  await worker.close(true);
  await gentle;
  expect(await job.getState()).toBe('waiting');
  open();
});

test('what a handler ends with after it was given up counts no more, and harms nobody', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  let began = false;
  const worker = live.worker(() => {
    began = true;
    return opened.then(() => 'zombie');
  });
  const job = await queue.add('job', {});
  await until(() => began);
  const told: unknown[] = [];
  worker.on('completed', (done) => told.push(done.id)).on('failed', (lost) => told.push(lost?.id));
  await worker.close(true);
  live.worker(() => 'rightful');
  await until(async () => (await job.getState()) === 'completed');
  open();
  await pause(50);
  expect((await queue.getJob(job.id))?.returnvalue).toBe('rightful');
  expect(told).toEqual([]);
});

test('an idle worker closes within 200 ms, time after time', { tags: ['timing'] }, async () => {
  live.queue();
  const times: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    const worker = live.worker(() => undefined, { stalledInterval: 10_000, lockDuration: 30_000 });
    await pause(round % 3 === 0 ? 0 : 3 * round);
    const started = performance.now();
    await worker.close();
    times.push(performance.now() - started);
    expect(worker.close()).toBe(worker.close());
  }
  console.log(`idle close: slowest ${Math.max(...times).toFixed(0)} ms`);
  expect(Math.max(...times)).toBeLessThan(200);
  expect(await live.redis.exists(key('leases'))).toBe(0);
});

test(
  'an idle worker that shares its block with others closes fast, and the others go on',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const workers = Array.from({ length: 5 }, () =>
      live.worker(() => undefined, { stalledInterval: 10_000 }),
    );
    await until(async () => /cmd=blpop/.test((await live.redis.client('LIST')) as string));
    for (const worker of workers.slice(0, 4)) {
      const started = performance.now();
      await worker.close();
      expect(performance.now() - started).toBeLessThan(200);
    }
    const started = performance.now();
    const job = await queue.add('job', {});
    await until(async () => (await job.getState()) === 'completed');
    expect(performance.now() - started).toBeLessThan(500);
  },
);

test('a worker that never ran closes; one closed at once leaves nothing', async () => {
  await live.worker(() => undefined, { autorun: false }).close();
  await live.worker(() => undefined).close();
  expect(await live.redis.exists(key('leases'))).toBe(0);
});

test('jobs added while a worker closes are not lost to it', async () => {
  const queue = live.queue();
  const others: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    const closing = live.worker(() => pause(1), { stalledInterval: 10_000 });
    await pause(round);
    const added = Promise.all([queue.add('job', {}), queue.add('job', {})]);
    await closing.close();
    for (const { id } of await added) others.push(id);
  }
  live.worker(() => undefined, { concurrency: 10 });
  await until(async () => (await queue.getJobCounts()).completed === others.length);
});

test('a worker that closes tells the dependents of what has just ended', async () => {
  const queue = live.queue();
  const children = live.queue({ name: `${live.name}-children` });
  const { opened, open } = gate();
  let began = false;
  const worker = live.worker(
    () => {
      began = true;
      return opened;
    },
    { stalledInterval: 10_000 },
  );
  const parent = await queue.add('parent', {});
  await children.addBulk(
    Array.from({ length: 600 }, () => ({ name: 'child', data: {}, opts: { dependsOn: parent } })),
  );
  await until(() => began);
  const closing = worker.close();
  open();
  await closing;
  expect(await children.getJobCounts()).toMatchObject({ waiting: 600, deferred: 0 });
});
