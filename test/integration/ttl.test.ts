// A job that has not started by the end of its ttl fails as expired, and never runs.
import { describe, expect, test } from 'vitest';
import { Stage } from '../helpers/dag.js';
import { liveRedis, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

/** Sweeps come too late to be what a test sees. */
const unswept = { stalledInterval: 60_000 };

test.each([
  ['waiting', { ttl: 30 }],
  ['delayed', { ttl: 30, delay: 60_000 }],
  ['delayed until after the end', { ttl: 30, delay: 40 }],
  ['at the head', { ttl: 30, lifo: true }],
])('a job that is %s at the end fails as expired', async (_, opts) => {
  const queue = live.queue();
  const ran: string[] = [];
  await queue.add('job', {}, { jobId: 'a', attempts: 5, ...opts });
  await pause(50);
  const failed: [string | undefined, string][] = [];
  const worker = live.worker((job) => void ran.push(job.id), quick);
  worker.on('failed', (job, error) => failed.push([job?.id, error.message]));
  await until(async () => (await queue.getJobState('a')) === 'failed');
  expect(await queue.getJob('a')).toMatchObject({ failedReason: 'expired', attemptsMade: 0 });
  await until(() => failed.length > 0);
  expect(failed).toEqual([['a', 'expired']]);
  expect(ran).toEqual([]);
});

test('it never runs although no sweep comes: the claim that would take it fails it', async () => {
  const queue = live.queue();
  const ran: string[] = [];
  // The period is taken: nobody sweeps in this test.
  live.worker((job) => void ran.push(job.id), unswept);
  await queue.add('job', {}, { jobId: 'first' });
  await until(() => ran.length === 1);
  await queue.pause();
  await queue.add('job', {}, { jobId: 'late', ttl: 20 });
  await queue.add('job', {}, { jobId: 'in-time', ttl: 60_000 });
  await queue.add('job', {}, { jobId: 'free' });
  await pause(30);
  await queue.resume();
  await until(() => ran.length === 3, 4_000);
  await until(async () => (await queue.getJobState('late')) === 'failed', 4_000);
  expect(ran).toEqual(['first', 'in-time', 'free']);
});

test('of 3,000 jobs half have expired: the others run, no half holds up the other', async () => {
  const queue = live.queue<number>();
  const ran: number[] = [];
  await queue.addBulk(
    Array.from({ length: 3_000 }, (_, n) => ({
      name: 'job',
      data: n,
      opts: n % 2 === 0 ? { ttl: 1 } : { ttl: 60_000 },
    })),
  );
  await pause(5);
  live.worker<number>((job) => void ran.push(job.data), { concurrency: 50, ...unswept });
  await until(async () => {
    const counts = await queue.getJobCounts();
    return counts.completed === 1_500 && counts.failed === 1_500;
  });
  expect(ran.every((n) => n % 2 === 1)).toBe(true);
});

test('it ends with the first start: a retry may come later', async () => {
  const queue = live.queue();
  const starts: number[] = [];
  live.worker(() => {
    starts.push(Date.now());
    if (starts.length === 1) throw new Error('first');
  }, quick);
  const job = await queue.add('job', {}, { ttl: 150, attempts: 2, backoff: 250 });
  await until(async () => (await job.getState()) === 'completed');
  expect(starts).toHaveLength(2);
});

test('it does not end with a hand-back: a job that did not start still expires', async () => {
  const queue = live.queue();
  const ran: string[] = [];
  const job = await queue.add('job', {}, { ttl: 60_000 });
  const expiring = `lunaq:{${live.name}}:expiring`;
  expect(await live.redis.zscore(expiring, job.id)).not.toBeNull();
  live.worker((one) => void ran.push(one.id));
  await until(async () => (await job.getState()) === 'completed');
  expect(await live.redis.exists(expiring)).toBe(0);
});

test('a removed id that is added again without one runs, once', async () => {
  const queue = live.queue<number>();
  const ran: number[] = [];
  await queue.add('job', 1, { jobId: 'a', ttl: 20 });
  await queue.remove('a');
  await queue.add('job', 2, { jobId: 'a' });
  await pause(30);
  live.worker<number>((job) => void ran.push(job.data), quick);
  await until(async () => (await queue.getJobState('a')) === 'completed');
  await pause(200);
  expect(ran).toEqual([2]);
  expect(await queue.getJobState('a')).toBe('completed');
});

test('an expired id that is removed and added again runs once', async () => {
  const queue = live.queue<number>();
  const ran: number[] = [];
  await queue.add('job', 1, { jobId: 'a', ttl: 10 });
  await pause(15);
  live.worker<number>((job) => void ran.push(job.data), quick);
  await until(async () => (await queue.getJobState('a')) === 'failed');
  expect((await queue.add('job', 2, { jobId: 'a' })).duplicate).toBe(true);
  await queue.remove('a');
  await queue.add('job', 3, { jobId: 'a', ttl: 60_000 });
  await until(async () => (await queue.getJobState('a')) === 'completed');
  expect(ran).toEqual([3]);
});

test('an expired job that is put back runs, whenever that is', async () => {
  const queue = live.queue();
  await queue.add('job', {}, { jobId: 'a', ttl: 10 });
  await pause(15);
  live.worker(() => 'ran', quick);
  await until(async () => (await queue.getJobState('a')) === 'failed');
  await queue.retryJob('a');
  await until(async () => (await queue.getJobState('a')) === 'completed');
});

test('an expired job that is not to be kept goes', async () => {
  const queue = live.queue();
  await queue.add('job', {}, { jobId: 'a', ttl: 10, removeOnFail: true });
  await pause(15);
  live.worker(() => undefined, quick);
  await until(async () => (await queue.getJobState('a')) === 'unknown');
});

describe('with dependencies', () => {
  test.each([
    ['fail', 'failed'],
    ['run', 'completed'],
    ['wait', 'deferred'],
  ] as const)('the children of an expired job follow their policy: %s', async (onParentFailure, state) => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent', 'complete', { ttl: 20 });
    await stage.child('child', { onParentFailure });
    await pause(25);
    stage.work(['parent', 'child'], quick);
    await stage.reaches('parent', 'parent', 'failed');
    await stage.reaches('child', 'child', state);
    expect(stage.ran).toEqual(state === 'completed' ? ['child'] : []);
  }); // prettier-ignore

  test('a deferred job expires, tells its own dependents, and leaves no edge', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    await stage.child('child', { ttl: 20 });
    await stage.add('grand', 'grandchild', 'complete', { dependsOn: { queue: stage.nameOf('child'), id: 'child' } }); // prettier-ignore
    await pause(25);
    stage.work(['child'], quick);
    await stage.reaches('child', 'child', 'failed');
    await stage.reaches('grand', 'grandchild', 'failed');
    expect(await stage.reasonOf('child', 'child')).toBe('expired');
    expect(await live.redis.exists(`lunaq:{${stage.nameOf('child')}}:awaiting`)).toBe(0);
    stage.work(['parent'], quick);
    await stage.reaches('parent', 'parent', 'completed');
    await pause(50);
    expect(stage.ran).toEqual(['parent']);
  });

  test('the time that a child waits for its parents counts', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    await stage.child('child', { ttl: 60 });
    await stage.queue('child').pause();
    stage.work(['parent', 'child'], { stalledInterval: 60_000 });
    await stage.reaches('child', 'child', 'waiting');
    await pause(80);
    await stage.queue('child').resume();
    await stage.reaches('child', 'child', 'failed');
    expect(await stage.reasonOf('child', 'child')).toBe('expired');
    expect(stage.ran).toEqual(['parent']);
  });
});

test('a ttl in seconds by mistake expires early, but one in the past or fractions are refused', async () => {
  const queue = live.queue();
  for (const ttl of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    await expect(queue.add('job', {}, { ttl })).rejects.toThrow(/^ttl: expected a whole number/);
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 0 });
});

test('negative delays, and dates in the place of a delay, are told apart', async () => {
  const queue = live.queue();
  await expect(queue.add('job', {}, { delay: -1 })).rejects.toThrow(/^delay: .*got -1/);
  await expect(queue.add('job', {}, { delay: new Date() as unknown as number })).rejects.toThrow(/^delay: expected a number/); // prettier-ignore
  await expect(queue.add('job', {}, { delay: Date.now() })).rejects.toThrow(
    /^delay: expected a whole number from 0 to/,
  );
});
