// Looking at the key space itself, for the doctor: facts, which TypeScript judges.
import { columns, nouns, type Noun } from '../keys.js';
import { as, declareScript, type JobId, type LeaseId } from '../script.js';

/** What a key is and how much it holds. */
export interface KeySize {
  readonly kind: string;
  readonly size: number;
}

export const survey = declareScript('survey', {
  keys: ['keyspace'],
  args: {},
  each: {},
  parse: (reply) => {
    const sizes = reply as [string, number][];
    const entries = nouns.map((noun, i) => {
      const [kind, size] = sizes[i] as [string, number];
      return [noun, { kind, size }];
    });
    return Object.fromEntries(entries) as Record<Noun, KeySize>;
  },
});

export const browse = declareScript('browse', {
  keys: ['keyspace'],
  args: {
    place: as<number>(),
    kind: as<'hash' | 'zset' | 'list'>(),
    cursor: as<string>(),
    whole: as<0 | 1>(),
  },
  each: { id: as<JobId>() },
  parse: (reply) => {
    const [cursor, ids, values] = reply as [string, JobId[], (string | null)[]];
    return { cursor, ids, values: values.map((value) => value ?? undefined) };
  },
});

/** Sets in which an id has a score. */
export const scored = [
  'delayed',
  'deferred',
  'suspects',
  'completed',
  'failed',
  'cancelled',
  'expiring',
  'evicting',
] as const;

/** All that the keys say of one job at one moment. */
export interface JobFacts {
  /** Bytes of its record; undefined without one. */
  readonly bytes: number | undefined;
  /** Columns with a row of a job that has no record. */
  readonly strays: readonly Noun[];
  readonly token: string | undefined;
  /** Deadline (ms) of its token's lease. */
  readonly deadline: number | undefined;
  /** Whether `stopping` names it, under the lease asked for or else that of its token. */
  readonly stopping: boolean;
  /** The lease asked for. */
  readonly lease?: LeaseId | '';
  /** Whether it has an edge in `awaiting`. */
  readonly awaits: boolean;
  /** How many edges it has in `dependents`. */
  readonly dependents: number;
  readonly traits: string | undefined;
  readonly watched: string | undefined;
  readonly releasing: string | undefined;
  readonly tombstones: string | undefined;
  readonly scores: Readonly<Record<(typeof scored)[number], number | undefined>>;
  /** Server's time (ms). */
  readonly now: number;
  /** The newest token number of the queue. */
  readonly newest: string | undefined;
}

type Row = string | null;

export const examine = declareScript('examine', {
  keys: [
    'meta',
    'jobs',
    'traits',
    'watched',
    'releasing',
    'tombstones',
    'active',
    'leases',
    'stopping',
    'awaiting',
    'dependents',
    ...scored,
    'columns',
  ],
  args: {},
  each: { id: as<JobId>(), lease: as<LeaseId | ''>() },
  parse: (reply): JobFacts[] => {
    type Heads = [number, Row, number[], string[], Row[], number[], number[], number[]];
    const [now, newest, bytes, strays, deadlines, stops, open, behind] = reply as Heads;
    const [traits, watched, releasing, tombstones, tokens, ...scores] = (reply as Row[][]).slice(
      8,
    ) as [Row[], Row[], Row[], Row[], Row[], ...Row[][]];
    return bytes.map((size, i) => ({
      now,
      newest: newest ?? undefined,
      bytes: size < 0 ? undefined : size,
      strays: (strays[i] ?? '').split(' ').flatMap((place) => columns[Number(place) - 1] ?? []),
      token: tokens[i] ?? undefined,
      deadline: numberOf(deadlines[i]),
      stopping: stops[i] === 1,
      awaits: open[i] !== 0,
      dependents: behind[i] ?? 0,
      traits: traits[i] ?? undefined,
      watched: watched[i] ?? undefined,
      releasing: releasing[i] ?? undefined,
      tombstones: tombstones[i] ?? undefined,
      scores: Object.fromEntries(
        scored.map((set, at) => [set, numberOf(scores[at]?.[i])]),
      ) as JobFacts['scores'],
    }));
  },
});

/** What the keys say of one lease at one moment. */
export interface LeaseFacts {
  /** ms, 0 for a dead one; undefined for one that is not there. */
  readonly deadline: number | undefined;
  /** Its row of `held`. */
  readonly held: string | undefined;
  /** How many active jobs have its tokens; undefined when too many are active to be counted. */
  readonly jobs: number | undefined;
  readonly now: number;
}

export const muster = declareScript('muster', {
  keys: ['leases', 'held', 'active'],
  args: {},
  each: { lease: as<LeaseId>() },
  parse: (reply): LeaseFacts[] => {
    const [now, deadlines, held, jobs] = reply as [number, Row[], Row[], number[]];
    return deadlines.map((deadline, i) => ({
      deadline: numberOf(deadline),
      held: held[i] ?? undefined,
      jobs: jobs[i],
      now,
    }));
  },
});

const sizes = [
  'jobs',
  'active',
  'suspects',
  'delayed',
  'deferred',
  'completed',
  'failed',
  'cancelled',
  /** Expired jobs without an entry in waiting. */
  'expired',
  'entries',
  'tombstones',
  /** Sum of the tombstones, -1 when there are too many rows to add up at once. */
  'voids',
  'releasing',
  /** Sum of `held`, -1 when there are too many rows. */
  'held',
  /** Leases before and behind their deadline. */
  'alive',
  'lapsed',
  'farthest',
  'markers',
] as const;

/** Marks in `meta`. */
export const marks = [
  'schema',
  'token',
  'paused',
  'swept',
  'keep completed',
  'keep failed',
  'skip completed',
  'skip failed',
] as const;

/** What the queue says of itself as a whole at one moment. */
export interface QueueFacts {
  readonly now: number;
  readonly marks: Readonly<Record<(typeof marks)[number], string | undefined>>;
  readonly sizes: Readonly<Record<(typeof sizes)[number], number>>;
  /** The earliest time (ms) in each. */
  readonly due: Readonly<
    Record<'delayed' | 'deferred' | 'expiring' | 'evicting', number | undefined>
  >;
}

export const reckon = declareScript('reckon', {
  keys: [
    'meta',
    'jobs',
    'active',
    'suspects',
    'delayed',
    'deferred',
    'completed',
    'failed',
    'cancelled',
    'expiring',
    'evicting',
    'releasing',
    'waiting',
    'tombstones',
    'held',
    'leases',
    'wake',
  ],
  args: {},
  each: {},
  parse: (reply): QueueFacts => {
    const [now, rows, counts, due] = reply as [number, Row[], (number | string)[], Row[]];
    return {
      now,
      marks: Object.fromEntries(
        marks.map((mark, i) => [mark, rows[i] ?? undefined]),
      ) as QueueFacts['marks'],
      sizes: Object.fromEntries(
        sizes.map((size, i) => [size, Number(counts[i])]),
      ) as QueueFacts['sizes'],
      due: {
        delayed: numberOf(due[0]),
        deferred: numberOf(due[1]),
        expiring: numberOf(due[2]),
        evicting: numberOf(due[3]),
      },
    };
  },
});

function numberOf(score: Row | undefined): number | undefined {
  return score === null || score === undefined ? undefined : Number(score);
}
