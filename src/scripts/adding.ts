// What brings jobs into a queue.
import {
  as,
  declareScript,
  type EdgeLines,
  type EdgeText,
  type FailureText,
  type JobId,
  type OutcomeLines,
  type RecordText,
  type TraitsText,
} from '../script.js';
import type { FateWord } from './family.js';
import { numbered, words } from './reply.js';

/** Major version of the data model. A queue that a newer one has touched is left alone. */
export const schemaVersion = 1;

/** `full`: the queue holds as many jobs that have not started as it may. */
export type AddWord = 'added' | 'duplicate' | 'full';

const job = { id: as<JobId>(), record: as<RecordText>(), traits: as<TraitsText | ''>() };
const adding = { ...numbered, schema: as<number>() };
const bounded: { most?: number } = { most: as<number>() };
const entered = ['calls', 'meta', 'jobs', 'traits', 'expiring', 'watched'] as const;
const beyond = ['active', 'completed', 'failed', 'cancelled'] as const;

export const enqueue = declareScript('enqueue', {
  keys: [...entered, 'waiting', 'wake', ...beyond, 'news'],
  args: { ...adding, distinct: as<number>(), ...bounded },
  each: job,
  parse: words<AddWord, 'stale' | 'outdated'>,
});

export const schedule = declareScript('schedule', {
  keys: [...entered, 'delayed', 'wake', ...beyond, 'news'],
  args: { ...adding, ...bounded },
  each: { ...job, delay: as<number>() },
  parse: words<AddWord, 'stale' | 'outdated'>,
});

export const defer = declareScript('defer', {
  keys: [
    'calls',
    'meta',
    'jobs',
    'traits',
    'outcomes',
    'expiring',
    'watched',
    'awaiting',
    'deferred',
    'waiting',
    'delayed',
    'failed',
    'active',
    'completed',
    'cancelled',
    'evicting',
    'failures',
    'wake',
    'news',
  ],
  args: { ...adding, ...bounded },
  each: {
    ...job,
    edges: as<EdgeLines | ''>(),
    outcomes: as<OutcomeLines | ''>(),
    failure: as<FailureText | ''>(),
  },
  parse: words<AddWord, 'stale' | 'outdated'>,
});

/** What a parent's queue says to an edge. */
export interface DependAnswer {
  readonly word: 'pending' | Exclude<FateWord, 'evicted'>;
  /** Outcome of a completed parent; '' when it is to be read from there. */
  readonly text: string;
}

export const depend = declareScript('depend', {
  keys: ['jobs', 'traits', 'completed', 'failed', 'cancelled', 'results', 'dependents', 'watched'],
  args: {},
  each: { parent: as<JobId>(), edge: as<EdgeText>() },
  parse: (reply) =>
    (reply as [DependAnswer['word'], string?][]).map(([state, text = '']): DependAnswer => ({
      word: state,
      text,
    })),
});
