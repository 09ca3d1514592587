// What a producer can do with its queue.
import { describe, expect, test } from 'vitest';
import { BulkError, QueueError } from '../../src/errors.js';
import type { Job } from '../../src/job.js';
import { Queue } from '../../src/queue.js';
import { gate, liveRedis, noJobs, pause, until } from '../helpers/live.js';

const live = liveRedis();

const unreachable = { code: 'JOB_NOT_FOUND' };

async function idsOf(queue: Queue, state: Parameters<Queue['getJobs']>[0]): Promise<string[]> {
  return (await queue.getJobs(state, { asc: true })).map(({ id }) => id);
}

describe('add', () => {
  test('stores the job as it was given', async () => {
    const queue = live.queue();
    const opts = { attempts: 3, backoff: { type: 'fixed' as const, delay: 5 }, lifo: true };
    const added = await queue.add('name', { a: [1] }, opts);
    expect(added).toMatchObject({ name: 'name', data: { a: [1] }, duplicate: false });
    const stored = await queue.getJob(added.id);
    expect(stored).toMatchObject({ id: added.id, name: 'name', data: { a: [1] }, opts });
    expect(stored?.timestamp).toBe(added.timestamp);
    expect(await stored?.getState()).toBe('waiting');
  });

  test('takes options from defaultJobOptions, those given first', async () => {
    const queue = live.queue({ defaultJobOptions: { attempts: 7, removeOnFail: true } });
    const job = await queue.add('job', {}, { attempts: 2 });
    expect((await queue.getJob(job.id))?.opts).toEqual({ attempts: 2, removeOnFail: true });
    expect(await queue.getJob('nobody')).toBeUndefined();
    expect(await queue.getJobState('nobody')).toBe('unknown');
  });

  test('of an id that exists adds nothing and returns the stored job, whatever its state', async () => {
    const queue = live.queue<string>();
    const { opened, open } = gate();
    const add = (jobId: string, data: string, opts = {}): ReturnType<typeof queue.add> =>
      queue.add('job', data, { jobId, ...opts });
    await add('delayed', 'first', { delay: 60_000 });
    await add('completed', 'first');
    const worker = live.worker<string>(
      (job) => {
        if (job.id === 'failed') throw new Error('no');
        return job.id === 'active' ? opened : undefined;
      },
      { concurrency: 2 },
    );
    await add('failed', 'first');
    await add('active', 'first');
    await until(async () => (await queue.getJobState('active')) === 'active');
    await until(async () => (await queue.getJobState('failed')) === 'failed');
    await worker.pause(true);
    await add('waiting', 'first');
    for (const state of ['waiting', 'delayed', 'completed', 'failed', 'active']) {
      const again = await add(state, 'second', state === 'waiting' ? { delay: 10 } : {});
      expect(again).toMatchObject({ id: state, data: 'first', duplicate: true });
      expect(await again.getState()).toBe(state);
    }
    open();
    await until(async () => (await queue.getJobState('active')) === 'completed');
  });

  test('of the same id twice at once stores one', async () => {
    const queue = live.queue<number>();
    const jobs = await Promise.all([1, 2, 3].map((n) => queue.add('job', n, { jobId: 'same' })));
    expect(jobs.map(({ duplicate, data }) => [duplicate, data])).toEqual([[false, 1], [true, 1], [true, 1]]); // prettier-ignore
    expect(await queue.getJobCounts()).toEqual({ ...noJobs, waiting: 1 });
  });

  test('refuses a record over 1 MiB, and takes one of just that', async () => {
    const queue = live.queue<string>();
    const large = { code: 'TOO_LARGE' };
    await expect(queue.add('job', 'x'.repeat(1024 * 1024))).rejects.toMatchObject(large);
    await expect(queue.add('job', 'ü'.repeat(600 * 1024))).rejects.toMatchObject(large);
    const data = 'x'.repeat(1024 * 1024 - 40);
    const { id } = await queue.add('job', data);
    expect((await queue.getJob(id))?.data).toBe(data);
    expect(await queue.getJobCounts()).toEqual({ ...noJobs, waiting: 1 });
  });

  test('refuses data that is no JSON', async () => {
    const queue = live.queue();
    const circle: unknown[] = [];
    circle.push(circle);
    await expect(queue.add('job', circle)).rejects.toThrow(TypeError);
    await expect(queue.add('job', 1n)).rejects.toThrow(
      /^data: expected what JSON can hold, got 1n$/,
    );
    expect(await queue.getJobCounts()).toEqual(noJobs);
  });

  test('rejects with BACKPRESSURE when too much waits to be sent, by number or by bytes', async () => {
    const few = live.queue({ maxPending: 3 });
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map((n) => few.add('job', n)));
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, false, false]); // prettier-ignore
    expect((results[4] as PromiseRejectedResult).reason).toMatchObject({ code: 'BACKPRESSURE' });
    const small = live.queue({ maxPendingBytes: 3_000 });
    const bytes = await Promise.allSettled(
      [1, 2, 3, 4].map(() => small.add('job', 'x'.repeat(900))),
    );
    expect(bytes.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, false]);
    await small.add('job', 'x'.repeat(9_000)); // alone, whatever its size
  });

  test(
    'a lone one goes at once, and a burst of 10,000 takes about 40 calls',
    { tags: ['timing'] },
    async () => {
      const queue = live.queue();
      await queue.add('warm', {});
      const started = performance.now();
      await queue.add('job', {});
      expect(performance.now() - started).toBeLessThan(50);
      const counts = await live.commandsOf(() =>
        Promise.all(Array.from({ length: 10_000 }, (_, n) => queue.add('job', { n }))),
      );
      console.log(`10,000 adds: ${counts.get('evalsha')} script calls`);
      expect(counts.get('evalsha')).toBeLessThanOrEqual(42);
      expect(await queue.getJobCounts()).toEqual({ ...noJobs, waiting: 10_002 });
    },
  );
});

