// Every public entry with every hostile value in every place: each call ends, in what was asked for or in an error that names the argument,
// and the queue works as before. A new entry fails here until it is covered.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QueueError } from '../../src/errors.js';
import * as exported from '../../src/index.js';
import { Hostile, hostile } from '../helpers/hostile-values.js';
import { liveRedis } from '../helpers/live.js';

const lunaq = { ...exported };
const live = liveRedis();

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
const polluted = (): string[] => Object.getOwnPropertyNames(Object.prototype);
const before = polluted();
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => void process.off('unhandledRejection', note));

/** An error that says which argument was wrong, or a typed one. */
function isTyped(error: unknown): boolean {
  if (error instanceof Hostile || error instanceof QueueError) return true;
  if (!(error instanceof TypeError || error instanceof RangeError)) return false;
  return (
    error.message.length < 500 && /^[\w "$.[\]\\]+: (?:expected|can't be|job )/.test(error.message)
  );
}

const slow = Symbol('slow');

/** Why a call was not well behaved; undefined when it was. */
async function fault(call: () => unknown, limit = 5_000): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const ended = await Promise.race([
      Promise.resolve(call()),
      new Promise((resolve) => (timer = setTimeout(resolve, limit, slow))),
    ]);
    return ended === slow ? 'did not end' : undefined;
  } catch (error) {
    const told = error instanceof lunaq.BulkError ? error.outcomes : [{ error }];
    const bad = told.find((outcome) => 'error' in outcome && !isTyped(outcome.error));
    return bad && 'error' in bad ? String((bad.error as Error)?.stack ?? bad.error) : undefined;
  } finally {
    clearTimeout(timer);
  }
}

type Args = readonly unknown[];

/** Valid arguments, and the options that the object at a place takes. */
interface Entry {
  readonly args: Args;
  readonly options?: Readonly<Record<number, readonly string[]>>;
  /** Read to the end what it returns. */
  readonly read?: boolean;
}

const entry = (args: Args = [], options: Record<number, readonly string[]> = {}): Entry => ({ args, options }); // prettier-ignore
const id = 'known';
const range = ['start', 'end', 'asc'];
const jobOptions = [
  'jobId', 'delay', 'lifo', 'attempts', 'backoff', 'timeout', 'ttl', 'removeOnComplete', 'removeOnFail', 'dependsOn',
  'onParentFailure', 'description', 'meta', 'keepLogs',
]; // prettier-ignore

const ofQueue: Record<string, Entry> = {
  add: entry(['job', {}, {}], { 2: jobOptions }),
  addBulk: entry([[{ name: 'job', data: {} }]]),
  pause: entry(),
  resume: entry(),
  remove: entry([id]),
  cancel: entry([id, {}], { 1: ['reason', 'dependents'] }),
  retryJob: entry([id]),
  retryJobs: entry([{}], { 0: ['state', 'count', 'timestamp'] }),
  clean: entry([0, 10, 'completed']),
  drain: entry([false]),
  obliterate: entry([{ force: true }], { 0: ['force'] }),
  waitUntilReady: entry(),
  has: entry([id]),
  hasMany: entry([[id]]),
  idCache: entry(),
  getJob: entry([id]),
  getJobLogs: entry([id, 0, 5, true]),
  getJobs: entry(['waiting', {}], { 1: range }),
  getJobIds: entry(['waiting', {}], { 1: range }),
  getWaiting: entry([0, 5]),
  getActive: entry([0, 5]),
  getDelayed: entry([0, 5]),
  getCompleted: entry([0, 5]),
  getFailed: entry([0, 5]),
  scan: { args: ['waiting', {}], options: { 1: ['count'] }, read: true },
  getJobPosition: entry([id]),
  getOldestWaiting: entry(),
  getJobState: entry([id]),
  isPaused: entry(),
  getJobCounts: entry(['waiting']),
  getJobCountByTypes: entry(['waiting']),
  count: entry(),
  getWorkers: entry([{}], { 0: ['gone'] }),
  getWorkersCount: entry(),
  getCounters: entry([{}], { 0: ['from', 'to'] }),
  getMetrics: entry(['completed', 0, 5]),
  keepEvents: entry([10]),
};
/** Of all that emits: a listener that is none is refused by Node. Closing is tested with what is made. */
const ofEmitters = ['on', 'once', 'off', 'close'];
const ofWorker: Record<string, Entry> = {
  concurrency: entry([5]),
  waitUntilReady: entry(),
  isRunning: entry(),
  isPaused: entry(),
  run: entry([{ burst: true }], { 0: ['burst'] }),
  pause: entry([true]),
  resume: entry(),
};
const ofJob: Record<string, Entry> = {
  queueName: entry(),
  description: entry(),
  meta: entry(),
  updateProgress: entry([5]),
  log: entry(['row']),
  clearLogs: entry([0]),
  updateMeta: entry([{}]),
  updateData: entry([{}]),
  getState: entry(),
  getPosition: entry(),
  parents: entry(),
  blockers: entry(),
  dependents: { args: [], read: true },
  waitUntilFinished: entry([{ timeout: 1 }, 1], { 0: ['timeout'] }),
  cancel: entry([{}], { 0: ['reason', 'dependents'] }),
  moveToDelayed: entry([Date.now() + 60_000]),
  remove: entry(),
  retry: entry(),
};
const ofEvents: Record<string, Entry> = {
  lastEventId: entry(),
  run: entry(),
  waitUntilReady: entry(),
};

