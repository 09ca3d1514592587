// The commands of the model tests: what each is made of, drawn by fast-check. They are plain data; which job, worker or claim a number
// means is said by the model when the command runs, so that nearly all of them find something to do, also in a shrunk history.
import * as fc from 'fast-check';
import type { JobOptions, ParentFailurePolicy } from '../../src/index.js';
import type { Plan, Stage } from './stage.js';
import type { Finished, StateName } from './state.js';

const minute = 60_000;
export const hour = 60 * minute;

export const queueNames = ['p', 'q', 'r'] as const;
const workersEach = 2;

const of = fc.constantFrom;
const record = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields) as unknown as fc.Arbitrary<T>;
const queue = fc.nat(queueNames.length - 1);
/** Which job of a queue: one of those that are there, or a name that may be free. */
const pick = fc.nat(99);
/** Of so many draws all but one have nothing. */
const rarely = <T>(value: fc.Arbitrary<T>, draws = 3): fc.Arbitrary<T | undefined> =>
  fc.nat(draws - 1).chain((n) => (n === 0 ? value : fc.constant(undefined)));

const retention = of<NonNullable<JobOptions['removeOnFail']>[]>(
  false,
  true,
  1,
  1,
  2,
  { age: 3_600 },
  { age: 7_200, count: 1 },
  { count: 0 },
);

const options = record({
  delay: rarely(of(hour, 3 * hour), 4),
  lifo: rarely(fc.constant(true), 4),
  attempts: rarely(of(1, 2, 3), 2),
  backoff: rarely(
    of<NonNullable<JobOptions['backoff']>[]>(
      hour,
      [0, hour],
      { type: 'fixed', delay: 0 },
      { type: 'exponential', delay: hour },
    ),
    2,
  ),
  timeout: rarely(fc.constant(1), 8),
  ttl: rarely(of(2 * hour, 4 * hour), 4),
  removeOnComplete: rarely(retention, 2),
  removeOnFail: rarely(retention, 2),
  onParentFailure: rarely(of<ParentFailurePolicy[]>('fail', 'run', 'wait'), 2),
  description: rarely(fc.constant('for people'), 8),
  meta: rarely(fc.constant({ owner: 'me' }), 8),
});

const newJob = record({
  id: fc.nat(7),
  opts: options,
  /** Small, or so large that its size is kept. */
  data: of<unknown[]>(1, { nested: ['data'] }, 'x'.repeat(1_500)),
  parents: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(pick, { minLength: 1, maxLength: 3 }) },
  ),
});
export type NewJob = Drawn<typeof newJob>;

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

const finished = of<Finished[]>('completed', 'failed', 'cancelled');
const resting = of<Exclude<StateName, 'active'>[]>('waiting', 'delayed', 'deferred', 'completed', 'failed', 'cancelled'); // prettier-ignore

/** Each kind of command with its weight and what it is made of. */
const kinds = {
  add: [22, record({ queue, job: newJob, most: rarely(of(1, 3), 6) })],
  addBulk: [5, record({ queue, jobs: fc.array(fc.tuple(newJob, fc.array(fc.nat(3), { maxLength: 2 })), { minLength: 2, maxLength: 4 }), most: rarely(of(1, 3), 6) })], // prettier-ignore
  claim: [22, record({ queue, worker: fc.nat(workersEach - 1), slots: fc.integer({ min: 1, max: 3 }) })], // prettier-ignore
  complete: [14, record({ pick, value: of<unknown[]>(undefined, null, 7, 'done') })],
  fail: [11, record({ pick, reason: of('broken', 'out of order') })],
  giveUp: [3, record({ pick, reason: fc.constant('hopeless') })],
  putOff: [7, record({ pick, ms: of(0, hour), until: fc.boolean() })],
  lapse: [7, record({ pick, ahead: fc.boolean() })],
  shut: [3, record({ queue, worker: fc.nat(workersEach - 1) })],
  close: [3, record({ queue, worker: fc.nat(workersEach - 1) })],
  sweep: [9, record({ queue })],
  pass: [8, record({ ms: of(20 * minute, hour, 2.5 * hour, 5 * hour) })],
  cancel: [6, record({ queue, pick, dependents: rarely(of('cancel' as const, 'release' as const), 2) })], // prettier-ignore
  remove: [5, record({ queue, pick })],
  retryJob: [9, record({ pick })],
  retryJobs: [3, record({ queue, state: finished, count: of(1, 2, 100) })],
  clean: [2, record({ queue, state: resting, grace: of(0, hour), limit: of(0, 1) })],
  drain: [2, record({ queue, delayed: fc.boolean() })],
  pause: [1, record({ queue })],
  resume: [2, record({ queue })],
  obliterate: [1, record({ queue, force: fc.boolean() })],
  updateData: [2, record({ queue, pick, data: of<unknown[]>(2, 'y'.repeat(2_000)) })],
  updateMeta: [2, record({ queue, pick, meta: of({ owner: 'you' }, {}) })],
  progress: [2, record({ queue, pick, progress: of<(number | object)[]>(50, { of: 2 }) })],
  log: [3, record({ queue, pick, keep: rarely(of(0, 1), 3) })],
  noteInHand: [7, record({ pick, what: of('data' as const, 'meta' as const, 'progress' as const, 'log' as const) })], // prettier-ignore
  await: [4, record({ queue, pick })],
  counters: [2, record({ queue })],
  look: [4, record({ queue, pick })],
} as const satisfies Record<string, readonly [number, fc.Arbitrary<object>]>;

