// A job as its users see it.
import type { Actions, CancelOptions } from './actions.js';
import type { Awaiting } from './awaiting.js';
import { knownOptions, longestTimer, pointOfTime, wholeNumber } from './checks.js';
import type { Codecs } from './codec.js';
import { parentsOf, type JobMeta, type JobOptions, type ParentId } from './job-options.js';
import { annotation, progressText, type JobProgress, type Notes } from './notes.js';
import { decodeFailures, decodeOutcome, type Failure } from './outcome.js';
import { decodeRecord, encodeRecord, type JobRecord } from './record.js';
import type { Requeuer } from './requeuer.js';
import type { JobId, Token } from './script.js';
import { isFinished, type ClaimedRow, type InspectedJob, type JobState } from './scripts.js';
import type { ParentJob } from './store.js';

/** What a job asks of its queue. */
export interface JobHost {
  readonly queueName: string;
  readonly actions: Pick<Actions, 'remove' | 'cancel'>;
  readonly requeuer: Pick<Requeuer, 'retryJob'>;
  readonly awaiting: Pick<Awaiting, 'finished'>;
  readonly codecs: Codecs;
  readonly notes: Pick<Notes, 'limits' | 'progress' | 'log' | 'clearLogs' | 'rewrite'>;
  getJobState(id: string): Promise<JobState | 'unknown'>;
  getJobPosition(id: string): Promise<number | undefined>;
  parents(id: JobId): Promise<ParentJob[]>;
  dependents(id: JobId): AsyncGenerator<ParentId>;
}

/** What a worker knows of a job that it claimed. */
export interface Claimed {
  readonly row: ClaimedRow;
  readonly token: Token;
  /** Server time (ms). */
  readonly claimedAt: number;
}

/** Time (ms) at which a token was drawn: its number is the server's time in µs. */
export function claimTime(token: Token): number {
  return Math.floor(Number(token.slice(token.indexOf(':') + 1)) / 1_000);
}

const none: readonly Failure[] = [];

function keyOf({ queue, id }: ParentId): string {
  return `${queue}\t${id}`;
}

/** One unit of work. Its fields tell what was known when it was read; they don't follow the stored job. */
export class Job<Data = unknown, Result = unknown, Name extends string = string> {
  readonly id: JobId;
  readonly name: Name;
  data: Data;
  readonly opts: JobOptions;
  /** When it was added (ms, the producer's clock). */
  readonly timestamp: number;
  /** Whether `add` found this id stored and added nothing. */
  readonly duplicate: boolean = false;
  /** Failed attempts, and the one that completed it. */
  attemptsMade = 0;
  /** Times it was lost with its worker. */
  stalledCounter = 0;
  /** When its last run began (ms, the server's clock). */
  processedOn: number | undefined;
  /** When it completed or failed (ms). */
  finishedOn: number | undefined;
  /** What the handler returned, as JSON keeps it. */
  returnvalue: Result | undefined;
  /** Message of the last failed attempt. */
  failedReason: string | undefined;
  /** Failed attempts, and why it was cancelled, the newest first; the last ten at most. */
  history: readonly Failure[] = none;
  /** Stacks of failed attempts, the oldest first; the last ten at most, 4 KiB each. */
  stacktrace: string[] = [];
  /**
   * How far it is. In a handler: what this run has told, 0 before. Of a job that was looked up: what was told last, also by an earlier
   * run; 0 when nothing was.
   */
  progress: JobProgress = 0;
  /** What `moveToDelayed` was told (ms since 1970). */
  delayedUntil: number | undefined;
  /** Proof of this claim, while it is being worked on. */
  token: string | undefined;

  readonly #host: JobHost;
  #meta: JobMeta | undefined;

  constructor(host: JobHost, id: JobId, record: JobRecord, duplicate = false) {
    this.#host = host;
    this.id = id;
    this.name = record.name as Name;
    this.data = record.data as Data;
    this.opts = record.opts;
    this.timestamp = record.timestamp;
    this.#meta = record.meta;
    this.duplicate = duplicate;
  }

