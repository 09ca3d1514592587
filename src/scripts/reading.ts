// What only looks.
import { as, declareScript, type JobId } from '../script.js';

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
}

export const inspect = declareScript('inspect', {
  keys: [
    'jobs',
    'attempts',
    'results',
    'failures',
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
    (reply as string[][]).map(([state, record, attempts, outcome, failures, detail]) =>
      state === 'unknown'
        ? undefined
        : ({
            state,
            record,
            attempts: Number(attempts),
            outcome,
            failures,
            detail,
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

export const list = declareScript('list', {
  keys: [
    'active',
    'suspects',
    'waiting',
    'delayed',
    'completed',
    'failed',
    'deferred',
    'cancelled',
  ],
  args: {
    state: as<JobState>(),
    start: as<number | string>(),
    stop: as<number>(),
    age: as<number | ''>(),
  },
  each: {},
  parse: (reply) => {
    const [cursor, ids] = reply as [string, JobId[]];
    return { cursor, ids };
  },
});