export type Kind = keyof typeof kinds;
export type Command = { [K in Kind]: { readonly do: K } & Drawn<(typeof kinds)[K][1]> }[Kind];
/** For each kind, how a command comes to be done; undefined when there is nothing to do. */
export type Planners = {
  readonly [K in Kind]: (
    stage: Stage,
    queue: string,
    command: Extract<Command, { do: K }>,
  ) => Plan | undefined;
};
export const kindNames = Object.keys(kinds) as Kind[];

function drawn<K extends Kind>(kind: K): fc.Arbitrary<Command> {
  const made = kinds[kind][1] as fc.Arbitrary<object>;
  return made.map((fields) => ({ do: kind, ...fields }) as Command);
}

const command = fc.oneof(
  ...kindNames.map((kind) => ({ weight: kinds[kind][0], arbitrary: drawn(kind) })),
);

function inTurn(...names: readonly Kind[]): fc.Arbitrary<Command[]> {
  return fc.tuple(...names.map((kind) => drawn(kind)));
}

/** A job with these options, and what follows in its queue. */
function unstarted(opts: JobOptions, ms: number, then: 'sweep' | 'claim'): fc.Arbitrary<Command[]> {
  return fc.tuple(queue, newJob, drawn(then)).map(([at, job, last]) => [
    {
      do: 'add',
      queue: at,
      job: { ...job, parents: [], opts: { ...job.opts, ...opts } },
      most: undefined,
    } as Command,
    { do: 'pass', ms },
    { ...last, queue: at } as Command,
  ]);
}

/** A job with a ttl that may not have started when its worker dies; its ttl ends before it is taken again. */
function lostUnstarted(then: 'sweep' | 'claim'): fc.Arbitrary<Command[]> {
  const drawnAll = fc.tuple(queue, newJob, drawn('claim'), drawn('lapse'), drawn('sweep'), drawn(then)); // prettier-ignore
  return drawnAll.map(([at, job, claim, lapse, sweep, last]) => [
    {
      do: 'add',
      queue: at,
      job: { ...job, parents: [], opts: { ...job.opts, ttl: 2 * hour, delay: undefined } },
      most: undefined,
    },
    { ...claim, queue: at } as Command,
    { ...lapse, ahead: true } as Command,
    { ...sweep, queue: at } as Command,
    { do: 'pass', ms: 2.5 * hour },
    { ...last, queue: at } as Command,
  ]);
}

/** A job that would not stay when it ends, if nobody waited for it. */
const awaitedAndGone = fc
  .tuple(queue, newJob, drawn('claim'), drawn('complete'), drawn('fail'))
  .map(([at, job, claim, complete, fail]): Command[] => {
    const opts = { ...job.opts, attempts: 1, delay: undefined, removeOnComplete: true, removeOnFail: true } as const; // prettier-ignore
    return [
      { do: 'add', queue: at, job: { ...job, parents: [], opts }, most: undefined },
      { ...claim, queue: at } as Command,
      { do: 'await', queue: at, pick: 0 },
      { ...(job.id % 2 > 0 ? complete : fail), pick: 0 } as Command,
    ];
  });

/** Some things come about only when others have just been done. */
const turns = fc.oneof(
  { weight: 36, arbitrary: command.map((one) => [one]) },
  { weight: 2, arbitrary: inTurn('lapse', 'sweep', 'claim') },
  { weight: 1, arbitrary: inTurn('lapse', 'sweep', 'claim', 'lapse', 'sweep', 'claim') },
  { weight: 1, arbitrary: inTurn('lapse', 'sweep', 'claim', 'noteInHand', 'complete') },
  { weight: 1, arbitrary: inTurn('lapse', 'sweep', 'drain') },
  { weight: 1, arbitrary: lostUnstarted('claim') },
  { weight: 1, arbitrary: lostUnstarted('sweep') },
  { weight: 1, arbitrary: inTurn('add', 'await', 'remove') },
  { weight: 1, arbitrary: inTurn('retryJob', 'retryJob') },
  { weight: 1, arbitrary: inTurn('claim', 'cancel', 'fail') },
  { weight: 1, arbitrary: unstarted({ delay: 3 * hour, ttl: 2 * hour }, 2.5 * hour, 'sweep') },
  { weight: 1, arbitrary: unstarted({ ttl: 2 * hour }, 2.5 * hour, 'claim') },
  { weight: 2, arbitrary: awaitedAndGone },
  { weight: 1, arbitrary: inTurn('add', 'add', 'claim', 'claim', 'complete', 'complete') },
);

/** One of four parts, so that few histories are short, and each shrinks to nothing. */
const part = fc.array(turns, { maxLength: 20, size: 'max' });

/** Whether scripts are to publish what happens, and the commands. */
export const history = record({
  heard: fc.boolean(),
  commands: fc.tuple(part, part, part, part).map((parts) => parts.flat(2)),
});