const classes = { Queue: ofQueue, Worker: ofWorker, Job: ofJob, QueueEvents: ofEvents };
/** Functions and constructors; the connection is added to their options. */
const made: Record<string, Entry> = {
  Queue: entry(['q', {}], { 1: ['prefix', 'defaultJobOptions', 'maxPending', 'maxPendingBytes', 'maxLength', 'durability', 'limits', 'codec', 'idCache'] }), // prettier-ignore
  Worker: entry(['q', () => 1, { autorun: false }], { 2: ['prefix', 'name', 'concurrency', 'lockDuration', 'lockRenewTime', 'stalledInterval', 'maxStalledCount', 'maxBlockedTime', 'closeTimeout', 'stopTimeout', 'weights', 'settings', 'limits', 'codec'] }), // prettier-ignore
  QueueEvents: entry(['q', { autorun: false }], {
    1: ['prefix', 'autorun', 'lastEventId', 'codec'],
  }),
  checkQueue: entry(['q', {}], {
    1: ['prefix', 'recheckAfter', 'records', 'signal'],
  }),
  getQueues: entry([{}], { 0: ['prefix'] }),
  accessRules: entry(['worker', {}], { 1: ['prefix', 'queues'] }),
  DelayedError: entry([5, {}]),
};

/** Made by the library, with arguments of its own; or plain errors, which take what they are given. */
const notMade = new Set(['Job', 'BulkError', 'CodecError', 'JobCancelledError', 'JobFailedError', 'JobTimeoutError', 'LeaseLostError', 'QueueError', 'UnrecoverableError']); // prettier-ignore

function membersOf(made_: { prototype: object }): string[] {
  const names = new Set<string>();
  for (let at: object | null = made_.prototype; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null)
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  for (const inner of ['constructor', 'listens', 'emit', 'report']) names.delete(inner);
  return [...names].toSorted();
} // prettier-ignore

test('every public entry is covered', () => {
  const values = Object.entries(lunaq).map(([name]) => name);
  expect(values.filter((name) => !(name in made) && !notMade.has(name))).toEqual([]);
  for (const [name, entries] of Object.entries(classes)) {
    const emits = name === 'Job' ? [] : ofEmitters;
    const covered = [...Object.keys(entries), ...emits].toSorted();
    expect([name, membersOf(lunaq[name as keyof typeof classes])]).toEqual([name, covered]);
  }
});

/** The valid arguments with each hostile value in each place, and in each option. */
function* spoilt({ args, options = {} }: Entry): Generator<[what: string, args: unknown[]]> {
  for (const place of args.keys())
    for (const [what, make] of hostile) {
      yield [`${what} at ${place}`, args.with(place, make())];
      for (const option of options[place] ?? [])
        yield [`${option}: ${what}`, args.with(place, { ...(args[place] as object), [option]: make() })];
    }
  if (args.length === 0) yield ['no argument', []];
} // prettier-ignore

async function reader(given: unknown): Promise<void> {
  for await (const _ of given as AsyncIterable<unknown>) break;
}

async function check(name: string, given: Entry, call: (args: unknown[]) => unknown): Promise<void> {
  const faults: string[] = [];
  for (const [what, args] of spoilt(given)) {
    const wrong = await fault(async () => await (given.read ? reader(call(args)) : call(args)));
    if (wrong) faults.push(`${name}, ${what}: ${wrong.slice(0, 600)}`);
  }
  expect(faults).toEqual([]);
  expect(unhandled).toEqual([]);
  expect(polluted()).toEqual(before);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
} // prettier-ignore

