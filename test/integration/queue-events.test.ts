// Events as they happen, without a stream.
import { expect, expectTypeOf, test, vi } from 'vitest';
import { DelayedError } from '../../src/errors.js';
import { QueueEvents } from '../../src/listening/queue-events.js';
import { listen } from '../helpers/events.js';
import { gate, liveRedis, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();
live.deniesOnPurpose = true;

const keyOf = (noun: string): string => `lunaq:{${live.name}}:${noun}`;

/** Messages on the channel, whoever else listens. */
async function messages(): Promise<string[]> {
  const raw = live.redis.duplicate();
  live.after(() => raw.disconnect());
  const heard: string[] = [];
  raw.on('message', (_, message: string) => heard.push(message));
  await raw.subscribe(keyOf('events'));
  return heard;
}

/** What was published before has arrived with this. */
async function allOf(heard: readonly string[]): Promise<readonly string[]> {
  await live.redis.publish(keyOf('events'), 'last');
  await until(() => heard.at(-1) === 'last');
  return heard.slice(0, -1);
}

async function subscribers(): Promise<number> {
  const [, count] = (await live.redis.pubsub('NUMSUB', keyOf('events'))) as [string, number];
  return count;
}

const added = (name: string) => ['added', { name }];
const waiting = (prev?: string) => ['waiting', prev ? { prev } : {}];
const delayed = (prev?: string) => ['delayed', { delay: expect.any(Number), ...(prev ? { prev } : {}) }]; // prettier-ignore
const active = ['active', { prev: 'waiting' }];
const completed = (returnvalue: unknown) => ['completed', { returnvalue, prev: 'active' }];
const failed = (failedReason: string) => ['failed', { failedReason, prev: 'active' }];

test.each([2, 3] as const)('the life of each job is told, over RESP%i', async (protocol) => {
  const connection = { ...live.as('producer'), protocol };
  const { queueEvents, heard, of, story } = listen(live, { connection });
  await queueEvents.waitUntilReady();
  const queue = live.queue({ connection });
  const { opened, open } = gate();
  const putOff = new Set<string>();
  live.worker(
    async ({ id, name, attemptsMade }) => {
      if (name === 'off' && !putOff.has(id)) {
        putOff.add(id);
        throw new DelayedError(1);
      }
      if (name === 'bad') throw new Error(`attempt ${attemptsMade + 1}`);
      await opened;
      return { name };
    },
    { concurrency: 3, connection },
  );
  await queue.add('of "two" words\\', 1, { jobId: 'parent' });
  await queue.add('child', 1, { jobId: 'child', dependsOn: 'parent' });
  await queue.add('off', 1, { jobId: 'off', delay: 10 });
  await queue.add('bad', 1, { jobId: 'bad', attempts: 2 });
  await until(() => of('failed').length === 1);
  open();
  await until(() => of('completed').length === 3);

  const name = 'of "two" words\\';
  expect(story('parent')).toEqual([added(name), waiting(), active, completed({ name })]);
  expect(story('child')).toEqual([
    added('child'),
    ['deferred', {}],
    ['waiting-children', {}],
    waiting('deferred'),
    active,
    completed({ name: 'child' }),
  ]);
  expect(story('off')).toEqual([
    added('off'),
    delayed(),
    waiting('delayed'),
    active,
    delayed('active'),
    waiting('delayed'),
    active,
    completed({ name: 'off' }),
  ]);
  expect(story('bad')).toEqual([
    added('bad'),
    waiting(),
    active,
    waiting('active'),
    active,
    failed('attempt 2'),
  ]);

  await queue.retryJob('bad');
  await until(() => of('failed').length === 2);
  expect(story('bad')[6]).toEqual(waiting('finished'));
  for (const [, , id] of heard) expect(Math.abs(Number(id) - Date.now())).toBeLessThan(20_000);
  expect(of('missed')).toEqual([]);
  expect(live.errors).toEqual([]);
});

test('ends without a run are told, and what happens to the queue', async () => {
  const { queueEvents, of, story } = listen(live);
  await queueEvents.waitUntilReady();
  const queue = live.queue();
  await queue.add('late', 1, { jobId: 'late', delay: 60_000 });
  await queue.add('child', 1, { jobId: 'child', dependsOn: 'late' });
  await queue.cancel('late', { reason: 'not needed' });
  await queue.add('gone', 1, { jobId: 'gone' });
  await queue.remove('gone');
  await queue.pause();
  await queue.pause();
  await queue.resume();
  await queue.add('expired', 1, { jobId: 'expired', delay: 60_000, ttl: 1 });
  await queue.add('last', 1, { jobId: 'last', removeOnComplete: true });
  live.worker(() => 'value');
  await until(() => of('completed').length === 1 && of('failed').length === 2);
  await queue.obliterate();
  await until(() => of('obliterated').length === 1);

  expect(story('late').at(-1)).toEqual(['cancelled', { failedReason: 'not needed' }]);
  expect(story('child').at(-1)).toEqual([
    'failed',
    { failedReason: expect.stringContaining('parent late') },
  ]);
  expect(story('gone').at(-1)).toEqual(['removed', {}]);
  expect(story('expired').at(-1)).toEqual(['failed', { failedReason: 'expired' }]);
  expect(story('last').at(-1)).toEqual(completed('value')); // it went at once
  expect([of('paused'), of('resumed')]).toEqual([[{}], [{}]]);
  expect(of('drained')).toEqual([undefined]);
});

test('a returnvalue is what JSON keeps of it; a job without one has none', async () => {
  const { queueEvents, of } = listen(live);
  await queueEvents.waitUntilReady();
  const queue = live.queue();
  const values = [undefined, null, 'line\nbreak\ttab', { at: new Date(0), no: undefined }];
  live.worker<number>(({ data }) => values[data]);
  for (const at of values.keys()) await queue.add('job', at, { jobId: `${at}` });
  await until(() => of('completed').length === 4);
  expect(of('completed')).toEqual([
    { jobId: '0', returnvalue: undefined, prev: 'active' },
    { jobId: '1', returnvalue: null, prev: 'active' },
    { jobId: '2', returnvalue: 'line\nbreak\ttab', prev: 'active' },
    { jobId: '3', returnvalue: { at: '1970-01-01T00:00:00.000Z' }, prev: 'active' },
  ]);
});

test('a batch of 200 jobs is one message', async () => {
  const { queueEvents, ids } = listen(live);
  await queueEvents.waitUntilReady();
  const heard = await messages();
  const queue = live.queue();
  const jobs = await queue.addBulk(Array.from({ length: 200 }, () => ({ name: 'job', data: 1 })));
  expect(await allOf(heard)).toHaveLength(1);
  await until(() => ids('waiting').length === 200);
  expect(ids('waiting')).toEqual(jobs.map(({ id }) => id));
});

test('nothing is published, and nothing kept, while nobody listens', async () => {
  const heard = await messages();
  const queue = live.queue();
  await queue.addBulk(Array.from({ length: 10 }, () => ({ name: 'job', data: 1 })));
  live.worker(() => 1);
  await until(async () => (await queue.getJobCounts()).completed === 10);
  await queue.pause();
  expect(await allOf(heard)).toEqual([]);
  expect(await live.redis.exists(keyOf('audience'), keyOf('stream'))).toBe(0);
});

test('who is ready misses nothing: each add that follows is told', async () => {
  const queue = live.queue();
  for (let time = 0; time < 20; time += 1) {
    const { queueEvents, ids } = listen(live);
    await queueEvents.waitUntilReady();
    const job = await queue.add('job', 1);
    await until(() => ids('added').includes(job.id));
    await queueEvents.close();
    await live.redis.del(keyOf('audience'));
  }
});

test.each([2, 3] as const)(
  'all of a process share one subscription, over RESP%i',
  async (protocol) => {
    const connection = { ...live.as('producer'), protocol };
    const clients = async () => ((await live.redis.client('LIST')) as string).split('\n').length;
    const before = await clients();
    const first = listen(live, { connection });
    const second = listen(live, { connection });
    await Promise.all([first.queueEvents.waitUntilReady(), second.queueEvents.waitUntilReady()]);
    expect(await subscribers()).toBe(1);
    expect(await clients()).toBe(before + (protocol === 3 ? 1 : 2));
    const queue = live.queue({ connection });
    const one = await queue.add('job', 1);
    await until(() => first.ids('added').length + second.ids('added').length === 2);
    await first.queueEvents.close();
    const other = await queue.add('job', 1);
    await until(() => second.ids('added').length === 2);
    expect(first.ids('added')).toEqual([one.id]);
    expect(second.ids('added')).toEqual([one.id, other.id]);
    await second.queueEvents.close();
    await until(async () => (await subscribers()) === 0);
    await queue.close();
    await until(async () => (await clients()) === before);
  },
);

test('queues are told apart, also by prefix', async () => {
  const here = listen(live);
  const there = listen(live, {}, `${live.name}-other`);
  const elsewhere = listen(live, { prefix: 'other' });
  await Promise.all([here, there, elsewhere].map((one) => one.queueEvents.waitUntilReady()));
  const job = await live.queue().add('job', 1);
  await until(() => here.heard.length > 0);
  const other = await live.queue({ name: `${live.name}-other` }).add('job', 1);
  await until(() => there.heard.length > 0);
  expect([here.ids('added'), there.ids('added')]).toEqual([[job.id], [other.id]]);
  expect(elsewhere.heard).toEqual([]);
});

test('listeners that throw or reject are told as errors, and the next events come', async () => {
  const { queueEvents, ids } = listen(live);
  queueEvents.on('added', () => {
    throw new Error('thrown');
  });
  queueEvents.on('waiting', async () => {
    await Promise.reject(new Error('rejected'));
  });
  await queueEvents.waitUntilReady();
  const queue = live.queue();
  const job = await queue.add('job', 1);
  await until(() => live.errors.length === 2);
  expect(live.errors.map(({ message }) => message)).toEqual(['thrown', 'rejected']);
  await queue.remove(job.id);
  await until(() => ids('removed').length === 1);
});

test('a message that can not be read is an error, and the next ones come', async () => {
  const { queueEvents, ids } = listen(live);
  await queueEvents.waitUntilReady();
  await live.redis.publish(keyOf('events'), '1700000000000\nprogress\ta\t{\nactive\tb');
  await live.redis.publish(keyOf('events'), 'hello');
  await until(() => ids('active').length === 1 && live.errors.length === 1);
  expect(live.errors[0]).toMatchObject({ code: 'UNREADABLE', ids: ['a'] });
});

test('listening is said for a minute, and renewed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  live.after(() => vi.useRealTimers());
  const { queueEvents, of } = listen(live);
  await queueEvents.waitUntilReady();
  const left = () => live.redis.pttl(keyOf('audience'));
  expect(await left()).toBeGreaterThan(55_000);
  expect(await left()).toBeLessThanOrEqual(60_000);
  await live.redis.pexpire(keyOf('audience'), 30_000);
  await vi.advanceTimersByTimeAsync(20_000);
  await until(async () => (await left()) > 55_000);
  expect(of('missed')).toEqual([]);
});

