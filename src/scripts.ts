// The catalogue: one declaration per file in lua/. Names and order are those of the file's header; a test
// holds the two together.
import {
  as,
  declareScript,
  type CallRow,
  type FailureText,
  type JobId,
  type LeaseId,
  type OutcomeText,
  type RecordText,
  type Token,
  type TraitsText,
} from './script.js';

/** Major version of the data model. A queue that a newer one has touched is left alone. */
export const schemaVersion = 1;

const numbered = { call: as<CallRow>(), number: as<number>() };
const claimed = { id: as<JobId>(), token: as<Token>() };

/** Reply of a script that answers one word. */
function word<W extends string>(reply: unknown): W {
  return reply as W;
}

/** Reply of a script that answers a word for each element, or one for the whole call. */
function words<W extends string, Whole extends string = never>(
  reply: unknown,
): readonly W[] | Whole {
  const text = reply as string;
  return text === 'stale' || text === 'outdated' ? (text as Whole) : (text.split(' ') as W[]);
}

export type AddWord = 'added' | 'duplicate';
export type SettleWord = 'settled' | 'lost';

export const open = declareScript('open', {
  keys: ['meta', 'leases'],
  args: { lease: as<LeaseId>(), period: as<number>(), schema: as<number>() },
  each: {},
  parse: word<'opened' | 'used' | 'outdated'>,
});

export type RenewReply =
  | { readonly word: 'alive'; readonly held: number }
  | { readonly word: 'dead' };

export const renew = declareScript('renew', {
  keys: ['leases', 'held'],
  args: { lease: as<LeaseId>(), period: as<number>() },
  each: {},
  parse: (reply): RenewReply => {
    const [state, held] = reply as ['alive' | 'dead', string];
    return state === 'alive' ? { word: state, held: Number(held) } : { word: state };
  },
});

export const close = declareScript('close', {
  keys: ['leases', 'held', 'calls', 'waiting', 'suspects', 'delayed', 'wake'],
  args: { lease: as<LeaseId>() },
  each: { call: as<CallRow>() },
  parse: word<'closed' | 'dead'>,
});

export const enqueue = declareScript('enqueue', {
  keys: ['calls', 'meta', 'jobs', 'traits', 'waiting', 'wake'],
  args: { ...numbered, schema: as<number>() },
  each: { id: as<JobId>(), record: as<RecordText>(), traits: as<TraitsText | ''>() },
  parse: words<AddWord, 'stale' | 'outdated'>,
});

export const schedule = declareScript('schedule', {
  keys: ['calls', 'meta', 'jobs', 'traits', 'delayed', 'wake'],
  args: { ...numbered, schema: as<number>() },
  each: {
    id: as<JobId>(),
    record: as<RecordText>(),
    traits: as<TraitsText | ''>(),
    delay: as<number>(),
  },
  parse: words<AddWord, 'stale' | 'outdated'>,
});

/** A job as claim and reread tell it; `record` is undefined while it is to be read. */
export interface ClaimedRow {
  readonly id: JobId;
  readonly record: string | undefined;
  readonly attempts: number;
  readonly losses: number;
}

export type ClaimReply =
  | { readonly word: 'dead' | 'expired' | 'outdated' | 'paused' | 'stale' }
  | {
      readonly word: 'claimed' | 'empty' | 'more' | 'held off';
      readonly token: Token;
      /** Server time (ms) of the earliest delayed job, when fewer jobs were taken than wanted. */
      readonly due: number | undefined;
      readonly jobs: readonly ClaimedRow[];
    };

type Lists = [string[], (string | null)[], (string | null)[], (string | null)[]];

function rows([ids, records, attempts, losses]: Lists): ClaimedRow[] {
  return ids.map((id, i) => ({
    id: id as JobId,
    record: records[i] ?? undefined,
    attempts: Number(attempts[i] ?? 0),
    losses: Number(losses[i] ?? 0),
  }));
}