  /** A job as `claim` gave it. Throws UNREADABLE, CODEC. */
  static claimed<D, R, N extends string>(
    host: JobHost,
    { row, token, claimedAt }: Claimed,
  ): Job<D, R, N> {
    const record = decodeRecord(row.id, row.record ?? '', host.codecs);
    const job = new Job<D, R, N>(host, row.id, record);
    job.token = token;
    job.attemptsMade = row.attempts;
    job.stalledCounter = row.losses;
    job.processedOn = claimedAt;
    return job;
  }

  /** A job as `inspect` gave it. Throws UNREADABLE, CODEC. */
  static inspected<D, R, N extends string>(
    host: JobHost,
    id: JobId,
    row: InspectedJob,
    duplicate = false,
  ): Job<D, R, N> {
    const { codecs } = host;
    const job = new Job<D, R, N>(host, id, decodeRecord(id, row.record, codecs), duplicate);
    const { returnvalue, processedOn } = decodeOutcome(row.outcome, id, codecs);
    const failures = decodeFailures(row.failures, id, codecs);
    job.attemptsMade = row.attempts + (row.state === 'completed' ? 1 : 0);
    job.returnvalue = returnvalue as R | undefined;
    job.processedOn = processedOn ?? failures[0]?.processedOn;
    job.failedReason = row.state === 'completed' ? undefined : failures[0]?.failedReason;
    job.history = failures;
    job.stacktrace = failures.flatMap((failure) => failure.stack ?? []).toReversed();
    if (row.progress !== '')
      job.progress = codecs.read(row.progress, 'progress', id) as JobProgress;
    if (row.state === 'active') {
      job.token = row.detail;
      job.processedOn = claimTime(row.detail as Token);
    }
    if (isFinished(row.state)) job.finishedOn = Number(row.detail);
    return job;
  }

  /** Name of its queue. */
  get queueName(): string {
    return this.#host.queueName;
  }

  /** What it is, for people. */
  get description(): string | undefined {
    return this.opts.description;
  }

  /** What belongs to it beside its data: the option, or what `updateMeta` was last given, in this or an earlier run. */
  get meta(): JobMeta {
    this.#meta ??= { ...this.opts.meta };
    return this.#meta;
  }

