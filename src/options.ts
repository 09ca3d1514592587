// Every option with its unit, default and limits, and the checks that name what was wrong.
import type { ConnectionOptions } from './connection.js';
import type { Backoff } from './retry.js';

/** How a job is to be run. Those not given come from the queue's `defaultJobOptions`, then from here. */
export interface JobOptions {
  /** Custom id, 1 to 256 bytes without control characters. Adding an id that exists adds nothing. Default: generated. */
  jobId?: string;
  /** ms before the job may run. Default 0. */
  delay?: number;
  /** Whether the job goes to the front of the queue. Default false. */
  lifo?: boolean;
  /** Most runs of the job, the first included. Default 1. */
  attempts?: number;
  /** Wait between two attempts: ms, or type and delay. Default: none. */
  backoff?: number | Backoff;
  /** Whether the job is forgotten when it completed. Default false: kept. */
  removeOnComplete?: boolean;
  /** Whether the job is forgotten when it failed. Default false: kept. */
  removeOnFail?: boolean;
}

export interface QueueOptions {
  /** Redis to use. Default: 127.0.0.1:6379. */
  connection?: ConnectionOptions;
  /** First part of every key. Default `lunaq`. */
  prefix?: string;
  /** Options of each job that does not say otherwise. */
  defaultJobOptions?: JobOptions;
  /** Most adds that may wait to be sent; above, `add` rejects with BACKPRESSURE. Default 100,000. */
  maxPending?: number;
  /** Most bytes of records that may wait to be sent. Default 64 MiB. */
  maxPendingBytes?: number;
}

export interface WorkerOptions {
  /** Redis to use. Default: 127.0.0.1:6379. */
  connection?: ConnectionOptions;
  /** First part of every key. Default `lunaq`. */
  prefix?: string;
  /** Most jobs that run at the same time. Default 1. */
  concurrency?: number;
  /** Whether the worker starts by itself. Default true. */
  autorun?: boolean;
  /** ms that the worker's lease lasts without renewal. Default 30,000. */
  lockDuration?: number;
  /** ms between two renewals. Default: a third of `lockDuration`. */
  lockRenewTime?: number;
  /** ms between two sweeps of the queue, by whichever worker. Default 5,000. */
  stalledInterval?: number;
  /** Most times that a job may be lost with its worker; once more and it fails. Default 2. */
  maxStalledCount?: number;
  /** ms for which a handler may block the event loop before its lease is no longer renewed. Default 300,000. */
  maxBlockedTime?: number;
  /** ms that `close()` waits for handlers before their signal fires and their jobs are handed back. Default 30,000. */
  closeTimeout?: number;
}

/** Most elements, and bytes of records, of one call. */
export const batchElements = 256;
export const batchBytes = 256 * 1024;
/** Most bytes of one record or result. */
export const maxRecordBytes = 1024 * 1024;
/** Records above this size have a row in `traits` that tells it. */
export const smallRecordBytes = 1024;
/** Most bytes of the stack of one failed attempt. */
export const maxStackBytes = 4 * 1024;

const workerDefaults = {
  concurrency: 1,
  autorun: true,
  lockDuration: 30_000,
  stalledInterval: 5_000,
  maxStalledCount: 2,
  maxBlockedTime: 300_000,
  closeTimeout: 30_000,
};

const longestDelay = Number.MAX_SAFE_INTEGER / 4;

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** A whole number from `least` to `most`, or a TypeError or RangeError that names the option. */
export function wholeNumber(
  option: string,
  value: unknown,
  least: number,
  most = longestDelay,
): number {
  if (typeof value !== 'number')
    throw new TypeError(`${option}: expected a number, got ${shown(value)}`);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(
      `${option}: expected a whole number from ${least} to ${most}, got ${value}`,
    );
  return value;
}

function yesOrNo(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new TypeError(`${option}: expected true or false, got ${shown(value)}`);
  return value;
}

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const control = /[\u0000-\u001f\u007f]/;

/** What nearly every name and id is, and needs no further look. */
const plain = /^[\w.:-]{1,256}$/;

