// Maintenance, a bounded step at a time.
import {
  as,
  declareScript,
  type FailureText,
  type JobId,
  type Token,
  type TraitsText,
} from '../script.js';
import { countOf } from './reply.js';

export const promote = declareScript('promote', {
  keys: ['delayed', 'traits', 'waiting', 'wake', 'meta', 'news'],
  args: { limit: as<number>(), timer: as<string>() },
  each: {},
  parse: (reply) => {
    const [moved, due, left] = reply as [number, string, number];
    return { moved, dueIn: due === '' ? undefined : Math.max(0, Number(due)), left: left === 1 };
  },
});

export const lapse = declareScript('lapse', {
  keys: ['leases', 'held', 'active', 'calls', 'workers'],
  args: { latest: as<number>() },
  each: {},
  parse: (reply) => {
    const [holding, spared, more] = reply as [number, number, number];
    return { holding, spared, more: more === 1 };
  },
});

export const reclaim = declareScript('reclaim', {
  keys: [
    'leases',
    'held',
    'active',
    'stopping',
    'suspects',
    'stalls',
    'expiring',
    'traits',
    'attempts',
    'calls',
    'wake',
    'news',
  ],
  args: { cursor: as<string>(), losses: as<number>() },
  each: {},
  parse: (reply) => {
    const [cursor, suspects, over] = reply as [string, JobId[], string[][]];
    return {
      cursor,
      suspects,
      over: over.map(([id, token, traits, attempts, settle]) => ({
        id: id as JobId,
        token: token as Token,
        traits: traits as TraitsText | '',
        attempts: countOf(attempts),
        settle: settle as 'stop' | 'fail',
      })),
    };
  },
});

/** What a sweep is to do: how many leases or jobs ask for it. */
export interface Chores {
  readonly reclaim: number;
  readonly expire: number;
  readonly evict: number;
  readonly recheck: number;
  readonly release: number;
}

export const sweep = declareScript('sweep', {
  keys: [
    'meta',
    'delayed',
    'leases',
    'held',
    'expiring',
    'evicting',
    'deferred',
    'releasing',
    'completed',
    'failed',
  ],
  args: { period: as<number>(), gap: as<number>(), outage: as<0 | 1>() },
  each: {},
  parse: (reply) => {
    type Reply = ['due' | 'untidy' | 'early', string, string?, ...counts: number[]];
    const [word, now, due, steady = 0, ...counts] = reply as Reply;
    const [leases = 0, late = 0, over = 0, unheard = 0, untold = 0, crowded = 0] = counts;
    const dueIn = due ? Math.max(0, Number(due) - Number(now)) : undefined;
    const chores: Chores = {
      reclaim: leases,
      expire: late,
      evict: over,
      recheck: unheard,
      release: untold,
    };
    return {
      word,
      now: Number(now),
      dueIn,
      steady: word === 'early' ? undefined : steady,
      chores,
      crowded: crowded > 0,
    };
  },
});

export const expire = declareScript('expire', {
  keys: [
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
    'releasing',
    'evicting',
    'failures',
    'news',
    'columns',
  ],
  args: { limit: as<number>(), failure: as<FailureText>() },
  each: {},
  parse: (reply) => {
    const [expired, told] = reply as [JobId[], JobId[]];
    return { expired, told };
  },
});

export const evict = declareScript('evict', {
  keys: [
    'meta',
    'completed',
    'failed',
    'cancelled',
    'evicting',
    'watched',
    'releasing',
    'dependents',
    'news',
    'columns',
  ],
  args: { limit: as<number>(), completed: as<number | ''>(), failed: as<number | ''>() },
  each: {},
  parse: (reply) => {
    const [gone, seen, told] = reply as [number, number, JobId[]];
    return { gone, seen, told };
  },
});

export const tidy = declareScript('tidy', {
  keys: ['calls', 'workers', 'leases'],
  args: { age: as<number>() },
  each: {},
  parse: (reply) => reply as number,
});
