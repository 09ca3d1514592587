// The producer's side of a queue: adding jobs and acting on them. Looking at them is in queue-reader.ts.
import type { CancelOptions } from './actions.js';
import { Adder } from './adder.js';
import { allAdded, checkBulk, planBulk, type BulkJob } from './bulk.js';
import { Caller } from './caller.js';
import {
  knownOptions,
  longestDelay,
  pointOfTime,
  queueNameOf,
  textOf,
  wholeNumber,
  yesOrNo,
} from './checks.js';
import { codecList } from './codec.js';
import { Connection } from './connection.js';
import { deadlineIn } from './deadline.js';
import { executeOne } from './execute.js';
import { asError, QueueError } from './errors.js';
import { Family } from './family.js';
import { IdCache } from './knowing/id-cache.js';
import { Job } from './job.js';
import { checkJobOptions, type JobOptions, type ParentRef } from './job-options.js';
import { defaultPrefix } from './keys.js';
import type { Limits } from './limits.js';
import { durabilityOf, idCacheSettings, queueLimits, type QueueOptions } from './options.js';
import { unregister } from './registry.js';
import { ProducerReports, Reports } from './reporting/reports.js';
import { shareOptions, type JobRecord } from './record.js';
import { callOf, type JobId } from './script.js';
import * as scripts from './scripts.js';
import { isFinished, states, type FinishedState, type JobState } from './scripts.js';
import { QueueReader, stateOf } from './queue-reader.js';
import { Store } from './store.js';
import { warnAboutServer } from './warnings.js';

/** ms that a closing queue waits for a server that is not there. */
const farewell = 2_000;

const finishedStates = states.filter(isFinished);
const restingStates = states.filter((state) => state !== 'active');

/** A queue to add jobs to. Jobs are run by a `Worker` of the same name. */
export class Queue<
  Data = unknown,
  Result = unknown,
  Name extends string = string,