describe('addBulk', () => {
  test('keeps the order, and may hold delayed ones', async () => {
    const queue = live.queue<number>();
    const jobs = Array.from({ length: 700 }, (_, n) => ({
      name: 'job',
      data: n,
      opts: n % 7 === 0 ? { delay: 60_000 + n } : {},
    }));
    const added = await queue.addBulk(jobs);
    expect(added.map(({ data }) => data)).toEqual(jobs.map(({ data }) => data));
    expect(await queue.getJobCounts()).toEqual({ ...noJobs, waiting: 600, delayed: 100 });
    const waiting = await queue.getJobs('waiting', { start: 0, end: 999, asc: true });
    expect(waiting.map(({ data }) => data)).toEqual(
      jobs.map(({ data }) => data).filter((n) => n % 7 !== 0),
    );
    const delayed = await queue.getJobs('delayed', { start: 2, end: 4, asc: true });
    expect(delayed.map(({ data }) => data)).toEqual([14, 21, 28]);
  });

  test('tells the outcome of each when some were not added', async () => {
    const queue = live.queue();
    const error = await queue
      .addBulk([
        { name: 'job', data: 1 },
        { name: 'job', data: 'x'.repeat(2e6) },
        { name: 'job', data: 3n },
        { name: 'job', data: 4, opts: { jobId: 'four' } },
      ])
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof BulkError)) throw error;
    expect(error.outcomes).toMatchObject([
      { job: { data: 1 } },
      { error: { code: 'TOO_LARGE' } },
      { error: expect.any(TypeError) as Error },
      { job: { id: 'four' } },
    ]);
    expect(await queue.getJobCounts()).toEqual({ ...noJobs, waiting: 2 });
  });

  test('adds none when an option of one is wrong; of none is none', async () => {
    const queue = live.queue();
    const bad = { name: 'job', data: {}, opts: { attempts: 0 } };
    await expect(queue.addBulk([{ name: 'job', data: {} }, bad])).rejects.toThrow(RangeError);
    expect(await queue.addBulk([])).toEqual([]);
    expect(await queue.getJobCounts()).toEqual(noJobs);
  });
});