  /**
   * Tells how far the job is: what JSON can hold, 64 KiB at most (`limits.progressBytes`). In its handler, or while nobody runs it.
   *
   * This and what follows reject with LeaseLostError when the job is no longer under the claim that this object knows of, and with
   * JOB_ACTIVE (somebody else runs it), JOB_NOT_FOUND, TOO_LARGE, BACKPRESSURE, UNAVAILABLE, UNKNOWN_OUTCOME.
   */
  async updateProgress(progress: JobProgress): Promise<void> {
    const text = progressText(progress, this.#host.notes.limits, this.id, this.#host.codecs);
    this.progress = progress;
    await this.#host.notes.progress(this, progress, text);
  }

  /**
   * Adds a row to the job's log, its first 4 KiB (`limits.logRowBytes`). The newest 1,000 rows stay, or `keepLogs`, and 64 KiB of them.
   * Returns how many there are; `queue.getJobLogs` reads them.
   */
  async log(row: string): Promise<number> {
    return await this.#host.notes.log(this, row);
  }

  /** Leaves the newest rows of the job's log, so many. Default 0. */
  async clearLogs(keepLogs = 0): Promise<void> {
    await this.#host.notes.clearLogs(this, keepLogs);
  }

  /** Replaces what belongs to the job beside its data: an object, as JSON 64 KiB at most (`limits.metaBytes`). */
  async updateMeta(meta: JobMeta): Promise<void> {
    const text = annotation(meta, this.#host.notes.limits, this.id, this.#host.codecs);
    this.#meta = meta;
    await this.#host.notes.rewrite(this, '', text);
  }

  /** Replaces the job's data, for this run and those to come. */
  async updateData(data: Data): Promise<void> {
    const { id, name, timestamp, opts } = this;
    const { codecs, notes } = this.#host;
    const record = { name, data, timestamp, opts };
    const { text } = encodeRecord(record, notes.limits.dataBytes, id, codecs);
    this.data = data;
    await this.#host.notes.rewrite(this, text, '');
  }

  /** Where the job is now. */
  getState(): Promise<JobState | 'unknown'> {
    return this.#host.getJobState(this.id);
  }

  /** How many waiting jobs are before it, 0 for the next one; undefined when it does not wait. See `Queue.getJobPosition`. */
  getPosition(): Promise<number | undefined> {
    return this.#host.getJobPosition(this.id);
  }

  /**
   * The jobs that it depends on: how they ended, with `returnvalue` or `failedReason`, or how they are now. Those that it still waits
   * for are `blocking`. In the order of `dependsOn`.
   */
  async parents(): Promise<ParentJob[]> {
    const given = parentsOf(this.queueName, this.opts).map(keyOf);
    const places = new Map(given.map((key, at) => [key, at]));
    const placeOf = (parent: ParentId): number => places.get(keyOf(parent)) ?? given.length;
    const parents = await this.#host.parents(this.id);
    return parents.toSorted((a, b) => placeOf(a) - placeOf(b));
  }

  /** The parents that this job still waits for. */
  async blockers(): Promise<ParentJob[]> {
    return (await this.parents()).filter(({ blocking }) => blocking);
  }

  /** The jobs that depend on this one and were not told of its end yet, read a page at a time. */
  dependents(): AsyncGenerator<ParentId> {
    return this.#host.dependents(this.id);
  }

  /**
   * What the handler returned, once the job has completed. `timeout` in ms; default: waits for ever. BullMQ's form, with its
   * `QueueEvents` first, is understood too.
   *
   * Rejects with JobFailedError, JobCancelledError, WAIT_TIMEOUT, CLOSED, or JOB_NOT_FOUND when the job was removed or evicted.
   */
  async waitUntilFinished(options?: { timeout?: number }): Promise<Result>;
  async waitUntilFinished(queueEvents: object | undefined, ttl?: number): Promise<Result>;
  async waitUntilFinished(options: object = {}, ttl?: number): Promise<Result> {
    // BullMQ's QueueEvents, of whatever make, can be listened to.
    if (ttl === undefined && !('on' in options)) knownOptions(options, ['timeout']);
    const timeout = ttl ?? (options as { timeout?: unknown }).timeout;
    const ms = timeout === undefined ? undefined : wholeNumber('timeout', timeout, 0, longestTimer);
    return (await this.#host.awaiting.finished(this.id, ms)) as Result;
  }

  /**
   * Cancels the job: at once when it has not started; when it is active its signal fires, wherever it runs. Throws JOB_FINISHED,
   * JOB_NOT_FOUND.
   */
  cancel(options: CancelOptions = {}): Promise<void> {
    return this.#host.actions.cancel(this.id, options);
  }

  /** Says until when (ms since 1970) a `DelayedError` without a time of its own puts the job off. Throws RangeError for seconds. */
  moveToDelayed(timestamp: number, _token?: string): Promise<void> {
    this.delayedUntil = pointOfTime('timestamp', timestamp);
    return Promise.resolve();
  }

  /** Forgets the job. Throws JOB_ACTIVE while it is being worked on, JOB_NOT_FOUND. */
  remove(): Promise<void> {
    return this.#host.actions.remove(this.id);
  }

  /** Puts a finished job back into the queue, its attempts cleared. Throws JOB_NOT_FINISHED, JOB_NOT_FOUND, PARENT_FAILED. */
  retry(): Promise<void> {
    return this.#host.requeuer.retryJob(this.id);
  }
}
