// What jobs return, how their attempts went, and waiting for them.
import { describe, expect, test } from 'vitest';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { JobCancelledError, JobFailedError } from '../../src/errors.js';
import { gate, liveRedis, pause, quick, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();

describe('return values', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['0', 0],
    ['false', false],
    ['empty text', ''],
    ['an object', { a: [1, { b: '\t\n' }], n: 1e21 }],
    ['just under 1 MiB', 'x'.repeat(1024 * 1024 - 60)],
  ])('%s comes back as it was', async (_, value) => {
    const queue = live.queue<null>();
    live.worker(() => value);
    const job = await queue.add('job', null);
    expect(await job.waitUntilFinished({ timeout: 5_000 })).toEqual(value);
    const stored = await queue.getJob(job.id);
    expect(stored?.returnvalue).toEqual(value);
    expect(stored?.attemptsMade).toBe(1);
    expect(stored?.finishedOn).toBeGreaterThanOrEqual(stored?.processedOn ?? Number.NaN);
  });

  test('over 1 MiB fails the job, and says so', async () => {
    const queue = live.queue();
    live.worker(() => 'x'.repeat(1024 * 1024));
    const job = await queue.add('job', null);
    await expect(job.waitUntilFinished({ timeout: 5_000 })).rejects.toThrow(/1048\d+ bytes/);
    expect(await job.getState()).toBe('failed');
  });

  test('that are no JSON fail the job', async () => {
    const queue = live.queue();
    live.worker(() => 1n);
    const job = await queue.add('job', null);
    await expect(job.waitUntilFinished({ timeout: 5_000 })).rejects.toThrow(JobFailedError);
  });

  test('the history tells each failed attempt, the newest first, also when the job has completed', async () => {
    const queue = live.queue();
    let runs = 0;
    live.worker(() => {
      runs += 1;
      if (runs < 3) throw new Error(`attempt ${runs}`);
      return 'third';
    });
    const job = await queue.add('job', null, { attempts: 5, backoff: 1 });
    expect(await job.waitUntilFinished({ timeout: 5_000 })).toBe('third');
    const stored = await queue.getJob(job.id);
    expect(stored).toMatchObject({
      attemptsMade: 3,
      returnvalue: 'third',
      failedReason: undefined,
    });
    expect(stored?.history.map(({ failedReason }) => failedReason)).toEqual(['attempt 2', 'attempt 1']); // prettier-ignore
    for (const { stack, processedOn, finishedOn } of stored?.history ?? []) {
      expect(stack).toContain('attempt');
      expect(finishedOn).toBeGreaterThanOrEqual(processedOn ?? Number.NaN);
    }
    expect(stored?.stacktrace[0]).toContain('attempt 1');
  });

  test('of twelve failed attempts the newest ten stay', async () => {
    const queue = live.queue();
    let runs = 0;
    live.worker(() => {
      runs += 1;
      throw new Error(`attempt ${runs}`);
    });
    const job = await queue.add('job', null, { attempts: 12 });
    await expect(job.waitUntilFinished({ timeout: 5_000 })).rejects.toThrow('attempt 12');
    const stored = await queue.getJob(job.id);
    expect(stored?.attemptsMade).toBe(12);
    expect(stored?.history).toHaveLength(10);
    expect(stored?.history.at(-1)?.failedReason).toBe('attempt 3');
  });
});

