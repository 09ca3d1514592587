// What users do to jobs and queues.
import {
  as,
  declareScript,
  type EdgeLines,
  type FailureText,
  type JobId,
  type OutcomeLines,
  type Stamp,
} from '../script.js';
import type { FinishedState, JobState } from './reading.js';
import { numbered, word, words } from './reply.js';

export const remove = declareScript('remove', {
  keys: [
    'calls',
    'jobs',
    'traits',
    'active',
    'expiring',
    'delayed',
    'deferred',
    'awaiting',
    'suspects',
    'waiting',
    'tombstones',
    'completed',
    'failed',
    'cancelled',
    'watched',
    'releasing',
    'evicting',
    'news',
    'columns',
  ],
  args: { ...numbered, state: as<Exclude<JobState, 'active'> | ''>() },
  each: { id: as<JobId>() },
  parse: words<'removed' | 'releasing' | 'active' | 'unknown' | 'elsewhere' | 'again', 'stale'>,
});

export const cancel = declareScript('cancel', {
  keys: [
    'calls',
    'jobs',
    'traits',
    'active',
    'stopping',
    'expiring',
    'delayed',
    'deferred',
    'awaiting',
    'suspects',
    'waiting',
    'tombstones',
    'completed',
    'failed',
    'cancelled',
    'releasing',
    'evicting',
    'failures',
    'news',
    'columns',
  ],
  args: {
    ...numbered,
    word: as<'cancelled' | 'cancel' | 'release'>(),
    failure: as<FailureText>(),
  },
  each: { id: as<JobId>() },
  parse: words<'cancelled' | 'releasing' | 'stopping' | 'finished' | 'unknown' | 'again', 'stale'>,
});

export const requeue = declareScript('requeue', {
  keys: [
    'calls',
    'jobs',
    'traits',
    'attempts',
    'stalls',
    'results',
    'failures',
    'outcomes',
    'awaiting',
    'deferred',
    'completed',
    'failed',
    'cancelled',
    'watched',
    'releasing',
    'evicting',
    'waiting',
    'wake',
    'news',
  ],
  args: { ...numbered, state: as<FinishedState | ''>() },
  each: {
    id: as<JobId>(),
    stamp: as<string>(),
    edges: as<EdgeLines | ''>(),
    outcomes: as<OutcomeLines | ''>(),
  },
  parse: words<'requeued' | 'unfinished' | 'child' | 'unknown', 'stale'>,
});

export const watch = declareScript('watch', {
  keys: ['jobs', 'traits', 'completed', 'failed', 'cancelled', 'watched'],
  args: {},
  each: { id: as<JobId>() },
  parse: words<'watched' | 'finished' | 'unknown'>,
});

export const pause = declareScript('pause', {
  keys: ['calls', 'meta', 'news'],
  args: numbered,
  each: {},
  parse: word<'paused' | 'stale'>,
});

export const resume = declareScript('resume', {
  keys: ['calls', 'meta', 'waiting', 'suspects', 'delayed', 'wake', 'news'],
  args: numbered,
  each: {},
  parse: word<'resumed' | 'stale'>,
});

export const drain = declareScript('drain', {
  keys: [
    'calls',
    'waiting',
    'tombstones',
    'suspects',
    'delayed',
    'expiring',
    'cancelled',
    'watched',
    'releasing',
    'evicting',
    'news',
    'columns',
  ],
  args: { ...numbered, limit: as<number>(), delayed: as<0 | 1>() },
  each: {},
  parse: (reply) => {
    if (reply === 'stale') return reply;
    const [head = '', ...told] = (reply as string).split('\n');
    const [removed, state] = head.split(' ') as [string, 'more' | 'done'];
    return { removed: Number(removed), word: state, told: told as JobId[] };
  },
});

export const stamp = declareScript('stamp', {
  keys: ['meta'],
  args: {},
  each: {},
  parse: word<Stamp>,
});

export const obliterate = declareScript('obliterate', {
  keys: ['calls', 'meta', 'active', 'news', 'keyspace'],
  args: { ...numbered, stamp: as<Stamp>(), force: as<0 | 1>() },
  each: {},
  parse: word<'gone' | 'active' | 'stale'>,
});
