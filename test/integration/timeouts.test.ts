// Attempts that take longer than their job's `timeout`.
import { expect, test } from 'vitest';
import { JobTimeoutError, QueueError } from '../../src/errors.js';
import { gate, liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

/** Ends as soon as its signal fires. */
const obedient = (_job: unknown, _token: string, signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

const wrap =
  <A extends unknown[], R>(inner: (...args: A) => R) =>
  (...args: A): R =>
    inner(...args);

test('the signal fires, the attempt fails with a JobTimeoutError, and retries follow', async () => {
  const queue = live.queue();
  const reasons: unknown[] = [];
  const told: [string, number | undefined][] = [];
  live
    .worker((job, token, signal) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return obedient(job, token, signal);
    })
    .on('failed', (job, error) => told.push([error.name, job?.attemptsMade]));
  const started = performance.now();
  const { id } = await queue.add('job', {}, { timeout: 60, attempts: 3 });
  await until(async () => (await queue.getJobState(id)) === 'failed');
  await until(() => told.length === 3);
  expect(performance.now() - started).toBeGreaterThanOrEqual(3 * 59);
  expect(reasons.every((reason) => reason instanceof JobTimeoutError)).toBe(true);
  expect(told).toEqual([1, 2, 3].map((n) => ['JobTimeoutError', n]));
  const job = await queue.getJob(id);
  expect(job).toMatchObject({
    attemptsMade: 3,
    failedReason: 'the attempt took longer than 60 ms',
  });
  expect(job?.history).toHaveLength(3);
});

test('an attempt that is over in time is left alone', async () => {
  const queue = live.queue();
  let fired = 0;
  live.worker(async (_job, _token, signal) => {
    signal.addEventListener('abort', () => (fired += 1));
    await pause(20);
    return 'in time';
  });
  const { id } = await queue.add('job', {}, { timeout: 100 });
  await until(async () => (await queue.getJobState(id)) === 'completed');
  await pause(120);
  expect(fired).toBe(0);
  expect((await queue.getJob(id))?.returnvalue).toBe('in time');
});

test('what a handler returns after its time is over counts no more, though within its grace', async () => {
  const queue = live.queue();
  const completed: string[] = [];
  live
    .worker(
      async () => {
        await pause(100);
        return 'too late';
      },
      { stopTimeout: 2_000 },
    )
    .on('completed', (job) => completed.push(job.id));
  const { id } = await queue.add('job', {}, { timeout: 40 });
  await until(async () => (await queue.getJobState(id)) === 'failed');
  expect(completed).toEqual([]);
  expect(live.errors).toEqual([]);
});

test('time-outs at the moment in which handlers end settle each job once and free each slot once', async () => {
  const queue = live.queue();
  let running = 0;
  let most = 0;
  const ends = new Map<string, number>();
  const count = (id: string | undefined): void => void ends.set(id!, (ends.get(id!) ?? 0) + 1);
  const worker = live.worker(
    async (_job, _token, signal) => {
      running += 1;
      most = Math.max(most, running);
      await pause(5);
      running -= 1;
      signal.throwIfAborted();
    },
    { concurrency: 10, stopTimeout: 1_000 },
  );
  worker.on('completed', ({ id }) => count(id)).on('failed', (job) => count(job?.id));
  const jobs = await queue.addBulk(
    Array.from({ length: 200 }, () => ({ name: 'job', data: {}, opts: { timeout: 5 } })),
  );
  await until(() => ends.size === 200);
  expect([...ends.values()].every((times) => times === 1)).toBe(true);
  expect(most).toBe(10);
  const { completed, failed } = await queue.getJobCounts();
  expect(completed + failed).toBe(jobs.length);
  // All slots are free again.
  const release = gate();
  let held = 0;
  await worker.close();
  live.worker(() => ((held += 1), release.opened), { concurrency: 10 });
  await queue.addBulk(jobs.map(() => ({ name: 'job', data: {} })));
  await until(() => held === 10);
  release.open();
});

test('a handler that ignores its signal is reported, and its slot is free after stopTimeout', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  const order: string[] = [];
  const ends: string[] = [];
  const worker = live.worker(
    (job) => {
      order.push(job.name);
      return job.name === 'stuck' ? opened : undefined;
    },
    { stopTimeout: 100 },
  );
  worker
    .on('completed', (job) => ends.push(`${job.name} completed`))
    .on('failed', (job) => ends.push(`${job?.name} failed`));
  const stuck = await queue.add('stuck', {}, { timeout: 50 });
  await queue.add('next', {});
  const started = performance.now();
  await until(() => order.includes('next'));
  expect(performance.now() - started).toBeGreaterThan(100);
  expect(await queue.getJobState(stuck.id)).toBe('failed');
  const [error, ...others] = live.errors as QueueError[];
  expect(error).toMatchObject({ code: 'HANDLER_STUCK', ids: [stuck.id] });
  expect(error?.cause).toBeInstanceOf(JobTimeoutError);
  expect(others).toEqual([]);
  // Its end, at last, changes nothing: neither the job nor the number of slots.
  open();
  await pause(20);
  const release = gate();
  let held = 0;
  worker.on('active', () => (held += 1));
  await queue.addBulk(Array.from({ length: 3 }, () => ({ name: 'stuck', data: {} })));
  await until(async () => (await queue.getJobCounts()).completed === 4);
  release.open();
  expect(held).toBe(3);
  expect(ends.filter((end) => end === 'stuck failed')).toHaveLength(1);
});

