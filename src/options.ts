// Every option of queues and workers with its unit, default and limits.
import { codecList, type Codec } from './codec.js';
import type { ConnectionOptions } from './client.js';
import { knownOptions, longestTimer, shown, textOf, wholeNumber, yesOrNo } from './checks.js';
import { checkJobOptions, type JobOptions } from './job-options.js';
import { defaultLimits, limitsOf, type LimitOptions, type Limits } from './limits.js';
import type { BackoffStrategy } from './retry.js';
import type { Durability } from './warnings.js';

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
  /**
   * Most jobs that the queue may hold which have not started: waiting, delayed and deferred ones. When it does, adds by this Queue object reject
   * with QUEUE_FULL; an id that exists is still a duplicate, and jobs that come back are never refused. Default: any number.
   */
  maxLength?: number;
  /**
   * How safely the server is expected to keep what was added, to be warned at the start (`LUNAQ_DURABILITY`) when it does not: `everysec`, in an
   * append-only file; `always`, on the disk before it answers. It changes nothing else. Default: no warning.
   */
  durability?: Durability;
  /** Sizes and counts of what it takes: data, names, ids, parents, see `LimitOptions`. */
  limits?: LimitOptions;
  /**
   * What `has` and `hasMany` may know without asking Redis; false: nothing, so that each question is asked. Default: 100,000 ids, 10 s
   * at most.
   */
  idCache?: IdCacheOptions | false;
  /** Encodes what is stored of jobs; of several, the first one encodes and all decode. Default: none. */
  codec?: Codec | readonly Codec[];
}

/** Bounds of the ID cache, which all Queue objects of a process share that have the same queue, prefix and connection. */
export interface IdCacheOptions {
  /** Most ids that it holds; of several Queue objects the largest counts. Default 100,000. */
  max?: number;
  /** ms: no answer to this Queue object is older. Default 10,000. */
  maxAge?: number;
}

export interface WorkerOptions {
  /** Redis to use. Default: 127.0.0.1:6379. */
  connection?: ConnectionOptions;
  /** First part of every key. Default `lunaq`. */
  prefix?: string;
  /** What `queue.getWorkers()` calls it; 1 to 256 bytes. Default: none. */
  name?: string;
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
  /** ms for which a handler whose signal fired, by a time-out or a cancel, keeps its slot before it is given up. Default 5,000. */
  stopTimeout?: number;
  /** Shares of a worker's queues, by name: whole numbers from 1. Default: none, a queue goes before those behind it. */
  weights?: Readonly<Record<string, number>>;
  /** Sizes of what handlers return and note, see `LimitOptions`. */
  limits?: LimitOptions;
  /** Encodes what is stored of jobs, as the option of the producers; of several, the first one encodes and all decode. Default: none. */
  codec?: Codec | readonly Codec[];
  /** Settings of BullMQ's form. */
  settings?: {
    /** Decides the wait of jobs whose `backoff.type` is neither `fixed` nor `exponential`. */
    backoffStrategy?: BackoffStrategy;
  };
}

export interface QueueEventsOptions {
  /** Redis to use. Default: 127.0.0.1:6379. */
  connection?: ConnectionOptions;
  /** First part of every key. Default `lunaq`. */
  prefix?: string;
  /** Whether it starts to listen by itself. Default true. */
  autorun?: boolean;
  /**
   * Position behind which to read the queue's stream of events: `'0'` for all that it has, `'$'` for what comes. Without it, events are
   * heard as they happen, and no stream is needed.
   */
  lastEventId?: string;
  /** Decodes what events tell, as the option of producers and workers. Default: none. */
  codec?: Codec | readonly Codec[];
}

/** Most elements, and bytes of records, of one call. */
export const batchElements = 256;
export const batchBytes = 256 * 1024;
/** Records above this size have a row in `traits` that tells it. */
export const smallRecordBytes = 1024;

const workerDefaults = {
  concurrency: 1,
  autorun: true,
  lockDuration: 30_000,
  stalledInterval: 5_000,
  maxStalledCount: 2,
  maxBlockedTime: 300_000,
  closeTimeout: 30_000,
  stopTimeout: 5_000,
};

const queueOptions = [
  'connection',
  'prefix',
  'defaultJobOptions',
  'maxPending',
  'maxPendingBytes',
  'maxLength',
  'durability',
  'limits',
  'idCache',
  'codec',
];

/** The wish for durability, checked. */
export function durabilityOf({ durability }: QueueOptions): Durability | undefined {
  if (durability !== undefined && !['everysec', 'always'].includes(durability))
    throw new TypeError(`durability: expected everysec or always, got ${shown(durability)}`);
  return durability;
}

export interface QueueLimits {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly maxLength: number | undefined;
  readonly limits: Limits;
}