test('should nobody have been told to listen for a while, it says that events may be missed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  live.after(() => vi.useRealTimers());
  const { queueEvents, of } = listen(live);
  await queueEvents.waitUntilReady();
  await live.redis.del(keyOf('audience'));
  await vi.advanceTimersByTimeAsync(20_000);
  await until(() => of('missed').length === 1);
  expect(await live.redis.exists(keyOf('audience'))).toBe(1);
});

test('with autorun off it listens once it is run, until it is closed', async () => {
  const { queueEvents, heard } = listen(live, { autorun: false });
  const ready = queueEvents.waitUntilReady();
  const queue = live.queue();
  await queue.add('job', 1);
  const run = queueEvents.run();
  await ready;
  await expect(queueEvents.run()).rejects.toThrow(TypeError);
  await queue.pause();
  await until(() => heard.length > 0);
  expect(heard[0]?.[0]).toBe('paused');
  await queueEvents.close();
  await queueEvents.close();
  await run;
  await queue.resume();
  await expect(queueEvents.run()).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(queueEvents.waitUntilReady()).rejects.toMatchObject({ code: 'CLOSED' });
  expect(heard).toHaveLength(1);
});

test('who listens right after the last one has left hears all, over a subscription of its own', async () => {
  const queue = live.queue();
  for (let round = 0; round < 3; round += 1) {
    const { queueEvents, heard } = listen(live);
    await queueEvents.waitUntilReady();
    await queue.add('job', 1);
    await until(() => heard.length === 2);
    expect(heard.map(([word]) => word)).toEqual(['added', 'waiting']);
    const closing = queueEvents.close();
    const next = listen(live);
    await Promise.all([closing, next.queueEvents.waitUntilReady()]);
    await queue.pause();
    await until(() => next.heard.length === 1);
    expect(await subscribers()).toBe(1);
    await next.queueEvents.close();
    await queue.resume();
    expect(heard).toHaveLength(2);
  }
});