type Any = Record<string, (...args: unknown[]) => unknown>;

async function works(): Promise<void> {
  const queue = live.queue<{ n: number }>({ name: `${live.name}-after` });
  const worker = live.worker<{ n: number }>((job) => job.data.n, { name: `${live.name}-after`, autorun: false }); // prettier-ignore
  const { id: added } = await queue.add('job', { n: 7 });
  await worker.run({ burst: true });
  expect((await queue.getJob(added))?.returnvalue).toBe(7);
}

/** A member of something that is there: a getter, a setter, or a method. */
function use(target: object, name: string, args: unknown[]): unknown {
  const found = Reflect.get(target, name) as unknown;
  if (typeof found === 'function') return (target as Any)[name]?.(...args);
  if (args.length > 0) (target as Record<string, unknown>)[name] = args[0];
  return found;
}

describe('Queue', () => {
  test.each(Object.entries(ofQueue))('%s', async (name, given) => {
    const queue = live.queue();
    await check(`queue.${name}`, given, (args) => use(queue, name, args));
    await queue.obliterate({ force: true });
    await works();
  });
});

describe('Worker', () => {
  test.each(Object.entries(ofWorker))('%s', async (name, given) => {
    const worker = live.worker(() => 1, { autorun: false });
    await check(`worker.${name}`, given, async (args) => {
      if (name !== 'run') return use(worker, name, args);
      const other = live.worker(() => 1, { autorun: false });
      const running = Promise.allSettled([use(other, name, args)]);
      await other.close();
      const [end] = await running;
      if (end?.status === 'rejected') throw end.reason;
      return end;
    });
    await works();
  });
});

describe('Job', () => {
  test.each(Object.entries(ofJob))('%s', async (name, given) => {
    const queue = live.queue();
    const job = await queue.add('job', {}, { jobId: id });
    await check(`job.${name}`, given, (args) => use(job, name, args));
    const stored = await queue.getJob(id);
    if (stored) await check(`job.${name}`, given, (args) => use(stored, name, args));
    await queue.obliterate({ force: true });
    await works();
  });
});

describe('QueueEvents', () => {
  test.each(Object.entries(ofEvents).filter(([name]) => name === 'lastEventId'))('%s', async (name, given) => {
    const { connection } = live.server;
    const events = live.track(new lunaq.QueueEvents(live.name, { connection, autorun: false }));
    await check(`events.${name}`, given, (args) => use(events, name, args));
    expect(events.lastEventId).toBeUndefined();
  }); // prettier-ignore
});

/** Whatever is given for options, on the server of the test; what starts by itself does not. */
function connected(name: string, given: unknown): unknown {
  const { connection } = live.server;
  const more = {
    connection,
    ...(name === 'Worker' || name === 'QueueEvents' ? { autorun: false } : {}),
  };
  if (given === undefined) return more;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  if (Object.isFrozen(given)) return { ...given, ...more };
  for (const [option, value] of Object.entries(more)) Reflect.set(given, option, value);
  return given;
}

type Callable = ((...args: unknown[]) => unknown) & (new (...args: unknown[]) => object);

describe('functions and constructors', () => {
  test.each(Object.entries(made))('%s', async (name, given) => {
    const member = lunaq[name as 'Queue'] as unknown as Callable;
    const isClass = /^[A-Z]/.test(name);
    const connects = name !== 'accessRules' && name !== 'DelayedError';
    const last = given.args.length - 1;
    await check(name, given, async (args) => {
      const whole = connects ? args.with(last, connected(name, args[last])) : args;
      if (!isClass) return await member(...whole);
      const one = new member(...whole);
      if (one instanceof lunaq.DelayedError) return one;
      const closable = one as exported.Queue;
      closable.on('error', () => undefined);
      return await closable.close();
    });
    await works();
  });
});

test.each([null, Number.NaN, 6379, true, '', Symbol('s'), () => 1, [], 'redis://:secret@\u001b'])(
  'a connection that is none is refused, and no secret told: %s',
  (connection) => {
    const options = { connection: connection as string };
    expect(() => new lunaq.Queue('q', options)).toThrow(/^connection: expected a URL/);
    expect(() => new lunaq.Worker('q', () => 1, options)).toThrow(/^connection: expected/);
    expect(() => new lunaq.QueueEvents('q', options)).toThrow(/^connection: (?!.*secret)/);
  },
); // prettier-ignore