/** The stored reply of a claim: its word, then token and ids, a line each. */
function repeatedClaim(stored: string): ClaimReply {
  const [state, token, ...ids] = stored.split('\n') as [ClaimReply['word'], Token, ...string[]];
  if (state === 'claimed' || state === 'empty' || state === 'more' || state === 'held off')
    return { word: state, token, due: undefined, jobs: rows([ids.filter(Boolean), [], [], []]) };
  return { word: state };
}

export const claim = declareScript('claim', {
  keys: [
    'calls',
    'meta',
    'leases',
    'held',
    'active',
    'jobs',
    'traits',
    'attempts',
    'stalls',
    'waiting',
    'tombstones',
    'suspects',
    'delayed',
    'wake',
  ],
  args: {
    ...numbered,
    schema: as<number>(),
    lease: as<LeaseId>(),
    want: as<number>(),
    allowance: as<number>(),
    alone: as<0 | 1>(),
  },
  each: {},
  parse: (reply): ClaimReply => {
    const [state, token, due, ...lists] = reply as [string, string, string, ...Partial<Lists>];
    if (state === 'repeated') return repeatedClaim(token);
    if (lists.length === 0) return repeatedClaim(state);
    return {
      word: state as 'claimed' | 'empty' | 'more' | 'held off',
      token: token as Token,
      due: due === '' ? undefined : Number(due),
      jobs: rows(lists as Lists),
    };
  },
});

export const reread = declareScript('reread', {
  keys: ['active', 'jobs', 'traits', 'attempts', 'stalls'],
  args: { token: as<Token>() },
  each: { id: as<JobId>() },
  parse: (reply) => rows(reply as Lists),
});

export const complete = declareScript('complete', {
  keys: ['active', 'held', 'completed', 'results', 'columns'],
  args: {},
  each: { ...claimed, outcome: as<OutcomeText | ''>() },
  parse: words<SettleWord>,
});

export const fail = declareScript('fail', {
  keys: ['active', 'held', 'failed', 'attempts', 'results', 'columns'],
  args: {},
  each: { ...claimed, attempts: as<number>(), failure: as<FailureText | ''>() },
  parse: words<SettleWord>,
});

export const retry = declareScript('retry', {
  keys: ['active', 'held', 'attempts', 'results', 'traits', 'waiting', 'delayed', 'wake'],
  args: {},
  each: { ...claimed, attempts: as<number>(), delay: as<number>(), failure: as<FailureText>() },
  parse: words<SettleWord>,
});

export const handback = declareScript('handback', {
  keys: ['active', 'held', 'stalls', 'waiting', 'suspects', 'wake'],
  args: {},
  each: claimed,
  parse: words<SettleWord>,
});

export const promote = declareScript('promote', {
  keys: ['delayed', 'traits', 'waiting', 'wake'],
  args: { limit: as<number>() },
  each: {},
  parse: (reply) => {
    const [moved, due] = reply as [number, string];
    return { moved, dueIn: due === '' ? undefined : Math.max(0, Number(due)) };
  },
});

export const lapse = declareScript('lapse', {
  keys: ['leases', 'held', 'calls'],
  args: { expire: as<0 | 1>() },
  each: {},
  parse: (reply) => reply as number,
});

export const reclaim = declareScript('reclaim', {
  keys: ['leases', 'held', 'active', 'suspects', 'stalls', 'traits', 'attempts', 'wake'],
  args: { cursor: as<string>(), losses: as<number>() },
  each: {},
  parse: (reply) => {
    const [cursor, suspects, over] = reply as [string, JobId[], string[][]];
    return {
      cursor,
      suspects,
      over: over.map(([id, token, traits, attempts]) => ({
        id: id as JobId,
        token: token as Token,
        traits: traits as TraitsText | '',
        attempts: Number(attempts),
      })),
    };
  },
});