test('a given up attempt is retried while its handler runs on', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  let calls = 0;
  live.worker(
    () => {
      calls += 1;
      return calls === 1 ? opened.then(() => 'first') : 'second';
    },
    { stopTimeout: 30 },
  );
  const { id } = await queue.add('job', {}, { timeout: 30, attempts: 2 });
  await until(async () => (await queue.getJobState(id)) === 'completed');
  open();
  await pause(20);
  expect(await queue.getJob(id)).toMatchObject({ returnvalue: 'second', attemptsMade: 2 });
});

test('while a worker closes, attempts still time out', { tags: ['timing'] }, async () => {
  const queue = live.queue();
  let began = 0;
  const worker = live.worker(
    (job, token, signal) => {
      began += 1;
      return obedient(job, token, signal);
    },
    { closeTimeout: 10_000 },
  );
  const { id } = await queue.add('job', {}, { timeout: 150 });
  await until(() => began === 1);
  const started = performance.now();
  await worker.close();
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(await queue.getJobState(id)).toBe('failed');
});

test('a close that is over before the time-out hands the job back, and no time-out fires later', async () => {
  const queue = live.queue();
  const reasons: string[] = [];
  let began = 0;
  const worker = live.worker((_job, _token, signal) => {
    began += 1;
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        reasons.push((signal.reason as Error).name);
        setTimeout(resolve, 150);
      });
    });
  });
  const { id } = await queue.add('job', {}, { timeout: 100, attempts: 3 });
  await until(() => began === 1);
  await worker.close(true);
  expect(await queue.getJob(id)).toMatchObject({ attemptsMade: 0 });
  await pause(200);
  expect(reasons).toEqual(['LeaseLostError']);
  expect(await queue.getJobState(id)).toBe('waiting');
  expect(live.errors).toEqual([]);
});

test('a handler of one argument, or in a wrapper, times out as well', async () => {
  const queue = live.queue();
  const aborted: string[] = [];
  live.worker(
    wrap((job: { name: string }, token: string, signal: AbortSignal) => {
      signal.addEventListener('abort', () => aborted.push(job.name));
      return obedient(job, token, signal);
    }),
  );
  const { id } = await queue.add('wrapped', {}, { timeout: 40 });
  await until(async () => (await queue.getJobState(id)) === 'failed');
  expect(aborted).toEqual(['wrapped']);
});