describe('waitUntilFinished', () => {
  test(
    'of a job that has finished already answers at once, whatever its end',
    { tags: ['timing'] },
    async () => {
      const queue = live.queue<string, string>();
      live.worker<string, string>((job) => {
        if (job.data === 'fail') throw new Error('why');
        return 'result';
      });
      const good = await queue.add('job', 'good');
      const bad = await queue.add('job', 'fail');
      const cancelled = await queue.add('job', 'x', { delay: 60_000 });
      await cancelled.cancel({ reason: 'not needed' });
      await until(async () => (await bad.getState()) === 'failed');
      await until(async () => (await good.getState()) === 'completed');
      const started = performance.now();
      expect(await good.waitUntilFinished()).toBe('result');
      await expect(bad.waitUntilFinished()).rejects.toThrow(new JobFailedError('why'));
      await expect(cancelled.waitUntilFinished()).rejects.toThrow(new JobCancelledError('not needed')); // prettier-ignore
      expect(performance.now() - started).toBeLessThan(1_000);
    },
  );

  test('of a job that finishes at this very moment answers at once (300 times)', async () => {
    const queue = live.queue<number, number>();
    live.worker<number, number>((job) => job.data);
    for (let n = 0; n < 300; n += 1) {
      const job = await queue.add('job', n);
      for (let turn = n % 7; turn > 0; turn -= 1) await new Promise(setImmediate);
      expect(await job.waitUntilFinished({ timeout: 1_000 })).toBe(n);
    }
  });

  test.each([true, { age: 0 }, { count: 0 }])('answers although the job is not to be kept: %j', async (keep) => {
    const queue = live.queue<null, string>();
    const { opened, open } = gate();
    live.worker(async () => {
      await opened;
      return 'result';
    });
    const job = await queue.add('job', null, { removeOnComplete: keep });
    const awaited = job.waitUntilFinished({ timeout: 5_000 });
    await until(async () => (await live.redis.hget(`lunaq:{${live.name}}:watched`, job.id)) === 'awaited'); // prettier-ignore
    open();
    expect(await awaited).toBe('result');
    const due = Number(await live.redis.zscore(`lunaq:{${live.name}}:evicting`, job.id));
    expect(due - Date.now()).toBeGreaterThan(50_000);
    expect(due - Date.now()).toBeLessThan(61_000);
  }); // prettier-ignore

  test('of a job cancelled while it runs rejects with JobCancelledError', async () => {
    const queue = live.queue();
    live.worker(async (_job, _token, signal) => {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }, quick);
    const job = await queue.add('job', null);
    await until(async () => (await job.getState()) === 'active');
    const awaited = rejection(job.waitUntilFinished()); // prettier-ignore
    await job.cancel({ reason: 'stop it' });
    expect(await awaited).toEqual(new JobCancelledError('stop it'));
  });

  test('rejects with WAIT_TIMEOUT when its time is over, and the job goes on', async () => {
    const queue = live.queue();
    const job = await queue.add('job', null);
    for (const timeout of [0, 20])
      await expect(job.waitUntilFinished({ timeout })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', ids: [job.id] }); // prettier-ignore
    expect(await job.getState()).toBe('waiting');
    live.worker(() => 'done');
    expect(await job.waitUntilFinished({ timeout: 5_000 })).toBe('done');
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 31, '5'])('refuses a timeout of %s', async (timeout) => {
    const job = await live.queue().add('job', null);
    await expect(job.waitUntilFinished({ timeout: timeout as number })).rejects.toThrow(
      /^timeout: /,
    );
  });

  test(
    'rejects with JOB_NOT_FOUND when the job is removed meanwhile, and when it is not there',
    { tags: ['timing'] },
    async () => {
      const queue = live.queue();
      const job = await queue.add('job', null);
      const awaited = rejection(job.waitUntilFinished()); // prettier-ignore
      await until(async () => (await live.redis.exists(`lunaq:{${live.name}}:watched`)) === 1);
      const started = performance.now();
      await job.remove();
      expect(await awaited).toMatchObject({ code: 'JOB_NOT_FOUND' });
      expect(performance.now() - started).toBeLessThan(1_000);
      await expect(job.waitUntilFinished()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    },
  );

  test('of a job that was evicted meanwhile rejects with JOB_NOT_FOUND', async () => {
    const queue = live.queue<null, string>();
    const worker = live.worker(() => 'result');
    const job = await queue.add('job', null, { removeOnComplete: true });
    await until(async () => (await job.getState()) === 'unknown');
    await expect(job.waitUntilFinished()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await worker.close();
  });

  test('rejects with CLOSED when the queue is closed, before and after', async () => {
    const queue = live.queue();
    const job = await queue.add('job', null);
    const awaited = rejection(job.waitUntilFinished());
    await pause(20);
    await queue.close();
    expect(await awaited).toMatchObject({ code: 'CLOSED' });
    await expect(job.waitUntilFinished({ timeout: 3_000 })).rejects.toMatchObject({
      code: 'CLOSED',
    });
  });

  test('a closed queue tells those that began to wait at this very moment', async () => {
    const queue = live.queue();
    const job = await queue.add('job', null);
    const awaited = rejection(job.waitUntilFinished({ timeout: 3_000 })); // prettier-ignore
    await queue.close();
    expect(await awaited).toMatchObject({ code: 'CLOSED' });
  });

  test("takes BullMQ's form, and an object of its own", async () => {
    const queue = live.queue<null, string>();
    const queueEvents = live.track(new QueueEvents(live.name, { connection: live.as('observer') }));
    const job = await queue.add('job', null);
    await expect(job.waitUntilFinished(queueEvents, 20)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' }); // prettier-ignore
    live.worker(() => 'result');
    expect(await job.waitUntilFinished(queueEvents)).toBe('result');
    expect(await job.waitUntilFinished(undefined, 5_000)).toBe('result');
  });

  test('of 1,000 jobs at once answers each, in few calls', { tags: ['timing'] }, async () => {
    const queue = live.queue<number, number>();
    const jobs = await queue.addBulk(Array.from({ length: 1_000 }, (_, n) => ({ name: 'job', data: n }))); // prettier-ignore
    const counts = await live.commandsOf(async () => {
      const awaited = Promise.all(jobs.map((job) => job.waitUntilFinished({ timeout: 10_000 })));
      live.worker<number, number>((job) => job.data, { concurrency: 100 });
      expect(await awaited).toEqual(jobs.map(({ data }) => data));
    });
    console.log(`1,000 awaits: ${counts.get('evalsha')} script calls`);
    expect(counts.get('evalsha')).toBeLessThan(300);
  });

  test('by many of one job answers all, and stops listening', async () => {
    const queue = live.queue<null, string>();
    const job = await queue.add('job', null);
    const awaited = Promise.all(Array.from({ length: 50 }, () => job.waitUntilFinished({ timeout: 5_000 }))); // prettier-ignore
    const other = live.queue<null, string>();
    const elsewhere = (await other.getJob(job.id))?.waitUntilFinished({ timeout: 5_000 });
    live.worker(() => 'result');
    expect(new Set(await awaited)).toEqual(new Set(['result']));
    expect(await elsewhere).toBe('result');
    const channel = `lunaq:{${live.name}}:events`;
    await until(async () => ((await live.redis.pubsub('NUMSUB', channel)) as [string, number])[1] === 0); // prettier-ignore
  });
});

test.each<[what: string, result: unknown, reason: RegExp, cause: object]>([
  [
    'too large a result',
    'x'.repeat(1024 * 1024),
    /^returnvalue: 1048578 bytes, at most 1048576 are allowed$/,
    { code: 'TOO_LARGE' },
  ],
  [
    'NaN in a result',
    { mean: [Number.NaN] },
    /^returnvalue\.mean\[0\]: expected a finite number, got NaN$/,
    { name: 'RangeError' },
  ],
  [
    'a bigint as a result',
    5n,
    /^returnvalue: expected what JSON can hold, got 5n$/,
    { name: 'TypeError' },
  ],
])('%s fails the job, which is not tried again', async (_, result, reason, cause) => {
  // prettier-ignore
  const queue = live.queue();
  let runs = 0;
  const failures: Error[] = [];
  const worker = live.worker(
    (job) => {
      runs += 1;
      return job.name === 'bad' ? result : 'fine';
    },
    { autorun: false },
  );
  worker.on('failed', (__, error) => failures.push(error));
  const bad = await queue.add('bad', {}, { attempts: 5 });
  const good = await queue.add('good', {});
  await worker.run({ burst: true });
  expect(runs).toBe(2);
  expect(await queue.getJob(bad.id)).toMatchObject({ attemptsMade: 1, returnvalue: undefined });
  expect((await queue.getJob(bad.id))?.failedReason).toMatch(reason);
  expect(failures).toMatchObject([{ name: 'UnrecoverableError', cause }]);
  expect((await queue.getJob(good.id))?.returnvalue).toBe('fine');
});

test('the limit of results is the one that the worker was given', async () => {
  const queue = live.queue();
  const worker = live.worker((job) => job.data, { autorun: false, limits: { resultBytes: 10 } });
  await queue.add('job', '12345678', { jobId: 'fits' });
  await queue.add('job', '123456789', { jobId: 'larger' });
  await worker.run({ burst: true });
  expect(await queue.getJob('fits')).toMatchObject({ returnvalue: '12345678' });
  expect((await queue.getJob('larger'))?.failedReason).toMatch(/11 bytes, at most 10 are allowed/);
});
