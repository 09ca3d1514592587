// Looking at jobs by position, and where they stand.
import { describe, expect, test } from 'vitest';
import type { Queue } from '../../src/queue.js';
import { gate, liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

const bulk = (count: number, opts = {}) =>
  Array.from({ length: count }, (_, data) => ({ name: 'job', data, opts }));
const dataOf = (jobs: readonly { data: unknown }[]) => jobs.map(({ data }) => data);
/** Writes something that is no record in the place of a job's. */
const spoil = (queue: Queue<number>, id: string) =>
  live.redis.hset(`lunaq:{${queue.name}}:jobs`, id, '["half');

describe('getJobs', () => {
  test('gives the newest first, or with asc what runs first, by position', async () => {
    const queue = live.queue<number>();
    await queue.addBulk(bulk(150));
    const newest = Array.from({ length: 150 }, (_, i) => 149 - i);
    expect(dataOf(await queue.getJobs('waiting'))).toEqual(newest.slice(0, 100));
    expect(dataOf(await queue.getJobs(['waiting'], 148, 200))).toEqual([1, 0]);
    expect(dataOf(await queue.getJobs('waiting', 0, 1, true))).toEqual([0, 1]);
    expect(dataOf(await queue.getJobs('wait', { start: 2, end: 2 }))).toEqual([147]);
    expect(dataOf(await queue.getJobs('waiting', { end: -1, asc: true }))).toEqual(
      newest.toReversed(),
    );
    expect(await queue.getJobs('waiting', 150)).toEqual([]);
    expect(dataOf(await queue.getWaiting(0, 2))).toEqual([0, 1, 2]);
  });

  test('takes several states, a range of each, and all by default', async () => {
    const queue = live.queue<number>();
    const parent = await queue.add('job', 0);
    await queue.add('job', 1, { delay: 60_000 });
    await queue.add('job', 2, { delay: 30_000 });
    await queue.add('job', 3, { dependsOn: parent });
    await queue.add('job', 4);
    expect(dataOf(await queue.getJobs())).toEqual([4, 0, 1, 2, 3]);
    expect(dataOf(await queue.getJobs([]))).toEqual([4, 0, 1, 2, 3]);
    expect(dataOf(await queue.getJobs(['delayed', 'wait'], 0, 0))).toEqual([1, 4]);
    expect(dataOf(await queue.getJobs(['waiting-children', 'deferred']))).toEqual([3]);
    expect(dataOf(await queue.getDelayed())).toEqual([2, 1]);
  });

  test('reads finished jobs from the newest on, and active ones', async () => {
    const queue = live.queue<number>();
    const { opened, open } = gate();
    await queue.addBulk(bulk(3));
    live.worker<number>(async ({ data }) => {
      if (data === 1) throw new Error('no');
      if (data === 2) await opened;
    });
    await until(async () => (await queue.getJobCountByTypes('completed', 'failed')) === 2);
    await until(async () => (await queue.getJobCounts()).active === 1);
    expect(dataOf(await queue.getActive())).toEqual([2]);
    open();
    await until(async () => (await queue.getJobCounts()).completed === 2);
    expect(dataOf(await queue.getCompleted())).toEqual([2, 0]);
    expect(dataOf(await queue.getCompleted(1, 1))).toEqual([0]);
    expect(dataOf(await queue.getFailed())).toEqual([1]);
  });

  test('to the end takes as many calls as it needs', async () => {
    const queue = live.queue<number>();
    await queue.addBulk(bulk(2_500));
    expect(dataOf(await queue.getJobs('waiting', 0, -1))).toEqual(
      Array.from({ length: 2_500 }, (_, i) => 2_499 - i),
    );
    const ids = await queue.getJobIds('waiting', { end: -1, asc: true });
    expect(new Set(ids).size).toBe(2_500);
  });

  test('leaves out what can’t be read, and tells it', async () => {
    const queue = live.queue<number>();
    const [, bad] = await queue.addBulk(bulk(3));
    await spoil(queue, bad?.id ?? '');
    expect(dataOf(await queue.getJobs('waiting'))).toEqual([2, 0]);
    expect(live.errors).toMatchObject([{ code: 'UNREADABLE', ids: [bad?.id] }]);
    await expect(queue.getJob(bad?.id ?? '')).rejects.toMatchObject({ code: 'UNREADABLE' });
    expect(await queue.getJobIds('waiting')).toContain(bad?.id);
  });

  test('leaves out jobs that were removed, whose entries keep their positions', async () => {
    const queue = live.queue<number>();
    const jobs = await queue.addBulk(bulk(5));
    for (const job of jobs.slice(1, 4)) await job.remove();
    expect(dataOf(await queue.getJobs('waiting', { asc: true }))).toEqual([0, 4]);
    expect(dataOf(await queue.getJobs('waiting', { start: 1, end: 4, asc: true }))).toEqual([4]);
    expect(await queue.getJobIds('waiting')).toEqual([jobs[4]?.id, jobs[0]?.id]);
  });

  test.each<[string, (queue: Queue) => unknown, RegExp]>([
    [
      'no state',
      (q) => q.getJobs('lost' as 'waiting'),
      /^state: expected one of waiting, .*"lost"/,
    ],
    ['a state of objects', (q) => q.getJobs('constructor' as 'waiting'), /^state: expected one of/],
    ['no text', (q) => q.getJobs([1] as never), /^state: expected one of .* got 1/],
    ['null', (q) => q.getJobs(null as never), /^state: expected one of/],
    ['a start of text', (q) => q.getJobs('waiting', '0' as never), /^start: expected a number or/],
    ['a start of null', (q) => q.getJobs('waiting', null as never), /^start: expected a number or/],
    ['a negative start', (q) => q.getJobs('waiting', -1), /^start: expected a whole number from 0/],
    ['no number', (q) => q.getJobs('waiting', Number.NaN), /^start: expected a whole number/],
    ['a fraction', (q) => q.getJobs('waiting', 0, 0.5), /^end: expected a whole number/],
    ['an end before it', (q) => q.getJobs('waiting', 5, 4), /^end: expected a whole number from 5/],
    ['an end of -2', (q) => q.getJobs('waiting', { end: -2 }), /^end: expected a whole number/],
    ['an order of text', (q) => q.getJobs('waiting', 0, 1, 'yes' as never), /^asc: expected true/],
    ['other options', (q) => q.getJobs('waiting', { stop: 9 } as never), /^stop: expected one of/],
    ['ids of no state', (q) => q.getJobIds('lost' as 'waiting'), /^state: expected one of/],
    ['ids of many', (q) => q.getJobIds(['waiting'] as never), /^state: expected one of/],
    ['counts of no state', (q) => q.getJobCounts('lost' as 'waiting'), /^state: expected one of/],
    ['a position of no id', (q) => q.getJobPosition(7 as never), /^id: expected a string/],
  ])('refuses %s', async (_, ask, message) => {
    const queue = live.queue();
    await expect(Promise.resolve(ask(queue))).rejects.toThrow(message);
    await expect(Promise.resolve(ask(queue))).rejects.toBeInstanceOf(Error);
  });
});

test('counts are of all states, or of those asked for, by the words they were asked by', async () => {
  const queue = live.queue<number>();
  await queue.addBulk([...bulk(3), ...bulk(2, { delay: 60_000 })]);
  expect(await queue.getJobCounts()).toEqual({
    waiting: 3,
    delayed: 2,
    deferred: 0,
    active: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  });
  expect(await queue.getJobCounts('wait', 'delayed')).toEqual({ wait: 3, delayed: 2 });
  expect(await queue.getJobCountByTypes('waiting', 'delayed', 'delayed')).toBe(5);
  expect(await queue.getJobCountByTypes('failed')).toBe(0);
  expect(await queue.count()).toBe(5);
});

describe('the position of a job', () => {
  test('is how many wait before it, wherever it stands among many', async () => {
    const queue = live.queue<number>();
    const jobs = await queue.addBulk(bulk(5_100));
    for (const at of [0, 1, 1_999, 2_000, 2_550, 5_000, 5_099])
      expect(await jobs[at]?.getPosition()).toBe(at);
    const first = await queue.add('job', 0, { lifo: true });
    expect(await first.getPosition()).toBe(0);
    expect(await queue.getJobPosition(jobs[2_550]?.id ?? '')).toBe(2_551);
  });

  test('is undefined for one that does not wait', async () => {
    const queue = live.queue<number>();
    const later = await queue.add('job', 1, { delay: 60_000 });
    expect(await later.getPosition()).toBeUndefined();
    expect(await queue.getJobPosition('nobody')).toBeUndefined();
    const job = await queue.add('job', 2);
    await job.cancel();
    expect(await job.getPosition()).toBeUndefined();
  });
});

/** A record of a job that was added so many ms ago. */
const ago = (id: string, ms: number) => `["job",${JSON.stringify(id)},${Date.now() - ms}]`;

/** Makes jobs so old. */
async function write(queue: Queue, ages: Record<string, number>): Promise<void> {
  for (const [id, ms] of Object.entries(ages))
    await live.redis.hset(`lunaq:{${queue.name}}:jobs`, id, ago(id, ms));
}

describe('the oldest waiting job', () => {
  test('is told with its age', async () => {
    const queue = live.queue();
    expect(await queue.getOldestWaiting()).toBeUndefined();
    await queue.add('job', 1, { jobId: 'a' });
    await queue.add('job', 2, { jobId: 'b' });
    await write(queue, { a: 60_000, b: 30_000 });
    const oldest = await queue.getOldestWaiting();
    expect(oldest).toMatchObject({ id: 'a', name: 'job' });
    expect(oldest?.age).toBeGreaterThanOrEqual(59_000);
    expect(oldest?.age).toBeLessThan(70_000);
  });

  test('of lifo jobs is the last', async () => {
    const queue = live.queue();
    for (const jobId of ['a', 'b', 'c']) await queue.add('job', 1, { jobId, lifo: true });
    await write(queue, { a: 60_000, b: 30_000, c: 1_000 });
    expect(await queue.getOldestWaiting()).toMatchObject({ id: 'a' });
  });

  test('has waited since its delay was over', async () => {
    const queue = live.queue();
    await queue.add('job', 1, { jobId: 'late', delay: 10 });
    await until(async () => (await queue.getJobCounts('delayed')).delayed === 1);
    const worker = live.worker(() => 1, { autorun: false });
    await queue.pause();
    void worker.run();
    await until(async () => (await queue.getJobCounts('waiting')).waiting === 1);
    const { age = -1 } = (await queue.getOldestWaiting()) ?? {};
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(5_000);
  });

  test('is found behind thousands of removed ones', async () => {
    const queue = live.queue<number>();
    const jobs = await queue.addBulk(bulk(2_300));
    await queue.clean(0, 2_200, 'waiting');
    expect(await queue.getOldestWaiting()).toMatchObject({ id: jobs[2_200]?.id });
  });

  test('is not one that can’t be read, which is told', async () => {
    const queue = live.queue<number>();
    const [bad, next] = await queue.addBulk(bulk(3));
    await spoil(queue, bad?.id ?? '');
    expect(await queue.getOldestWaiting()).toMatchObject({ id: next?.id });
    expect(live.errors[0]).toMatchObject({ code: 'UNREADABLE', ids: [bad?.id] });
  });
});
