// What only looks.
import { as, declareScript, type JobId } from '../script.js';
import { countOf } from './reply.js';

/** States that a job can be in. */
export const states = [
  'waiting',
  'delayed',
  'deferred',
  'active',
  'completed',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof states)[number];

/** States that end a job. */
export type FinishedState = 'completed' | 'failed' | 'cancelled';

export function isFinished(state: JobState): state is FinishedState {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

export interface InspectedJob {
  readonly state: JobState;
  readonly record: string;
  readonly attempts: number;
  /** Of a completed job. */
  readonly outcome: string;
  /** Its failed attempts, and why it was cancelled: a line each, the newest first. */
  readonly failures: string;
  /** Token of an active job; due, next check's or finish time (ms) of a delayed, deferred or finished one. */
  readonly detail: string;
  /** JSON; '' when none was told. */
  readonly progress: string;
}

export const inspect = declareScript('inspect', {
  keys: [
    'jobs',
    'attempts',
    'results',
    'failures',
    'progress',
    'active',
    'delayed',
    'completed',
    'failed',
    'deferred',
    'cancelled',
  ],
  args: {},
  each: { id: as<JobId>() },
  parse: (reply) =>
    (reply as string[][]).map(([state, record, attempts, outcome, failures, detail, told]) =>
      state === 'unknown'
        ? undefined
        : ({
            state,
            record,
            attempts: countOf(attempts),
            outcome,
            failures,
            detail,
            progress: told,
          } as InspectedJob),
    ),
});

export const count = declareScript('count', {
  keys: ['jobs', 'delayed', 'deferred', 'active', 'completed', 'failed', 'cancelled'],
  args: {},
  each: {},
  parse: (reply) => {
    const counts = reply as number[];
    return Object.fromEntries(states.map((state, i) => [state, counts[i]])) as Record<
      JobState,
      number
    >;
  },
});

/** All that tells that a job does not wait. */
const elsewhere = ['delayed', 'completed', 'failed', 'deferred', 'cancelled'] as const;

export const list = declareScript('list', {
  keys: ['active', 'suspects', 'waiting', 'tombstones', 'jobs', ...elsewhere],
  args: {
    state: as<Exclude<JobState, 'active'>>(),
    start: as<number>(),
    stop: as<number>(),
    order: as<'oldest' | 'newest'>(),
    age: as<number | ''>(),
  },
  each: {},
  parse: (reply) => {
    const [ids, gone] = reply as [JobId[], JobId[]];
    return { ids, gone };
  },
});

export const scan = declareScript('scan', {
  keys: ['active', 'waiting', 'suspects', 'expiring', ...elsewhere],
  args: { state: as<JobState>(), cursor: as<string>(), count: as<number>() },
  each: {},
  parse: (reply) => {
    const [cursor, ids] = reply as [string, JobId[]];
    return { cursor, ids };
  },
});

export const position = declareScript('position', {
  keys: ['jobs', 'active', 'suspects', 'waiting', 'tombstones', ...elsewhere],
  args: { id: as<JobId>(), at: as<number>(), limit: as<number>() },
  each: {},
  parse: (reply) => {
    const [word, number] = reply as ['found' | 'more', number] | ['elsewhere'];
    return word === 'elsewhere' ? { word } : { word, number };
  },
});

export const oldest = declareScript('oldest', {
  keys: ['jobs', 'active', 'suspects', 'waiting', 'tombstones', ...elsewhere],
  args: { start: as<number>() },
  each: {},
  parse: (reply) => {
    const [now, next, ...rows] = reply as [string, number, ...[JobId, string?][]];
    const [suspect, first, last] = rows.map(([id, record]) =>
      id !== undefined && record ? { id, record } : undefined,
    );
    return { now: Number(now), next, suspect, first, last };
  },
});
