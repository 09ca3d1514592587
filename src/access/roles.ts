// Who runs what: each script by the classes that call it, and the commands that clients send by themselves. Redis checks the commands inside a
// script against its caller, so this is all that the rules of a user are made of.
import type { ScriptName } from '../script.js';

/**
 * What a user of Redis is for. `producer`: `Queue`, `QueueEvents` and the command `lunaq`; `worker`: `Worker` and the jobs that its handlers are
 * given; `observer`: `QueueEvents`, and all of a `Queue` and of `lunaq` that only looks.
 */
export type Role = 'producer' | 'worker' | 'observer';

export const roles: readonly Role[] = ['producer', 'worker', 'observer'];

const producer: readonly Role[] = ['producer'];
const worker: readonly Role[] = ['worker'];
const both: readonly Role[] = ['producer', 'worker'];
const looking: readonly Role[] = ['producer', 'observer'];

/** A script that is missing here does not compile. */
export const callersOf: Readonly<Record<ScriptName, readonly Role[]>> = {
  // Adding.
  enqueue: producer,
  schedule: producer,
  defer: producer,
  register: both,
  unregister: producer,

  // Claiming and settling; maintenance, which any worker does.
  open: worker,
  renew: worker,
  claim: worker,
  collect: worker,
  peek: worker,
  reread: worker,
  complete: worker,
  fail: worker,
  stop: worker,
  retry: worker,
  delay: worker,
  handback: worker,
  promote: worker,
  lapse: worker,
  reclaim: worker,
  sweep: worker,
  expire: worker,
  evict: worker,
  tidy: worker,
  recheck: worker,
  untold: worker,

  // Between parents and children, whoever ends or adds one.
  depend: both,
  release: both,
  arrive: both,
  doom: both,

  // Acting on a job, which handlers are given too.
  remove: both,
  cancel: both,
  requeue: both,
  progress: both,
  log: both,
  rewrite: both,
  watch: both,
  report: both,
  close: both,

  // Acting on a queue.
  pause: producer,
  resume: producer,
  drain: producer,
  stamp: producer,
  obliterate: producer,
  keep: producer,

  // Looking.
  inspect: ['producer', 'worker', 'observer'],
  scan: ['producer', 'worker', 'observer'],
  parents: ['producer', 'worker', 'observer'],
  dependents: ['producer', 'worker', 'observer'],
  position: ['producer', 'worker', 'observer'],
  exists: looking,
  count: looking,
  logs: looking,
  list: looking,
  oldest: looking,
  paused: looking,
  minutes: looking,
  workers: looking,
  queues: looking,
  survey: looking,
  browse: looking,
  examine: looking,
  muster: looking,
  reckon: looking,

  // Hearing.
  listen: looking,
  replay: looking,
};

/** What clients send themselves. The last two serve connections with a `connectionName` or `db`. */
const everybody = [
  'evalsha',
  'script|load',
  'info',
  'subscribe',
  'unsubscribe',
  'client|setname',
  'select',
];

/** Who hears of events asks now and then whether all have come. */
const hearing = [...everybody, 'ping'];

export const ownCommands: Readonly<Record<Role, readonly string[]>> = {
  producer: hearing,
  // Blocking on markers, on a connection of its own, which the other one wakes.
  worker: [...everybody, 'blpop', 'client|id', 'client|unblock'],
  observer: hearing,
};

/** The one key with which a role may use a command: an observer keeps alive what tells that somebody listens. */
export const confined: Readonly<Partial<Record<Role, Readonly<Record<string, 'audience'>>>>> = {
  observer: { set: 'audience' },
};
