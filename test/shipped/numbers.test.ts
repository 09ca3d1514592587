// Numbers that mean something else than they say: seconds for ms, a point of time for a wait, more than a timer takes.
import { expect, test } from 'vitest';
import type { JobOptions } from '../../src/job-options.js';
import { DelayedError } from '../../src/errors.js';
import { Worker } from '../../src/worker.js';
import type { WorkerOptions } from '../../src/options.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

const seconds = Math.floor(Date.now() / 1_000);

test('a point of time in seconds is refused wherever one in ms is expected, and the option is named', async () => {
  const queue = live.queue();
  const refused = (option: string): RegExp =>
    new RegExp(`^${option}: expected ms since 1970, got ${seconds}, as if in seconds$`);
  await expect(queue.retryJobs({ timestamp: seconds })).rejects.toThrow(refused('timestamp'));
  await expect(queue.getCounters({ from: seconds })).rejects.toThrow(refused('from'));
  await expect(queue.getCounters({ to: seconds })).rejects.toThrow(refused('to'));
  const job = await queue.add('job', {});
  expect(() => job.moveToDelayed(seconds)).toThrow(refused('timestamp'));
  expect(() => job.moveToDelayed(seconds)).toThrow(RangeError);
});

test('a handler that puts its job off until a time in seconds fails, and does not run again and again', async () => {
  const queue = live.queue();
  let runs = 0;
  live.worker(async (job) => {
    runs += 1;
    await job.moveToDelayed(seconds + 3_600);
    throw new DelayedError();
  });
  const { id } = await queue.add('job', {});
  await until(async () => (await queue.getJobState(id)) === 'failed');
  expect(runs).toBe(1);
  expect((await queue.getJob(id))?.failedReason).toMatch(/^timestamp: expected ms since 1970/);
});

const waits: [option: string, options: (wait: number) => JobOptions][] = [
  ['delay', (delay) => ({ delay })],
  ['ttl', (ttl) => ({ ttl })],
  ['timeout', (timeout) => ({ timeout })],
  ['backoff', (backoff) => ({ backoff })],
  ['backoff', (wait) => ({ backoff: [5, wait] })],
  ['backoff.delay', (delay) => ({ backoff: { type: 'fixed', delay } })],
  ['removeOnComplete.age', (age) => ({ removeOnComplete: { age } })],
  ['removeOnFail.age', (age) => ({ removeOnFail: { age } })],
];

test.each(waits)('%s: a point of time, or a negative number, is refused', async (option, options) => {
  const queue = live.queue();
  for (const wait of [Date.now() + 60_000, -1, -5_000, -seconds]) {
    const added = queue.add('job', {}, options(wait));
    await expect(added).rejects.toThrow(RangeError);
    await expect(queue.addBulk([{ name: 'job', data: {}, opts: options(wait) }])).rejects.toThrow(
      new RegExp(`^${option}: expected a whole number from [01] to \\d+, got ${wait}$`),
    );
  }
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 0, delayed: 0 });
}); // prettier-ignore

test('a DelayedError takes no point of time, clean no negative age', async () => {
  expect(() => new DelayedError(Date.now() + 5_000)).toThrow(/^delay: expected a whole number/);
  await expect(live.queue().clean(Date.now(), 0)).rejects.toThrow(/^grace: expected a whole/);
  await expect(live.queue().clean(-1, 0)).rejects.toThrow(/^grace: .*got -1/);
});

test.each(['lockDuration', 'stalledInterval', 'closeTimeout', 'stopTimeout', 'maxBlockedTime'])(
  '%s: more than a timer takes would fire at once, and is refused',
  (option) => {
    const options: WorkerOptions = { connection: live.as('worker'), autorun: false };
    const make = (): unknown => new Worker('q', () => 1, { ...options, [option]: 2 ** 31 });
    expect(make).toThrow(new RegExp(`^${option}: expected a whole number .*, got 2147483648$`));
  },
);

test('a delay of 25 days, more than a timer takes, starts nothing before its time', async () => {
  const queue = live.queue();
  const started: string[] = [];
  live.worker((job) => void started.push(job.id), { stalledInterval: 2 ** 31 - 1 });
  await queue.add('far', {}, { jobId: 'far', delay: 25 * 24 * 3_600_000 });
  await queue.add('near', {}, { jobId: 'near', delay: 100 });
  await until(() => started.length > 0);
  expect(started).toEqual(['near']);
  expect(await queue.getJobState('far')).toBe('delayed');
});