/** A name or id: 1 to 256 bytes without control characters or lone surrogates. */
export function textOf(option: string, value: unknown): string {
  if (typeof value === 'string' && plain.test(value)) return value;
  if (typeof value !== 'string')
    throw new TypeError(`${option}: expected a string, got ${shown(value)}`);
  const bytes = Buffer.byteLength(value);
  if (bytes < 1 || bytes > 256)
    throw new RangeError(`${option}: expected 1 to 256 bytes, got ${bytes}`);
  if (control.test(value) || !value.isWellFormed())
    throw new RangeError(`${option}: expected no control characters, got ${JSON.stringify(value)}`);
  return value;
}

/** A queue's name or prefix; braces would change the slot of its keys. */
export function queueNameOf(option: string, value: unknown): string {
  const name = textOf(option, value);
  if (/[{}]/.test(name)) throw new RangeError(`${option}: expected no braces, got ${shown(name)}`);
  return name;
}

function checkBackoff(backoff: unknown): void {
  if (typeof backoff === 'number') {
    wholeNumber('backoff', backoff, 0);
    return;
  }
  const { type, delay, jitter } = (backoff ?? {}) as Partial<Backoff>;
  if (type !== 'fixed' && type !== 'exponential')
    throw new TypeError(`backoff.type: expected 'fixed' or 'exponential', got ${shown(type)}`);
  wholeNumber('backoff.delay', delay ?? 0, 0);
  if (jitter !== undefined && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 1))
    throw new RangeError(`backoff.jitter: expected a number from 0 to 1, got ${shown(jitter)}`);
}

const jobChecks: { [K in keyof Required<JobOptions>]: (value: unknown) => unknown } = {
  jobId: (value) => textOf('jobId', value),
  delay: (value) => wholeNumber('delay', value, 0),
  lifo: (value) => yesOrNo('lifo', value),
  attempts: (value) => wholeNumber('attempts', value, 1),
  backoff: checkBackoff,
  removeOnComplete: (value) => yesOrNo('removeOnComplete', value),
  removeOnFail: (value) => yesOrNo('removeOnFail', value),
};

/** Refuses options that are unknown, so that no wish is lost in silence. */
function knownOptions(options: object, known: readonly string[]): void {
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(option))
      throw new TypeError(`${option}: expected one of ${known.join(', ')}`);
  }
}

const jobOptions = Object.keys(jobChecks);

/** Checks the options of a job. */
export function checkJobOptions(options: JobOptions): void {
  knownOptions(options, jobOptions);
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) jobChecks[option as keyof JobOptions](value);
  }
}

const queueOptions = ['connection', 'prefix', 'defaultJobOptions', 'maxPending', 'maxPendingBytes'];

/** Limits of a queue with their defaults; its options checked. */
export function queueLimits(
  options: QueueOptions,
): Required<Pick<QueueOptions, 'maxPending' | 'maxPendingBytes'>> {
  knownOptions(options, queueOptions);
  checkJobOptions(options.defaultJobOptions ?? {});
  const { maxPending = 100_000, maxPendingBytes = 64 * 1024 * 1024 } = options;
  return {
    maxPending: wholeNumber('maxPending', maxPending, 1),
    maxPendingBytes: wholeNumber('maxPendingBytes', maxPendingBytes, 1),
  };
}

export type WorkerSettings = Required<Omit<WorkerOptions, 'connection' | 'prefix'>>;

/** Worker options with their defaults, checked. */
export function workerSettings(options: WorkerOptions): WorkerSettings {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  knownOptions(given, ['connection', 'prefix', 'lockRenewTime', ...Object.keys(workerDefaults)]);
  const all = { ...workerDefaults, ...(given as WorkerOptions) };
  wholeNumber('concurrency', all.concurrency, 1, 10_000);
  yesOrNo('autorun', all.autorun);
  wholeNumber('lockDuration', all.lockDuration, 100);
  const { lockRenewTime = Math.floor(all.lockDuration / 3) } = all;
  wholeNumber('lockRenewTime', lockRenewTime, 1, all.lockDuration);
  wholeNumber('stalledInterval', all.stalledInterval, 10);
  wholeNumber('maxStalledCount', all.maxStalledCount, 0);
  wholeNumber('maxBlockedTime', all.maxBlockedTime, 1);
  wholeNumber('closeTimeout', all.closeTimeout, 0);
  return { ...all, lockRenewTime };
}