/** Limits of a queue with their defaults; its options checked. */
export function queueLimits(options: QueueOptions): QueueLimits {
  knownOptions(options, queueOptions);
  durabilityOf(options);
  const {
    maxPending = defaultLimits.bulkJobs,
    maxPendingBytes = 64 * 1024 * 1024,
    defaultJobOptions = {},
    maxLength,
  } = options;
  const pending = wholeNumber('maxPending', maxPending, 1);
  const limits = limitsOf(options.limits, { ...defaultLimits, bulkJobs: pending });
  checkJobOptions(defaultJobOptions, limits);
  return {
    maxPending: pending,
    maxPendingBytes: wholeNumber('maxPendingBytes', maxPendingBytes, 1),
    maxLength: maxLength === undefined ? undefined : wholeNumber('maxLength', maxLength, 1),
    limits,
  };
}

export type IdCacheSettings = Readonly<Required<IdCacheOptions>>;

/** Bounds of the ID cache with their defaults, checked; undefined when there is none. */
export function idCacheSettings({ idCache }: QueueOptions): IdCacheSettings | undefined {
  if (idCache === false) return undefined;
  if (idCache !== undefined && (typeof idCache !== 'object' || idCache === null))
    throw new TypeError(`idCache: expected an object or false, got ${shown(idCache)}`);
  knownOptions(idCache ?? {}, ['max', 'maxAge']);
  const { max = 100_000, maxAge = 10_000 } = idCache ?? {};
  return {
    max: wholeNumber('idCache.max', max, 1),
    maxAge: wholeNumber('idCache.maxAge', maxAge, 1),
  };
}

export type WorkerSettings = Required<
  Omit<
    WorkerOptions,
    'connection' | 'prefix' | 'settings' | 'weights' | 'name' | 'limits' | 'codec'
  >
> & {
  readonly limits: Limits;
  readonly name: string | undefined;
  readonly weights: Readonly<Record<string, number>> | undefined;
  readonly backoffStrategy: BackoffStrategy | undefined;
  readonly codecs: readonly Codec[];
};

function checkWeights(weights: unknown, queues: readonly string[]): void {
  if (weights === undefined) return;
  if (typeof weights !== 'object' || weights === null)
    throw new TypeError(`weights: expected an object of numbers by queue, got ${shown(weights)}`);
  for (const name of Object.keys(weights))
    if (!queues.includes(name)) throw new TypeError(`weights.${name}: expected a queue's name`);
  for (const name of queues) {
    const weight = (weights as Record<string, unknown>)[name];
    if (!Object.hasOwn(weights, name))
      throw new TypeError(`weights.${name}: expected a number, got none`);
    wholeNumber(`weights.${name}`, weight, 1, 1_000_000);
  }
}

const workerOptions = [
  'connection',
  'prefix',
  'name',
  'lockRenewTime',
  'settings',
  'weights',
  'limits',
  'codec',
  ...Object.keys(workerDefaults),
];

/** Worker options with their defaults, checked. */
export function workerSettings(
  options: WorkerOptions,
  queues: readonly string[] = [],
): WorkerSettings {
  knownOptions(options, workerOptions);
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const all = { ...workerDefaults, ...(given as WorkerOptions) };
  wholeNumber('concurrency', all.concurrency, 1, 10_000);
  yesOrNo('autorun', all.autorun);
  wholeNumber('lockDuration', all.lockDuration, 100, longestTimer);
  const { lockRenewTime = Math.floor(all.lockDuration / 3) } = all;
  wholeNumber('lockRenewTime', lockRenewTime, 1, all.lockDuration);
  wholeNumber('stalledInterval', all.stalledInterval, 10, longestTimer);
  wholeNumber('maxStalledCount', all.maxStalledCount, 0);
  wholeNumber('maxBlockedTime', all.maxBlockedTime, 1, longestTimer);
  wholeNumber('closeTimeout', all.closeTimeout, 0, longestTimer);
  wholeNumber('stopTimeout', all.stopTimeout, 0, longestTimer);
  const { settings = {}, weights, name, limits, codec, ...rest } = all;
  if (name !== undefined) textOf('name', name);
  checkWeights(weights, queues);
  knownOptions(settings, ['backoffStrategy'], 'settings');
  const { backoffStrategy } = settings;
  if (backoffStrategy !== undefined && typeof backoffStrategy !== 'function')
    throw new TypeError(
      `settings.backoffStrategy: expected a function, got ${shown(backoffStrategy)}`,
    );
  return {
    ...rest,
    name,
    lockRenewTime,
    backoffStrategy,
    weights,
    limits: limitsOf(limits),
    codecs: codecList(codec),
  };
}
