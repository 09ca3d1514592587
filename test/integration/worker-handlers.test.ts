// What a handler may do, and what becomes of its job.
import { inspect } from 'node:util';
import { expect, test, vi } from 'vitest';
import { QueueError, UnrecoverableError } from '../../src/errors.js';
import type { Handlers } from '../../src/worker.js';
import { gate, liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

test('a handler is given job, token and signal, and its result is kept', async () => {
  const queue = live.queue<{ a: number }, { b: number }>();
  const seen: unknown[] = [];
  live.worker<{ a: number }, { b: number }>((job, token, signal) => {
    seen.push([job.name, job.data, token === job.token, signal.aborted, job.attemptsMade]);
    return { b: job.data.a + 1 };
  });
  const { id } = await queue.add('sum', { a: 1 });
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(seen).toEqual([['sum', { a: 1 }, true, false, 0]]);
  const job = await queue.getJob(id);
  expect(job).toMatchObject({ returnvalue: { b: 2 }, attemptsMade: 1, stacktrace: [] });
  expect(job?.processedOn).toBeGreaterThan(Date.now() - 5_000);
  expect(job?.finishedOn).toBeGreaterThanOrEqual(job?.processedOn ?? Infinity);
});

test('events come with the arguments that their names promise', async () => {
  const queue = live.queue();
  const events: unknown[] = [];
  const worker = live.worker((job) => {
    if (job.name === 'bad') throw new Error('broken');
    return 7;
  });
  worker
    .on('active', (job, prev) => events.push(['active', job.name, prev]))
    .on('completed', (job, result, prev) => events.push(['completed', job.name, result, prev]))
    .on('failed', (job, error, prev) => events.push(['failed', job?.name, error.message, prev]))
    .on('drained', () => events.push(['drained']));
  await queue.add('good', {});
  await until(() => events.length === 3);
  await queue.add('bad', {});
  await until(() => events.length === 6);
  expect(events).toEqual([
    ['active', 'good', 'waiting'],
    ['completed', 'good', 7, 'active'],
    ['drained'],
    ['active', 'bad', 'waiting'],
    ['failed', 'bad', 'broken', 'active'],
    ['drained'],
  ]);
});

test('ready, paused, resumed, closing and closed are told, in this order', async () => {
  const events: string[] = [];
  const worker = live.worker(() => undefined);
  for (const event of ['ready', 'paused', 'resumed', 'closing', 'closed'] as const)
    worker.on(event, () => events.push(event));
  await until(() => events.includes('ready'), 4_000);
  await worker.pause();
  worker.resume();
  await worker.close();
  expect(events).toEqual(['ready', 'paused', 'resumed', 'closing', 'closed']);
});

test('handlers by name: each runs its own, a missing one fails the job with NO_HANDLER', async () => {
  const queue = live.queue();
  const ran: string[] = [];
  const errors = new Map<string, Error>();
  const worker = live.worker({
    a: () => void ran.push('a'),
    b: () => void ran.push('b'),
    __proto__: null as never,
    ['0']: () => void ran.push('0'),
  });
  worker.on('failed', (job, error) => errors.set(job!.name, error));
  const foreign = ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'c'];
  await queue.addBulk(['a', 'b', '0', ...foreign].map((name) => ({ name, data: {} })));
  await until(() => ran.length === 3 && errors.size === foreign.length);
  expect(ran).toEqual(['a', 'b', '0']);
  for (const name of foreign) {
    expect(errors.get(name)).toBeInstanceOf(QueueError);
    expect(errors.get(name)).toMatchObject({ code: 'NO_HANDLER' });
    expect(errors.get(name)?.message).toContain(JSON.stringify(name));
  }
});

const strangeErrors: [what: string, thrown: unknown, reason: RegExp][] = [
  ['a string', 'text', /^text$/],
  ['undefined', undefined, /^undefined$/],
  ['null', null, /^null$/],
  ['a symbol', Symbol('s'), /Symbol\(s\)/],
  ['an object without prototype', Object.create(null), /./],
  [
    'an object whose toString throws',
    {
      toString: () => {
        throw new Error('no');
      },
    },
    /./,
  ],
  ['an error without a stack', Object.assign(new Error('bare'), { stack: undefined }), /^bare$/],
  ['an error whose stack is no text', Object.assign(new Error('list'), { stack: [1] }), /list/],
  ['an error whose message is no text', Object.assign(new Error(), { message: 42 }), /42/],
  ['an error without a message', Object.assign(new Error(), { message: undefined }), /^/],
  ['an error of another realm', { name: 'Error', message: 'far', stack: 'Error: far' }, /^far$/],
  ['a message with lone surrogates', new Error('\ud800'), /\ufffd/],
  ['a message of 1 MiB', new Error('x'.repeat(1024 * 1024)), /^x+$/],
  ['lines in a message', new Error('a\nb\r\n\u0000'), /^a\nb/],
];

test.each(strangeErrors)(
  '%s thrown fails the attempt, and the worker goes on',
  async (_, thrown, reason) => {
    const queue = live.queue();
    live.worker((job) => {
      if (job.name === 'bad') throw thrown;
    });
    const bad = await queue.add('bad', {});
    const good = await queue.add('good', {});
    await until(async () => (await queue.getJobState(good.id)) === 'completed', 4_000);
    await until(async () => (await queue.getJobState(bad.id)) === 'failed', 4_000);
    expect((await queue.getJob(bad.id))?.failedReason).toMatch(reason);
  },
);

