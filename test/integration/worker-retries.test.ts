// What follows a failed attempt, and what is kept of a finished job.
import { expect, test } from 'vitest';
import { UnrecoverableError } from '../../src/errors.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

test('a failed attempt is followed by another until attempts are used up', async () => {
  const queue = live.queue();
  const seen: number[] = [];
  const told: [number, string | undefined][] = [];
  live
    .worker((job) => {
      seen.push(job.attemptsMade);
      throw new Error(`attempt ${job.attemptsMade}`);
    })
    .on('failed', (job, error) => told.push([job!.attemptsMade, error.message]));
  const { id } = await queue.add('job', {}, { attempts: 3 });
  await until(async () => (await queue.getJobState(id)) === 'failed');
  await until(() => told.length === 3);
  expect(seen).toEqual([0, 1, 2]);
  expect(told).toEqual([[1, 'attempt 0'], [2, 'attempt 1'], [3, 'attempt 2']]); // prettier-ignore
  const job = await queue.getJob(id);
  expect(job).toMatchObject({ attemptsMade: 3, failedReason: 'attempt 2' });
  expect(job?.stacktrace).toHaveLength(3);
  expect(job?.stacktrace.map((stack) => stack.split('\n')[0])).toEqual(
    [0, 1, 2].map((n) => `Error: attempt ${n}`),
  );
  expect(job?.finishedOn).toBeGreaterThan(0);
});

test('a job that completes after failures tells how many runs it took, and forgets why they failed', async () => {
  const queue = live.queue();
  live.worker((job) => {
    if (job.attemptsMade < 2) throw new Error('not yet');
    return 'done';
  });
  const { id } = await queue.add('job', {}, { attempts: 5 });
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(await queue.getJob(id)).toMatchObject({
    attemptsMade: 3,
    returnvalue: 'done',
    failedReason: undefined,
  });
});

test.each([
  ['ms', 80, [80, 80]],
  ['fixed', { type: 'fixed', delay: 80 }, [80, 80]],
  ['exponential', { type: 'exponential', delay: 40 }, [40, 80]],
] as const)(
  'backoff in %s: attempts are that far apart',
  { tags: ['timing'] },
  async (_, backoff, waits) => {
    const queue = live.queue();
    const starts: number[] = [];
    live.worker(
      () => {
        starts.push(performance.now());
        throw new Error('again');
      },
      { stalledInterval: 5_000, lockDuration: 30_000 },
    );
    const { id } = await queue.add('job', {}, { attempts: 3, backoff });
    await until(async () => (await queue.getJobState(id)) === 'failed');
    for (const [n, wait] of waits.entries()) {
      const apart = starts[n + 1]! - starts[n]!;
      expect(apart).toBeGreaterThanOrEqual(wait - 1);
      expect(apart).toBeLessThan(wait + 600);
    }
  },
);

test('an UnrecoverableError, also of another copy of Lunaq, fails the job at once', async () => {
  const queue = live.queue();
  live.worker((job) => {
    if (job.name === 'own') throw new UnrecoverableError('never');
    throw Object.assign(new Error('never'), { name: 'UnrecoverableError' });
  });
  const own = await queue.add('own', {}, { attempts: 5 });
  const foreign = await queue.add('foreign', {}, { attempts: 5 });
  await until(async () => (await queue.getJobCounts()).failed === 2);
  for (const { id } of [own, foreign])
    expect(await queue.getJob(id)).toMatchObject({ attemptsMade: 1, failedReason: 'never' });
});

test('of 25 failed attempts the last ten stacks are kept, 4 KiB each', async () => {
  const queue = live.queue();
  live.worker(
    (job) => {
      const error = new Error(`attempt ${job.attemptsMade}`);
      error.stack = `attempt ${job.attemptsMade} ${'x'.repeat(100_000)}`;
      throw error;
    },
    { concurrency: 2 },
  );
  const { id } = await queue.add('job', {}, { attempts: 25 });
  await until(async () => (await queue.getJobState(id)) === 'failed');
  const { stacktrace = [] } = (await queue.getJob(id)) ?? {};
  expect(stacktrace).toHaveLength(10);
  expect(stacktrace[0]).toMatch(/^attempt 15 /);
  expect(stacktrace[9]).toMatch(/^attempt 24 /);
  expect(Math.max(...stacktrace.map((stack) => stack.length))).toBeLessThanOrEqual(4_096);
});

test('removeOnComplete and removeOnFail: the job is gone, the result still told', async () => {
  const queue = live.queue();
  const told: unknown[] = [];
  live
    .worker((job) => {
      if (job.name === 'bad') throw new Error('no');
      return 'result';
    })
    .on('completed', (job, result) => told.push([job.id, result]))
    .on('failed', (job, error) => told.push([job?.id, error.message, job?.attemptsMade]));
  const good = await queue.add('good', 'x'.repeat(2_000), { removeOnComplete: true });
  await until(() => told.length === 1);
  const bad = await queue.add('bad', {}, { removeOnFail: true, attempts: 2 });
  await until(() => told.length === 3);
  expect(told).toEqual([[good.id, 'result'], [bad.id, 'no', 1], [bad.id, 'no', 2]]); // prettier-ignore
  await until(async () => (await queue.getJobState(bad.id)) === 'unknown');
  expect(await queue.getJob(good.id)).toBeUndefined();
  expect(await live.violations()).toEqual([]);
});

test('a result that cannot be written fails the attempt, although it would not be kept: somebody may await it', async () => {
  const queue = live.queue();
  live.worker(() => 1n);
  const { id } = await queue.add('odd', {}, { removeOnComplete: true });
  await until(async () => (await queue.getJobState(id)) === 'failed');
  expect((await queue.getJob(id))?.failedReason).toMatch(/^returnvalue: .* got 1n$/);
});

test('retryJob runs a finished job again, its attempts and losses cleared', async () => {
  const queue = live.queue();
  let broken = true;
  live.worker((job) => {
    if (broken) throw new Error('broken');
    return job.attemptsMade;
  });
  const { id } = await queue.add('job', {}, { attempts: 2 });
  await until(async () => (await queue.getJobState(id)) === 'failed');
  broken = false;
  await queue.retryJob(id);
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(await queue.getJob(id)).toMatchObject({ returnvalue: 0, attemptsMade: 1 });
  await (await queue.getJob(id))!.retry();
  await until(async () => (await queue.getJob(id))?.returnvalue === 0);
  await expect(queue.retryJob('nobody')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});

test('a retry with lifo goes to the front again, one without behind the others', async () => {
  const queue = live.queue();
  const order: string[] = [];
  const worker = live.worker(
    (job) => {
      order.push(job.id);
      if (job.id.startsWith('again') && job.attemptsMade === 0) throw new Error('once');
    },
    { autorun: false },
  );
  await queue.add('job', {}, { jobId: 'again', attempts: 2 });
  await queue.add('job', {}, { jobId: 'a' });
  await queue.add('job', {}, { jobId: 'b' });
  await queue.add('job', {}, { jobId: 'again-lifo', attempts: 2, lifo: true });
  await worker.run({ burst: true });
  expect(order).toEqual(['again-lifo', 'again-lifo', 'again', 'a', 'b', 'again']);
  await pause(0);
});
