// A bound for the jobs of a queue that have not started, decided by the scripts that add.
import { expect, test } from 'vitest';
import { BulkError } from '../../src/errors.js';
import { gate, liveRedis, until } from '../helpers/live.js';

const live = liveRedis();
const full = { code: 'QUEUE_FULL' };
const idsOf = (count: number) => Array.from({ length: count }, (_, n) => `job-${n}`);

test('adds beyond it are refused, typed, and taken again when jobs have started', async () => {
  const queue = live.queue({ maxLength: 3 });
  await queue.add('job', {}, { jobId: 'waits' });
  await queue.add('job', {}, { jobId: 'delayed', delay: 60_000 });
  await queue.add('job', {}, { jobId: 'deferred', dependsOn: 'delayed' });
  for (const opts of [{}, { delay: 60_000 }, { dependsOn: 'waits' }])
    await expect(queue.add('job', {}, { ...opts, jobId: 'one-more' })).rejects.toMatchObject({
      ...full,
      ids: ['one-more'],
      message: expect.stringMatching(/holds 3 jobs or more that have not started/) as string,
    });
  expect(await queue.getJobState('one-more')).toBe('unknown');
  expect(await queue.has('one-more')).toBe(false);
  expect(await queue.add('job', {}, { jobId: 'waits' })).toMatchObject({ duplicate: true });

  const { opened, open } = gate();
  live.worker(() => opened);
  await until(async () => (await queue.getJobState('waits')) === 'active');
  expect(await queue.add('job', {}, { jobId: 'one-more' })).toMatchObject({ duplicate: false });
  open();
  await until(async () => (await queue.getJobCounts()).completed === 2);
  await queue.add('job', {});
});

test('of many added at once exactly as many are taken, each answered for itself', async () => {
  const queue = live.queue({ maxLength: 700 });
  const ids = idsOf(1_000);
  const adds = await Promise.allSettled(ids.map((jobId) => queue.add('job', {}, { jobId })));
  const refused = adds.filter((add) => add.status === 'rejected');
  expect(refused).toHaveLength(300);
  for (const { reason } of refused) expect(reason).toMatchObject(full);
  expect(await queue.count()).toBe(700);
  const stored = await queue.hasMany(ids);
  expect(stored).toEqual(adds.map(({ status }) => status === 'fulfilled'));
});

test('addBulk tells which of its jobs found no room', async () => {
  const queue = live.queue({ maxLength: 2 });
  const jobs = idsOf(4).map((jobId) => ({ name: 'job', data: {}, opts: { jobId } }));
  const error = await queue.addBulk(jobs).catch((thrown: unknown) => thrown as BulkError);
  expect(error).toBeInstanceOf(BulkError);
  expect((error as BulkError).outcomes).toMatchObject([
    { job: { id: 'job-0' } },
    { job: { id: 'job-1' } },
    { error: full },
    { error: full },
  ]);
});

test('jobs that come back are never refused: handed back, retried, put back', async () => {
  const queue = live.queue({ maxLength: 1 });
  await queue.add('job', {}, { jobId: 'first', attempts: 2 });
  const worker = live.worker(() => Promise.reject(new Error('once')), { autorun: false });
  const running = worker.run({ burst: true });
  await running;
  await queue.add('job', {}, { jobId: 'second' });
  await queue.retryJob('first');
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 2 });
  await expect(queue.add('job', {})).rejects.toMatchObject(full);
});

test('without the option there is no bound, whatever others were given', async () => {
  const bounded = live.queue({ maxLength: 1 });
  await bounded.add('job', {});
  const other = live.queue();
  await other.addBulk(idsOf(300).map((name) => ({ name, data: {} })));
  await expect(bounded.add('job', {})).rejects.toMatchObject(full);
  expect(await other.count()).toBe(301);
});