> extends QueueReader<Data, Result, Name> {
  readonly #connection: Connection;
  /** One for each call of a script that may be in flight. */
  readonly #callers: readonly [Caller, Caller];
  readonly #adder: Adder<Job<Data, Result, Name>>;
  readonly #defaults: JobOptions;
  readonly #limits: Limits;
  readonly #reports: ProducerReports;
  readonly #unlisten: () => void;
  #closing: Promise<void> | undefined;
  /** Calls of `addBulk` under way: jobs that depend on others of their call are added after these. */
  readonly #bulks = new Set<Promise<unknown>>();

  /** Throws TypeError or RangeError for a name or option that can't be. */
  constructor(name: string, options: QueueOptions = {}) {
    const checkedName = queueNameOf('name', name);
    const limits = queueLimits(options);
    const { prefix = defaultPrefix, defaultJobOptions = {} } = options;
    const codecs = codecList(options.codec);
    const idCache = idCacheSettings(options);
    const checkedPrefix = queueNameOf('prefix', prefix);
    const connection = Connection.acquire(options.connection);
    const callers = [new Caller(), new Caller()] as const;
    const family = new Family(connection, checkedPrefix);
    const store = new Store(checkedName, connection, family, callers[0], limits.limits, codecs);
    const known = new IdCache(connection, store.keys, idCache);
    super(store, known);
    this.#connection = connection;
    this.#callers = callers;
    this.#limits = limits.limits;
    this.#defaults = shareOptions(defaultJobOptions);
    this.#adder = new Adder(
      this.name,
      this.#connection,
      family,
      this.#callers,
      limits,
      store.tally,
      {
        codecs: store.codecs,
        stored: (ids) => known.changed(ids, true),
        jobOf: (id, record, duplicate) =>
          duplicate ? this.#stored(id, record) : new Job(store, id, record),
      },
    );
    const reports = new Reports(connection, this.store.keys, this.store.tally);
    this.#reports = new ProducerReports(reports, this.store.tally, callers[0], (error) => {
      this.report(error);
    });
    this.#unlisten = this.#connection.listen({ onError: (error) => this.report(error) });
    warnAboutServer(this.#connection, durabilityOf(options));
  }

  /**
   * Adds a job and resolves when it is stored. Adds of the same moment travel together. An id that exists, in any
   * state, adds nothing: the stored job comes back, flagged as `duplicate`.
   *
   * Rejects with TypeError or RangeError for an option that can't be, and with BACKPRESSURE, OUT_OF_MEMORY, OUTDATED, PARENT_UNKNOWN,
   * QUEUE_FULL, TOO_LARGE, UNAVAILABLE (nothing was added) or UNKNOWN_OUTCOME (with the id: adding it again is safe).
   */
  add(name: Name, data: Data, opts?: JobOptions): Promise<Job<Data, Result, Name>> {
    // Not async: what the adder returns is handed on as it is, which saves each job two turns of the microtask queue.
    try {
      this.#checkOpen();
      if (opts !== undefined) checkJobOptions(opts, this.#limits);
      return this.#add(textOf('job name', name, this.#limits.nameBytes), data, opts);
    } catch (thrown) {
      return Promise.reject(asError(thrown));
    }
  }

  /** Adds a job whose name and options have been checked. */
  #add(
    name: string,
    data: Data,
    opts?: JobOptions,
    parent = false,
  ): Promise<Job<Data, Result, Name>> {
    const merged = opts ? { ...this.#defaults, ...opts } : this.#defaults;
    return this.#adder.add(name, data, merged, parent);
  }

  /** A job whose id was stored already, as it is stored; as it was given, should it have gone since. */
  async #stored(id: JobId, record: JobRecord): Promise<Job<Data, Result, Name>> {
    const stored = await this.store.getJob<Data, Result, Name>(id, true);
    return stored ?? new Job(this.store, id, record, true);
  }

  /**
   * Adds jobs, 256 or 256 KiB a call. They may depend on each other, by `jobId` or as they are given, in any order. It is not atomic:
   * when some were not added, it rejects with a `BulkError` whose `outcomes` tell each. Rejects with RangeError for a cycle,
   * or for more jobs than `limits.bulkJobs`.
   */
  async addBulk(jobs: readonly BulkJob<Data, Name>[]): Promise<Job<Data, Result, Name>[]> {
    this.#checkOpen();
    checkBulk(jobs, this.#limits);
    const plan = planBulk(this.name, jobs);
    for (const { job, parents } of plan.jobs) {
      textOf('job name', job.name, this.#limits.nameBytes);
      if (!job.opts) continue;
      // Jobs of the same call were found; the others are checked as for `add`.
      const stored = parents.filter((ref) => typeof ref !== 'number');
      checkJobOptions({ ...job.opts, dependsOn: stored }, this.#limits);
    }
    type Added = Promise<Job<Data, Result, Name>>;
    const adds: Added[] = [];
    const within = new Set(plan.jobs.flatMap((job) => job.parents));
    for (const at of plan.order) {
      const { job, parents } = plan.jobs[at] as (typeof plan.jobs)[number];
      const own = job as BulkJob<Data, Name>;
      const behind = parents.map((ref) => (typeof ref === 'number' ? (adds[ref] as Added) : ref));
      adds[at] =
        behind.length > 0
          ? this.#addBehind(behind, own, within.has(at))
          : this.#add(own.name, own.data, own.opts as JobOptions | undefined, within.has(at));
    }
    const added = allAdded(adds);
    this.#bulks.add(added);
    return await added.finally(() => this.#bulks.delete(added));
  }

  /** Adds a job when those of the same call that it depends on were added. */
  async #addBehind(
    parents: readonly (ParentRef | Promise<Job<Data, Result, Name>>)[],
    { name, data, opts }: BulkJob<Data, Name>,
    parent: boolean,
  ): Promise<Job<Data, Result, Name>> {
    let dependsOn: ParentRef[];
    try {
      dependsOn = await Promise.all(parents.map(async (ref) => await ref));
    } catch (cause) {
      const message = `job ${JSON.stringify(name)} depends on one that was not added`;
      throw new QueueError('PARENT_UNKNOWN', message, { cause });
    }
    return await this.#add(name, data, { ...opts, dependsOn }, parent);
  }

  /** Workers of this queue claim nothing more until `resume`; what is active goes on. */
  async pause(): Promise<void> {
    await this.store.actions.pause();
  }

  async resume(): Promise<void> {
    await this.store.actions.resume();
  }

  /** Forgets a job. One that others depend on stays, as cancelled, until they were told. Throws JOB_ACTIVE, JOB_NOT_FOUND. */
  async remove(id: string): Promise<void> {
    await this.store.actions.remove(textOf('id', id));
  }

  /**
   * Cancels a job: at once when it has not started; when it is active its signal fires within a second, wherever it runs, and it ends as
   * cancelled unless it completes first. Throws JOB_FINISHED, JOB_NOT_FOUND.
   */
  async cancel(id: string, options: CancelOptions = {}): Promise<void> {
    await this.store.actions.cancel(textOf('id', id), options);
  }

  /**
   * Puts a completed, failed or cancelled job back, attempts and losses cleared. It waits again for parents that its policy does not
   * accept as they ended. Throws JOB_NOT_FINISHED, JOB_NOT_FOUND, PARENT_FAILED; UNREADABLE for a job with parents
   * whose record can't be read.
   */
  async retryJob(id: string): Promise<void> {
    await this.store.requeuer.retryJob(textOf('id', id));
  }

  /**
   * Puts back all jobs of a state (default `failed`) that had finished by `timestamp` (ms since 1970, default now), the oldest first,
   * `count` at most, 256 a call. Those whose parents have failed stay. Returns how many were put back.
   */
  async retryJobs(
    options: { state?: FinishedState; count?: number; timestamp?: number } = {},
  ): Promise<number> {
    knownOptions(options, ['state', 'count', 'timestamp']);
    const { state = 'failed', count = Number.MAX_SAFE_INTEGER, timestamp } = options;
    stateOf(state, finishedStates);
    if (count !== Number.MAX_SAFE_INTEGER) wholeNumber('count', count, 0);
    const until = timestamp === undefined ? 0 : Date.now() - pointOfTime('timestamp', timestamp);
    return await this.store.requeuer.retryJobs(state, count, Math.max(0, until));
  }

  /**
   * Removes jobs of a state but active that finished, or were added if they have not finished, at least `grace` ms ago: `limit` at most
   * (0: all), 256 a call. Returns their ids.
   */
  async clean(
    grace: number,
    limit: number,
    state: Exclude<JobState, 'active'> = 'completed',
  ): Promise<JobId[]> {
    wholeNumber('grace', grace, 0, longestDelay);
    wholeNumber('limit', limit, 0);
    stateOf(state, restingStates);
    return await this.store.actions.clean(grace, limit || Number.MAX_SAFE_INTEGER, state);
  }

  /** Removes all waiting jobs, and delayed ones if asked, 256 a call. */
  async drain(delayed = false): Promise<void> {
    await this.store.actions.drain(yesOrNo('delayed', delayed));
  }

  /** Removes the queue and all its jobs. Throws JOB_ACTIVE while jobs are active, unless forced. */
  async obliterate(options: { force?: boolean } = {}): Promise<void> {
    knownOptions(options, ['force']);
    const force = yesOrNo('force', options.force ?? false);
    await this.store.actions.obliterate(force);
    await unregister(this.#connection, this.store.keys);
  }

  /** Resolves when Redis is there; nothing needs to wait for it. Rejects with UNAVAILABLE after 10 s. */
  waitUntilReady(): Promise<void> {
    return this.#connection.waitUntilReady();
  }

  #checkOpen(): void {
    if (this.#closing) throw new QueueError('CLOSED', `queue ${this.name} was closed`);
  }

  /** Waits for the adds under way, then gives the connection back; who waits for a job is told CLOSED. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#bulks);
    await this.#adder.idle();
    await this.store.close(new QueueError('CLOSED', `queue ${this.name} was closed`));
    await this.store.family.idle();
    this.store.awaiting.close();
    const over = new AbortController();
    await Promise.race([this.#sayFarewell(), this.#connection.gone(farewell, over.signal)]);
    over.abort();
    this.#unlisten();
    this.#connection.release();
  }

  /** Tells what was counted, and erases what calls have left. */
  async #sayFarewell(): Promise<void> {
    const deadline = deadlineIn(farewell);
    await this.store.ids?.close();
    await this.#reports.close(deadline);
    const rows = this.#callers.flatMap((caller) => caller.rows());
    const echoes = this.#adder.echoes || this.store.calls.echoes || this.#reports.echoes;
    if (rows.length > 0 && !echoes) {
      const call = callOf(scripts.close, this.store.keys, { lease: this.#callers[0].id }, rows);
      await executeOne(this.#connection, call, deadline).catch(() => undefined);
    }
  }
}
