// How much is taken: every limit of sizes and counts with its unit and default. What is beyond one is refused with an error that tells
// both; nothing is cut but the rows of a log and what failures tell.
import { knownOptions, wholeNumber } from './checks.js';

/** Limits of what a `Queue` or a `Worker` takes, each with a default. A worker looks at those of what handlers return and note. */
export interface LimitOptions {
  /** Most bytes of a job's data as JSON. Default 1 MiB; 64 MiB at most. */
  dataBytes?: number;
  /** Most bytes of a result as JSON. A job that returns more fails, and is not tried again. Default 1 MiB; 64 MiB at most. */
  resultBytes?: number;
  /** Most bytes of progress as JSON. Default 64 KiB; 1 MiB at most. */
  progressBytes?: number;
  /** Most bytes of `meta` as JSON. Default 64 KiB; 1 MiB at most. */
  metaBytes?: number;
  /** Bytes of a row of a log that are kept, the first ones. Default 4 KiB; 16 KiB at most. */
  logRowBytes?: number;
  /** Most bytes of a description. Default 4 KiB; 64 KiB at most. */
  descriptionBytes?: number;
  /** Most bytes of a job's name. Default 256, which can't be raised. */
  nameBytes?: number;
  /** Most bytes of a job's id. Default 256, which can't be raised. */
  idBytes?: number;
  /** Most jobs that one depends on. Default 1,000, which can't be raised. */
  parents?: number;
  /** Most jobs of one `addBulk`. Default: `maxPending`, since no more may wait. */
  bulkJobs?: number;
}

export type Limits = Readonly<Required<LimitOptions>>;

const KiB = 1024;
const MiB = 1024 * KiB;

export const defaultLimits: Limits = {
  dataBytes: MiB,
  resultBytes: MiB,
  progressBytes: 64 * KiB,
  metaBytes: 64 * KiB,
  logRowBytes: 4 * KiB,
  descriptionBytes: 4 * KiB,
  nameBytes: 256,
  idBytes: 256,
  parents: 1_000,
  bulkJobs: 100_000,
};

/** Above these, single calls would take Redis too long, or scripts that read names and edges would not see all of them. */
const greatest: Limits = {
  dataBytes: 64 * MiB,
  resultBytes: 64 * MiB,
  progressBytes: MiB,
  metaBytes: MiB,
  logRowBytes: 16 * KiB,
  descriptionBytes: 64 * KiB,
  nameBytes: 256,
  idBytes: 256,
  parents: 1_000,
  bulkJobs: 10_000_000,
};

/** Rows of a log that stay, at most: it is read and written as a whole. */
export const maxLogRows = 1_000;
/** Most waits of a list of them. */
export const maxWaits = 1_000;
/** Bytes of an error's message, and of its stack, that are kept. */
export const maxStackBytes = 4 * KiB;

/** Limits with their defaults, checked. */
export function limitsOf(given: LimitOptions | undefined, base: Limits = defaultLimits): Limits {
  if (given === undefined) return base;
  knownOptions(given, Object.keys(greatest), 'limits');
  const limits: Record<string, number> = { ...base };
  for (const [limit, value] of Object.entries(given)) {
    const most = greatest[limit as keyof Limits];
    if (value !== undefined) limits[limit] = wholeNumber(`limits.${limit}`, value, 1, most);
  }
  return limits as unknown as Limits;
}