export const sweep = declareScript('sweep', {
  keys: ['meta', 'delayed', 'leases'],
  args: { period: as<number>() },
  each: {},
  parse: (reply) => {
    const [state, now, due, lapsed] = reply as ['due' | 'early', string, string?, number?];
    const dueIn = due ? Math.max(0, Number(due) - Number(now)) : undefined;
    return { word: state, now: Number(now), dueIn, lapsed: lapsed ?? 0 };
  },
});

export const tidy = declareScript('tidy', {
  keys: ['calls'],
  args: { cursor: as<string>(), age: as<number>() },
  each: {},
  parse: (reply) => reply as string,
});

export const remove = declareScript('remove', {
  keys: [
    'calls',
    'jobs',
    'traits',
    'active',
    'delayed',
    'completed',
    'failed',
    'suspects',
    'waiting',
    'tombstones',
    'columns',
  ],
  args: numbered,
  each: { id: as<JobId>() },
  parse: words<'removed' | 'active' | 'unknown', 'stale'>,
});

export const requeue = declareScript('requeue', {
  keys: [
    'calls',
    'jobs',
    'traits',
    'attempts',
    'stalls',
    'results',
    'completed',
    'failed',
    'waiting',
    'wake',
  ],
  args: numbered,
  each: { id: as<JobId>() },
  parse: words<'requeued' | 'unfinished' | 'unknown', 'stale'>,
});

export const pause = declareScript('pause', {
  keys: ['meta'],
  args: {},
  each: {},
  parse: word<'paused'>,
});

export const resume = declareScript('resume', {
  keys: ['meta', 'waiting', 'suspects', 'delayed', 'wake'],
  args: {},
  each: {},
  parse: word<'resumed'>,
});

export const drain = declareScript('drain', {
  keys: ['waiting', 'tombstones', 'suspects', 'delayed', 'columns'],
  args: { limit: as<number>(), delayed: as<0 | 1>() },
  each: {},
  parse: (reply) => {
    const [removed, state] = reply as [number, 'more' | 'done'];
    return { removed, word: state };
  },
});

/** States that a job can be in. */
export const states = ['waiting', 'delayed', 'active', 'completed', 'failed'] as const;
export type JobState = (typeof states)[number];

export interface InspectedJob {
  readonly state: JobState;
  readonly record: string;
  readonly attempts: number;
  readonly outcome: string;
  /** Token of an active job; due or finish time (ms) of a delayed or finished one. */
  readonly detail: string;
}

export const inspect = declareScript('inspect', {
  keys: ['jobs', 'attempts', 'results', 'active', 'delayed', 'completed', 'failed'],
  args: {},
  each: { id: as<JobId>() },
  parse: (reply) =>
    (reply as string[][]).map(([state, record, attempts, outcome, detail]) =>
      state === 'unknown'
        ? undefined
        : ({ state, record, attempts: Number(attempts), outcome, detail } as InspectedJob),
    ),
});

export const obliterate = declareScript('obliterate', {
  keys: ['active', 'keyspace'],
  args: { force: as<0 | 1>() },
  each: {},
  parse: word<'gone' | 'active'>,
});

export const count = declareScript('count', {
  keys: ['jobs', 'active', 'delayed', 'completed', 'failed'],
  args: {},
  each: {},
  parse: (reply) => {
    const [waiting, delayed, active, completed, failed] = reply as [
      number,
      number,
      number,
      number,
      number,
    ];
    return { waiting, delayed, active, completed, failed } satisfies Record<JobState, number>;
  },
});

export const list = declareScript('list', {
  keys: ['active', 'suspects', 'waiting', 'delayed', 'completed', 'failed'],
  args: { state: as<JobState>(), start: as<number | string>(), stop: as<number>() },
  each: {},
  parse: (reply) => {
    const [cursor, ids] = reply as [string, JobId[]];
    return { cursor, ids };
  },
});
