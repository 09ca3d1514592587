// Handlers that put their job off: another time, no attempt burnt.
import { expect, test } from 'vitest';
import { DelayedError } from '../../src/errors.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

test('a DelayedError puts the job off by its delay, and burns no attempt', async () => {
  const queue = live.queue();
  const starts: [at: number, attempts: number][] = [];
  const failed: unknown[] = [];
  live
    .worker(
      (job) => {
        starts.push([performance.now(), job.attemptsMade]);
        if (starts.length < 4) throw new DelayedError(60);
        return 'at last';
      },
      { stalledInterval: 5_000 },
    )
    .on('failed', (job) => failed.push(job?.id));
  const { id } = await queue.add('job', {}, { attempts: 1 });
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(starts.map(([, attempts]) => attempts)).toEqual([0, 0, 0, 0]);
  for (let n = 1; n < 4; n += 1)
    expect(starts[n]![0] - starts[n - 1]![0]).toBeGreaterThanOrEqual(59);
  expect(failed).toEqual([]);
  expect(await queue.getJob(id)).toMatchObject({ attemptsMade: 1, returnvalue: 'at last' });
});

test('meanwhile the job is delayed, and tells of no failure', async () => {
  const queue = live.queue();
  live.worker(() => {
    throw new DelayedError(60_000);
  });
  const { id } = await queue.add('job', {});
  await until(async () => (await queue.getJobState(id)) === 'delayed');
  expect(await queue.getJob(id)).toMatchObject({ failedReason: undefined, history: [] });
});

test("BullMQ's form: moveToDelayed, then an error of that name without a time", async () => {
  const queue = live.queue();
  const starts: number[] = [];
  live.worker(
    async (job, token) => {
      starts.push(Date.now());
      if (starts.length > 1) return;
      await job.moveToDelayed(Date.now() + 150, token);
      throw Object.assign(new Error('moved'), { name: 'DelayedError' });
    },
    { stalledInterval: 5_000 },
  );
  const { id } = await queue.add('job', {});
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(starts[1]! - starts[0]!).toBeGreaterThanOrEqual(149);
});

test('a delay of 0, or a time that has passed, puts it behind those that wait', async () => {
  const queue = live.queue();
  const order: string[] = [];
  const worker = live.worker(
    async (job) => {
      order.push(job.name);
      if (order.length === 1) throw new DelayedError(0);
      if (order.length !== 2) return;
      await job.moveToDelayed(Date.now() - 1_000);
      throw new DelayedError();
    },
    { autorun: false },
  );
  await queue.addBulk(['a', 'b', 'c'].map((name) => ({ name, data: {} })));
  await worker.run({ burst: true });
  expect(order).toEqual(['a', 'b', 'c', 'a', 'b']);
});

test('without any time it is put off by a second', async () => {
  const queue = live.queue();
  live.worker(() => {
    throw new DelayedError();
  });
  const { id } = await queue.add('job', {});
  await until(async () => (await queue.getJobState(id)) === 'delayed');
  const due = Number(await live.redis.zscore(`lunaq:{${live.name}}:delayed`, id));
  expect(due - Date.now()).toBeGreaterThan(500);
  expect(due - Date.now()).toBeLessThan(1_100);
});

test.each([[-1], [1.5], [Number.NaN]])('new DelayedError(%s) is refused', (delay) => {
  expect(() => new DelayedError(delay)).toThrow(/delay: expected a whole number from 0/);
});
