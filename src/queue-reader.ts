// Looking at a queue and its jobs: what a `Queue` offers beside adding and acting.
import { audienceLifetime } from './listening/audience.js';
import { knownOptions, shown, textOf, wholeNumber, yesOrNo } from './checks.js';
import {
  readMetrics,
  readMinutes,
  type CounterRange,
  type Metrics,
  type QueueCounters,
} from './reporting/counters.js';
import { executeOne } from './execute.js';
import { SafeEmitter } from './events.js';
import type { IdCache } from './knowing/id-cache.js';
import type { Job } from './job.js';
import { rangeOf, stateNamed, statesNamed, type JobRange, type StateWord } from './job-range.js';
import type { OldestJob } from './looking.js';
import type { JobLogs } from './notes.js';
import { callOf, type JobId } from './script.js';
import * as scripts from './scripts.js';
import type { JobState } from './scripts.js';
import type { Store } from './store.js';
import { countWorkers, readWorkers, type WorkerInfo } from './reporting/workers.js';

export type QueueErrors = { error: [error: Error] };

/** Throws TypeError for a state that is none of those allowed. */
export function stateOf<S extends JobState>(state: S, allowed: readonly S[]): S {
  if (allowed.includes(state)) return state;
  throw new TypeError(`state: expected one of ${allowed.join(', ')}, got ${shown(state)}`);
}

/**
 * What a queue tells. A wrong argument is a TypeError or RangeError that names it. Every read that asks Redis rejects with a `QueueError`
 * when it gets no answer, with one of these codes:
 *
 * - UNAVAILABLE: for 10 s Redis could not be reached, or was loading or busy.
 * - UNKNOWN_OUTCOME: it was asked, and no answer came in that time. A read changes nothing, so any may be repeated.
 * - REDIS: an error that does not pass by itself, such as a key of another type or a missing permission.
 * - CLOSED: this queue and all else that shares its connection were closed.
 *
 * What more a method can reject with, it says itself.
 */
export class QueueReader<
  Data = unknown,
  Result = unknown,
  Name extends string = string,
