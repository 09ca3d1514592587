// Leases, and what is claimed under them.
import {
  as,
  declareScript,
  type CallRow,
  type JobId,
  type LeaseId,
  type Token,
} from '../script.js';
import { countOf, numbered, word } from './reply.js';

export const open = declareScript('open', {
  keys: ['meta', 'leases'],
  args: { lease: as<LeaseId>(), period: as<number>(), schema: as<number>() },
  each: {},
  parse: word<'opened' | 'used' | 'outdated'>,
});

export type RenewReply =
  | {
      readonly word: 'alive';
      readonly held: number;
      /** Jobs that were asked to stop. */
      readonly stops: readonly JobId[];
    }
  | { readonly word: 'dead' };

export const renew = declareScript('renew', {
  keys: ['leases', 'held', 'stopping'],
  args: { lease: as<LeaseId>(), period: as<number>() },
  each: {},
  parse: (reply): RenewReply => {
    const [state, held, stops] = reply as ['alive', string, JobId[]] | ['dead', '', []];
    return state === 'alive' ? { word: state, held: Number(held), stops } : { word: state };
  },
});

export const close = declareScript('close', {
  keys: ['leases', 'held', 'calls', 'workers', 'waiting', 'suspects', 'delayed', 'wake'],
  args: { lease: as<LeaseId>() },
  each: { call: as<CallRow>() },
  parse: word<'closed' | 'dead'>,
});

/** A job as claim and reread tell it; `record` is undefined while it is to be read. */
export interface ClaimedRow {
  readonly id: JobId;
  readonly record: string | undefined;
  readonly attempts: number;
  readonly losses: number;
  /** Whether it was held under a dead lease before, started or not. */
  readonly suspect: boolean;
  /** End (server's ms) of its ttl, while it had not started. */
  readonly ends?: number | undefined;
}

export type ClaimReply =
  | { readonly word: 'dead' | 'expired' | 'outdated' | 'paused' | 'stale' }
  | {
      readonly word: 'claimed' | 'empty' | 'more' | 'held off';
      readonly token: Token;
      /** Server time (ms) of the earliest delayed job, when fewer jobs were taken than wanted. */
      readonly due: number | undefined;
      /** How many jobs had expired, and wait for expire. */
      readonly late: number;
      /** When jobs were taken: how many stay, void entries and suspects included; undefined when that is not known any more. */
      readonly left: number | undefined;
      readonly jobs: readonly ClaimedRow[];
    };

type Lists = [string[], (string | null)[], (string | null)[], (string | null)[], string[]?];

function rows([ids, records, attempts, losses, ends = []]: Lists): ClaimedRow[] {
  return ids.map((id, i) => ({
    id: id as JobId,
    record: records[i] ?? undefined,
    attempts: countOf(attempts[i]),
    losses: countOf(losses[i]),
    suspect: typeof losses[i] === 'string',
    ends: ends[i] ? Number(ends[i]) : undefined,
  }));
}

/** Ids of a claim that was answered before, each with the end of its ttl behind a tab. */
function repeatedRows(lines: readonly string[]): ClaimedRow[] {
  const parts = lines.filter(Boolean).map((line) => line.split('\t'));
  const ends = parts.map(([, end = '']) => end);
  return rows([parts.map(([id = '']) => id), [], [], [], ends]);
}

/** The stored reply of a claim: its word, then token and ids, a line each; what may not have started stands behind a tab. */
function repeatedClaim(stored: string): ClaimReply {
  const [head = '', line = '', ...ids] = stored.split('\n');
  const state = head.split('\t')[0] as ClaimReply['word'];
  if (state === 'claimed' || state === 'empty' || state === 'more' || state === 'held off')
    return {
      word: state,
      token: line.split('\t')[0] as Token,
      due: undefined,
      late: 0,
      left: undefined,
      jobs: repeatedRows(ids),
    };
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
    'expiring',
    'waiting',
    'tombstones',
    'suspects',
    'delayed',
    'wake',
    'news',
  ],
  args: {
    ...numbered,
    schema: as<number>(),
    lease: as<LeaseId>(),
    want: as<number>(),
    allowance: as<number>(),
    alone: as<0 | 1>(),
    begun: as<string>(),
  },
  each: {},
  parse: (reply): ClaimReply => {
    const [state, token, due, late, left, ...lists] = reply as [
      string,
      string,
      string,
      number,
      number,
      ...Partial<Lists>,
    ];
    if (state === 'repeated') return repeatedClaim(token);
    if (lists.length === 0) return repeatedClaim(state);
    return {
      word: state as 'claimed' | 'empty' | 'more' | 'held off',
      token: token as Token,
      due: due === '' ? undefined : Number(due),
      late,
      left: state === 'claimed' ? left : undefined,
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

/** A marker that was taken: the place of its queue among those that were asked for, and how many ids wait there. */
export interface Collected {
  readonly place: number;
  readonly left: number;
}

export const collect = declareScript('collect', {
  keys: ['markers'],
  args: { most: as<number>(), have: as<0 | 1>() },
  each: {},
  parse: (reply): Collected[] => {
    const numbers = reply as number[];
    return Array.from({ length: numbers.length / 2 }, (_, at) => ({
      place: numbers[2 * at] as number,
      left: numbers[2 * at + 1] as number,
    }));
  },
});

/** A queue where something may be claimed or will be: its place among those that were asked for, and how many ids are there. */
export interface Peeked {
  readonly place: number;
  readonly left: number;
  readonly marked: boolean;
  /** ms until the next delayed job is due. */
  readonly due: number | undefined;
}

export const peek = declareScript('peek', {
  keys: ['claimable'],
  args: {},
  each: {},
  parse: (reply): Peeked[] => {
    const numbers = reply as number[];
    return Array.from({ length: numbers.length / 4 }, (_, at) => {
      const [place, left, marked, due] = numbers.slice(4 * at) as [number, number, number, number];
      return { place, left, marked: marked === 1, due: due < 0 ? undefined : due };
    });
  },
});