test('one that was never run can be closed; who waits for it is told', async () => {
  const { queueEvents } = listen(live, { autorun: false });
  const ready = rejection(queueEvents.waitUntilReady()); // prettier-ignore
  await queueEvents.close();
  expect(await ready).toMatchObject({ code: 'CLOSED' });
});

test('closed by its own listener, it tells nothing more', async () => {
  const { queueEvents, heard } = listen(live);
  await queueEvents.waitUntilReady();
  queueEvents.on('added', () => void queueEvents.close());
  const queue = live.queue();
  await queue.add('job', 1);
  await until(() => heard.length > 0);
  await queue.add('job', 1);
  expect(heard.map(([word]) => word)).toEqual(['added', 'waiting']);
});

test('a user who may not listen is told so', async () => {
  await live.redis.acl('SETUSER', 'deaf', 'on', '>secret', '~*', '+@all', 'resetchannels');
  live.after(() => live.redis.acl('DELUSER', 'deaf'));
  const account = { username: 'deaf', password: 'secret' };
  const { queueEvents } = listen(live, { connection: { ...live.server.connection, ...account } });
  const ready = rejection(queueEvents.waitUntilReady()); // prettier-ignore
  await until(() => live.errors.length > 0);
  expect(live.errors[0]).toMatchObject({ code: 'NO_PERMISSION' });
  await queueEvents.close();
  expect(await ready).toMatchObject({ code: 'CLOSED' });
});