> extends SafeEmitter<QueueErrors> {
  readonly name: string;
  protected readonly store: Store;
  readonly #unreadable = (error: unknown): void => this.report(error);

  readonly #ids: IdCache;

  protected constructor(store: Store, ids: IdCache) {
    super();
    this.name = store.queueName;
    this.store = store;
    this.#ids = ids;
    store.ids = ids;
  }

  /**
   * Whether a job is stored, whatever its state: whether `getJob` would find it. From memory where that is known as of `idCache.maxAge` ms
   * before the call or later; what this process has added or removed itself is known at once.
   *
   * Rejects with TypeError or RangeError for an id that can't be, and with BACKPRESSURE, CLOSED, UNAVAILABLE (also when answers take longer
   * than `maxAge`) or UNKNOWN_OUTCOME (no answer in time).
   */
  has(id: string): Promise<boolean> {
    return this.#ids.has(id);
  }

  /** The same for many, in the order given; what is not known is asked for, 256 ids a call. Rejects as `has` does, for all when one fails. */
  async hasMany(ids: readonly string[]): Promise<boolean[]> {
    return await this.#ids.hasMany(ids);
  }

  /** Lines that `job.log` has added, and how many are kept; positions as in `slice`, both ends included (default: all), the oldest first. */
  async getJobLogs(id: string, start = 0, end = -1, asc = true): Promise<JobLogs> {
    wholeNumber('start', start, Number.MIN_SAFE_INTEGER);
    wholeNumber('end', end, Number.MIN_SAFE_INTEGER);
    return await this.store.notes.logs(textOf('id', id) as JobId, start, end, yesOrNo('asc', asc));
  }

  /** What `has` and `hasMany` know by, which all Queue objects of a queue share that have one connection in one process. */
  get idCache(): Pick<IdCache, 'stats'> {
    return this.#ids;
  }

  /** A stored job, or undefined. Rejects with UNREADABLE when it can't be read, with CODEC when it can't be decoded. */
  async getJob(id: string): Promise<Job<Data, Result, Name> | undefined> {
    return await this.store.getJob(textOf('id', id));
  }

  /**
   * Jobs by position, the newest first, those of each state after each other; all states when none is given. Waiting jobs stand in the
   * order in which they run, delayed ones by their time, deferred ones by their next check, finished ones by when they ended, active ones in
   * no order. Positions of waiting jobs count the entries of jobs that were removed, too, so there may be fewer jobs than asked for, or
   * none; jobs that leave a state while it is read move the others. To meet every job, `scan`.
   *
   * 1,000 ids, then 64 jobs or 256 KiB a call. A job that can't be read is left out, and told by an `error` event.
   */
  getJobs(
    states?: StateWord | readonly StateWord[],
    range?: JobRange,
  ): Promise<Job<Data, Result, Name>[]>;
  getJobs(
    states?: StateWord | readonly StateWord[],
    start?: number,
    end?: number,
    asc?: boolean,
  ): Promise<Job<Data, Result, Name>[]>;
  async getJobs(
    states?: StateWord | readonly StateWord[],
    start?: JobRange | number,
    end?: number,
    asc?: boolean,
  ): Promise<Job<Data, Result, Name>[]> {
    const range = rangeOf(start, end, asc);
    return await this.store.looking.jobs(statesNamed(states), range, this.#unreadable);
  }

  /** Ids of jobs of one state by position, as `getJobs` has them, 1,000 a call. */
  async getJobIds(state: StateWord, range?: JobRange): Promise<string[]> {
    return await this.store.looking.ids(stateNamed(state), rangeOf(range));
  }

  /** Jobs that wait, in the order in which they run. */
  getWaiting(start?: number, end?: number): Promise<Job<Data, Result, Name>[]> {
    return this.getJobs('waiting', start, end, true);
  }

  getActive(start?: number, end?: number): Promise<Job<Data, Result, Name>[]> {
    return this.getJobs('active', start, end, true);
  }

  /** Delayed jobs, what is due first in front. */
  getDelayed(start?: number, end?: number): Promise<Job<Data, Result, Name>[]> {
    return this.getJobs('delayed', start, end, true);
  }

  /** Completed jobs, the newest first. */
  getCompleted(start?: number, end?: number): Promise<Job<Data, Result, Name>[]> {
    return this.getJobs('completed', start, end);
  }

  /** Failed jobs, the newest first. */
  getFailed(start?: number, end?: number): Promise<Job<Data, Result, Name>[]> {
    return this.getJobs('failed', start, end);
  }

  /**
   * Every job of a state, about `count` (1 to 1,000, default 100) a step, in no certain order. As with Redis' SCAN, a job that stays in the
   * state from the first step to the last is given at least once, one that leaves or enters meanwhile perhaps, and one may be given twice.
   * It holds while the server is the same: after a fail-over begin anew. A job that can't be read is left out, and told by an `error` event.
   */
  scan(
    state: StateWord,
    options: { count?: number } = {},
  ): AsyncGenerator<Job<Data, Result, Name>, void, undefined> {
    knownOptions(options, ['count']);
    const count = wholeNumber('count', options.count ?? 100, 1, 1_000);
    return this.store.looking.scan(stateNamed(state), count, this.#unreadable);
  }

  /**
   * How many waiting jobs are before this one, 0 for the next to run; undefined when it does not wait. Entries of jobs that were removed
   * count until a claim has passed them. Looks at 1,000 at each end, then at 2,000 a call from the end on.
   */
  async getJobPosition(id: string): Promise<number | undefined> {
    return await this.store.getJobPosition(textOf('id', id));
  }

  /**
   * The waiting job that has waited longest since it was added and its delay was over, by the server's clock, or undefined. It is looked
   * for among jobs that were lost with a worker and at both ends of the others: exact when all jobs, or none, are `lifo`, and none is
   * retried.
   */
  async getOldestWaiting(): Promise<OldestJob | undefined> {
    return await this.store.looking.oldest(this.#unreadable);
  }

  /** Where a job is now; `unknown` when it is not stored. */
  async getJobState(id: string): Promise<JobState | 'unknown'> {
    return await this.store.getJobState(textOf('id', id));
  }

  /** Whether workers of this queue claim nothing, until `resume`. */
  async isPaused(): Promise<boolean> {
    const call = callOf(scripts.paused, this.store.keys, {});
    return (await executeOne(this.store.connection, call)) !== undefined;
  }

  /** How many jobs are in each state, or in each of those given, at one moment. */
  getJobCounts(): Promise<Record<JobState, number>>;
  getJobCounts<W extends StateWord>(...states: W[]): Promise<Record<W, number>>;
  async getJobCounts(...states: StateWord[]): Promise<Partial<Record<StateWord, number>>> {
    const named = states.map((word) => [word, stateNamed(word)] as const);
    const call = callOf(scripts.count, this.store.keys, {});
    const counts = await executeOne(this.store.connection, call);
    if (states.length === 0) return counts;
    return Object.fromEntries(named.map(([word, state]) => [word, counts[state]]));
  }

  /** How many jobs are in these states together; in all without any. */
  async getJobCountByTypes(...states: StateWord[]): Promise<number> {
    const counts: Record<string, number> = await this.getJobCounts(...new Set(states));
    return Object.values(counts).reduce((sum, jobs) => sum + jobs, 0);
  }

  /** How many jobs are still to start: waiting, delayed and deferred ones. */
  async count(): Promise<number> {
    return await this.getJobCountByTypes('waiting', 'delayed', 'deferred');
  }

  /**
   * Who works on this queue, the oldest first. With `gone`, also workers whose lease has ended without being given back, for about an
   * hour: killed, frozen or cut off. Rejects with TypeError for an option that can't be.
   */
  async getWorkers(options: { gone?: boolean } = {}): Promise<WorkerInfo[]> {
    knownOptions(options, ['gone']);
    const { gone = false } = options;
    return await readWorkers(this.store.connection, this.store.keys, yesOrNo('gone', gone));
  }

  /** How many workers this queue has, gone ones not counted. */
  async getWorkersCount(): Promise<number> {
    return await countWorkers(this.store.connection, this.store.keys);
  }

  /**
   * What happened, minute by minute, in the last hour or the range asked for (ms since 1970, both ends included), and of all time.
   * Minutes are kept for two weeks. Clients tell what they counted some seconds later and when they close; one that is killed takes the
   * last seconds with it. Rejects with TypeError or RangeError for a range that can't be.
   */
  async getCounters(range: CounterRange = {}): Promise<QueueCounters> {
    knownOptions(range, ['from', 'to']);
    return await readMinutes(this.store.connection, this.store.keys, range);
  }

  /** How many jobs completed, or failed, in each minute that is over, the newest first; in BullMQ's form. */
  async getMetrics(type: 'completed' | 'failed', start = 0, end = -1): Promise<Metrics> {
    stateOf(type, ['completed', 'failed']);
    wholeNumber('start', start, 0);
    wholeNumber('end', end, -1);
    return await readMetrics(this.store.connection, this.store.keys, type, start, end);
  }

  /**
   * Keeps a stream of the queue's events, about the newest `maxLength` messages, each of up to 256 events, so that `QueueEvents` can be
   * read from a position. It costs an `XADD` for each script call, listened to or not; 0 switches it off and removes the stream.
   * Rejects with TypeError or RangeError for a length that can't be.
   */
  async keepEvents(maxLength: number): Promise<void> {
    const length = wholeNumber('maxLength', maxLength, 0, 100_000_000);
    const args = { length, lifetime: audienceLifetime };
    await executeOne(this.store.connection, callOf(scripts.keep, this.store.keys, args));
  }
}