describe('acting on jobs', () => {
  test('remove takes a job out of any state but active', async () => {
    const queue = live.queue();
    const { opened, open } = gate();
    await queue.add('job', {}, { jobId: 'delayed', delay: 60_000 });
    for (const jobId of ['completed', 'active', 'waiting']) await queue.add('job', {}, { jobId });
    live.worker((job) => (job.id === 'active' ? opened : undefined));
    await until(async () => (await queue.getJobState('active')) === 'active');
    await expect(queue.remove('active')).rejects.toMatchObject({ code: 'JOB_ACTIVE' });
    // It may have been claimed ahead, which ends within 50 ms.
    await until(async () => (await queue.getJobState('waiting')) === 'waiting');
    for (const id of ['delayed', 'completed', 'waiting']) {
      await queue.remove(id);
      expect(await queue.getJobState(id)).toBe('unknown');
      await expect(queue.remove(id)).rejects.toMatchObject(unreachable);
    }
    open();
    await until(async () => (await queue.getJobCounts()).completed === 1);
  });

  test('a removed id that is added again runs once, as it was added last', async () => {
    const queue = live.queue<number>();
    const ran: unknown[] = [];
    const worker = live.worker<number>((job) => void ran.push([job.id, job.data]), {
      autorun: false,
    });
    await queue.add('job', 1, { jobId: 'a' });
    await queue.add('job', 0, { jobId: 'b' });
    await queue.remove('a');
    await queue.add('job', 2, { jobId: 'a', delay: 60_000 });
    await worker.run({ burst: true });
    expect(ran).toEqual([['b', 0]]);
    await queue.remove('a');
    await queue.add('job', 3, { jobId: 'a' });
    await worker.run({ burst: true });
    expect(ran).toEqual([['b', 0], ['a', 3]]); // prettier-ignore
  });

  test('drain takes what waits, and what is delayed when asked', async () => {
    const queue = live.queue();
    await queue.addBulk(Array.from({ length: 600 }, () => ({ name: 'job', data: {} })));
    await queue.addBulk(Array.from({ length: 300 }, () => ({ name: 'job', data: {}, opts: { delay: 60_000 } }))); // prettier-ignore
    for (const { id } of await queue.getJobs('waiting', { start: 0, end: 9, asc: true }))
      await queue.remove(id);
    await queue.drain();
    expect(await queue.getJobCounts()).toEqual({ ...noJobs, delayed: 300 });
    await queue.drain(true);
    expect(await queue.getJobCounts()).toEqual(noJobs);
    const job = await queue.add('job', {});
    expect(await idsOf(queue, 'waiting')).toEqual([job.id]);
  });

  test('obliterate leaves nothing; not while jobs are active, unless forced', async () => {
    const queue = live.queue();
    const { opened, open } = gate();
    live.worker(() => opened);
    await queue.addBulk([
      { name: 'job', data: {} },
      { name: 'job', data: {} },
    ]);
    await until(async () => (await queue.getJobCounts()).active === 1);
    await expect(queue.obliterate()).rejects.toMatchObject({ code: 'JOB_ACTIVE' });
    await queue.obliterate({ force: true });
    expect(await queue.getJobCounts()).toEqual(noJobs);
    open();
  });

  test('getJobs tells the jobs of each state, by position', async () => {
    const queue = live.queue<number>();
    const jobs = await queue.addBulk([1, 2, 3, 4, 5].map((data) => ({ name: 'job', data })));
    const ids = jobs.map(({ id }) => id);
    expect(await idsOf(queue, 'waiting')).toEqual(ids);
    const range = await queue.getJobs('waiting', { start: 1, end: 2, asc: true });
    expect(range.map(({ data }) => data)).toEqual([2, 3]);
    expect(await queue.getJobs('waiting', { start: 9 })).toEqual([]);
    const { opened, open } = gate();
    live.worker<number>((job) => (job.data === 5 ? opened : undefined));
    await until(async () => (await queue.getJobCounts()).completed === 4);
    expect(await idsOf(queue, 'completed')).toEqual(ids.slice(0, 4));
    expect(await idsOf(queue, 'active')).toEqual(ids.slice(4));
    await expect(queue.getJobs('lost' as 'waiting')).rejects.toThrow(/state: expected one of/);
    open();
  });
});

test('close waits for adds under way; then nothing is added', async () => {
  const queue = live.queue();
  const adding = Promise.all(Array.from({ length: 500 }, () => queue.add('job', {})));
  await queue.close();
  expect(await adding).toHaveLength(500);
  await expect(queue.add('job', {})).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(queue.getJobCounts()).rejects.toBeInstanceOf(QueueError);
  expect(queue.close()).toBe(queue.close());
  const other = live.queue();
  expect(await other.getJobCounts()).toEqual({ ...noJobs, waiting: 500 });
  expect(await live.redis.exists(`lunaq:{${live.name}}:calls`)).toBe(0);
  await pause(0);
});

test.each<[string, (queue: Queue, job: Job) => Promise<unknown>, string]>([
  ['drain', (queue) => queue.drain({ delayed: false } as never), 'delayed'],
  ['obliterate', (queue) => queue.obliterate({ froce: true } as never), 'froce'],
  ['cancel', (queue, job) => queue.cancel(job.id, { reasn: 'x' } as never), 'reasn'],
  ['waitUntilFinished', (_, job) => job.waitUntilFinished({ ttl: 100 } as never), 'ttl'],
])('%s refuses what it does not know, and does nothing', async (_, misuse, option) => {
  const queue = live.queue();
  const job = await queue.add('one', 1, { delay: 60_000 });
  await expect(misuse(queue, job)).rejects.toThrow(new RegExp(`^${option}: expected`));
  expect(await job.getState()).toBe('delayed');
});

test('waiting until it is ready is possible, for who is used to it', async () => {
  await expect(live.queue().waitUntilReady()).resolves.toBeUndefined();
  await expect(live.worker(() => 1).waitUntilReady()).resolves.toBeUndefined();
});