const unkeepable: [what: string, handler: () => unknown, reason: RegExp][] = [
  ['BigInt', () => 1n, /got 1n$/],
  [
    'a circle',
    () => {
      const a: unknown[] = [];
      a.push(a);
      return a;
    },
    /circular/i,
  ],
  [
    'a toJSON that throws',
    () => ({
      toJSON: () => {
        throw new Error('not me');
      },
    }),
    /not me/,
  ],
  ['more than 1 MiB', () => 'x'.repeat(1024 * 1024), /^returnvalue: \d+ bytes, at most 1048576/],
];

test.each(unkeepable)(
  'a result that cannot be kept (%s) fails the attempt',
  async (_, result, reason) => {
    const queue = live.queue();
    live.worker(result);
    const job = await queue.add('job', {});
    await until(async () => (await queue.getJobState(job.id)) === 'failed', 4_000);
    expect((await queue.getJob(job.id))?.failedReason).toMatch(reason);
  },
);

test.each([[undefined], [null], [0], [''], [false], [[]], [{ deep: [{ a: 'ü\ud800' }] }]])(
  'the result %j is read as it was returned',
  async (result) => {
    const queue = live.queue();
    live.worker(() => result);
    const job = await queue.add('job', {});
    await until(async () => (await queue.getJobState(job.id)) === 'completed', 4_000);
    expect((await queue.getJob(job.id))?.returnvalue).toEqual(result);
  },
);

test('handlers that throw at once, reject, or return what is not a promise, are treated alike', async () => {
  const queue = live.queue();
  // oxlint-disable-next-line unicorn/no-thenable -- what some libraries return
  const thenable = { then: (resolve: (value: string) => void) => resolve('then') };
  const handlers: Handlers = {
    throws: () => {
      throw new Error('sync');
    },
    rejects: () => Promise.reject(new Error('async')),
    thenable: () => thenable,
    trapped: () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- a hostile one
      get then(): never {
        throw new Error('getter');
      },
    }),
  };
  live.worker(handlers);
  const names = ['throws', 'rejects', 'thenable', 'trapped'];
  const jobs = await queue.addBulk(names.map((name) => ({ name, data: {} })));
  await until(async () => (await queue.getJobCounts()).waiting === 0);
  await until(async () => (await queue.getJobCounts()).active === 0);
  const stored = await Promise.all(jobs.map(({ id }) => queue.getJob(id)));
  expect(stored.map((job) => job?.failedReason ?? job?.returnvalue)).toEqual([
    'sync',
    'async',
    'then',
    'getter',
  ]);
});

function rejecting(event: string): () => unknown {
  return () => pause(1).then(() => Promise.reject(new Error(`listener of ${event}`)));
}

test('listeners that throw or reject are reported as errors, and crash nothing', async () => {
  const rejections: unknown[] = [];
  const note = (thrown: unknown): void => void rejections.push(inspect(thrown));
  process.on('unhandledRejection', note).on('uncaughtException', note);
  live.after(() => process.off('unhandledRejection', note).off('uncaughtException', note));
  const queue = live.queue();
  const worker = live.worker((job) => {
    if (job.name === 'bad') throw new UnrecoverableError();
  });
  worker
    .on('active', () => {
      throw new Error('listener of active');
    })
    .on('completed', rejecting('completed'))
    .on('failed', () => {
      throw new Error('listener of failed');
    })
    .on('drained', rejecting('drained'))
    .on('error', () => {
      throw new Error('listener of error');
    })
    .on('error', rejecting('error'));
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  live.after(() => logged.mockRestore());
  await queue.addBulk([
    { name: 'good', data: {} },
    { name: 'bad', data: {} },
  ]);
  await until(async () => (await queue.getJobCounts()).completed === 1);
  await until(async () => (await queue.getJobCounts()).failed === 1);
  await pause(50);
  expect(rejections).toEqual([]);
  const told = new Set(live.errors.map(({ message }) => message));
  for (const event of ['active', 'completed', 'failed', 'drained'])
    expect(told).toContain(`listener of ${event}`);
});

test('a record that cannot be decoded fails alone while the batch goes on', async () => {
  const queue = live.queue();
  const jobs = await queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'job', data: {} })));
  const bad = [jobs[0]!.id, jobs[7]!.id, jobs[19]!.id];
  const records = ['', 'no json', '{"name":1}'];
  for (const [n, id] of bad.entries())
    await live.redis.hset(`lunaq:{${live.name}}:jobs`, id, records[n] as string);
  const failed: unknown[] = [];
  const worker = live.worker(() => undefined, { concurrency: 20 });
  worker.on('failed', (job, error) => failed.push([job, (error as QueueError).code]));
  await until(async () => (await queue.getJobCounts()).completed === 17);
  await until(() => failed.length === 3);
  expect(failed).toEqual(bad.map(() => [undefined, 'UNREADABLE']));
  expect(await queue.getJobCounts()).toMatchObject({ failed: 3, completed: 17, active: 0 });
  await expect(queue.getJob(bad[0]!)).rejects.toMatchObject({ code: 'UNREADABLE', ids: [bad[0]] });
});

test('a job can be looked at, but not removed or retried, by its own handler', async () => {
  const queue = live.queue();
  const seen = gate<unknown[]>();
  live.worker(async (job) => {
    const codes = await Promise.all(
      [job.remove(), job.retry()].map((act) => act.catch((error: QueueError) => error.code)),
    );
    seen.open([await job.getState(), ...codes]);
  });
  await queue.add('job', {});
  expect(await seen.opened).toEqual(['active', 'JOB_ACTIVE', 'JOB_NOT_FINISHED']);
});