test('who was not allowed to listen does so when he is', async () => {
  await live.redis.acl('SETUSER', 'mute', 'on', '>secret', '~*', '+@all', 'resetchannels');
  live.after(() => live.redis.acl('DELUSER', 'mute'));
  const connection = { ...live.server.connection, username: 'mute', password: 'secret' };
  const queueEvents = live.track(new QueueEvents(live.name, { connection }));
  const ready = queueEvents.waitUntilReady();
  await until(() => live.errors.length > 0);
  expect(live.errors[0]).toMatchObject({ code: 'NO_PERMISSION' });
  await live.redis.acl('SETUSER', 'mute', 'allchannels');
  await expect(ready).resolves.toBeUndefined();
});

test('who can no longer say that he listens is told, then ready no more, and says so once he can again', async () => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'performance'],
    shouldAdvanceTime: true,
  });
  live.after(() => vi.useRealTimers());
  await live.redis.acl('SETUSER', 'weak', 'on', '>secret', '~*', '&*', '+@all');
  live.after(() => live.redis.acl('DELUSER', 'weak'));
  const account = { username: 'weak', password: 'secret' };
  const { queueEvents, of } = listen(live, {
    connection: { ...live.server.connection, ...account },
  });
  await queueEvents.waitUntilReady();
  await live.redis.acl('SETUSER', 'weak', '-evalsha');
  vi.advanceTimersByTime(20_000);
  await until(() => live.errors.length === 1);
  expect(live.errors[0]).toMatchObject({ code: 'NO_PERMISSION' });
  await queueEvents.waitUntilReady(); // what was said holds for a while
  for (let refusals = 2; refusals <= 6; refusals += 1) {
    vi.advanceTimersByTime(5_000);
    await until(() => live.errors.length === refusals);
  }
  const ready = queueEvents.waitUntilReady();
  expect(of('missed')).toEqual([]);
  await live.redis.acl('SETUSER', 'weak', '+evalsha');
  vi.advanceTimersByTime(5_000);
  await ready;
  expect(of('missed')).toEqual([{}]);
});

test('arguments are typed by event', async () => {
  const options = { connection: live.as('observer'), autorun: false };
  const queueEvents = live.track(new QueueEvents<{ sum: number }, number>(live.name, options));
  queueEvents
    .on('completed', ({ jobId, returnvalue }, id) => {
      expectTypeOf(returnvalue).toEqualTypeOf<{ sum: number }>();
      expectTypeOf([jobId, id]).toEqualTypeOf<string[]>();
    })
    .on('progress', ({ data }) => expectTypeOf(data).toEqualTypeOf<number>())
    .on('delayed', ({ delay }) => expectTypeOf(delay).toEqualTypeOf<number>())
    .on('drained', (id) => expectTypeOf(id).toEqualTypeOf<string>())
    // @ts-expect-error -- no such argument
    .on('failed', ({ returnvalue }) => returnvalue)
    // @ts-expect-error -- no such event
    .on('complete', () => undefined);
  await queueEvents.close();
  expect(queueEvents.name).toBe(live.name);
});

test('without a stream there is no position', async () => {
  const { queueEvents, heard } = listen(live);
  await queueEvents.waitUntilReady();
  await live.queue().add('job', 1);
  await until(() => heard.length > 0);
  expect(queueEvents.lastEventId).toBeUndefined();
});

test.each([
  [['a\nb', {}], RangeError, /^name: /],
  [[1, {}], TypeError, /^name: /],
  [['q', { prefix: '{x}' }], RangeError, /^prefix: /],
  [['q', { autorun: 'yes' }], TypeError, /^autorun: expected true or false/],
  [['q', { lastEventId: 5 }], TypeError, /^lastEventId: expected a string, got 5/],
  [['q', { lastEventId: 'x' }], RangeError, /^lastEventId: expected \$, 0 or a position, got "x"/],
  [['q', { lastEventId: '1-2-3' }], RangeError, /^lastEventId: /],
  [['q', { blockingTimeout: 5 }], TypeError, /^blockingTimeout: expected one of/],
] as const)('%j is refused', (args, type, message) => {
  const make = () => new QueueEvents(...(args as unknown as [string, object]));
  expect(make).toThrow(type);
  expect(make).toThrow(message);
});
