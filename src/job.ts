// A job as its users see it.
import type { JobOptions } from './options.js';
import { decodeOutcome, decodeRecord, type JobRecord } from './record.js';
import type { JobId, Token } from './script.js';
import type { ClaimedRow, InspectedJob, JobState } from './scripts.js';

/** What a job asks of its queue. */
export interface JobHost {
  getJobState(id: string): Promise<JobState | 'unknown'>;
  remove(id: string): Promise<void>;
  retryJob(id: string): Promise<void>;
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

/** One unit of work. Its fields tell what was known when it was read; they don't follow the stored job. */
export class Job<Data = unknown, Result = unknown, Name extends string = string> {
  readonly id: JobId;
  readonly name: Name;
  readonly data: Data;
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
  /** Stacks of failed attempts, the oldest first; the last ten at most, 4 KiB each. */
  stacktrace: string[] = [];
  /** Proof of this claim, while it is being worked on. */
  token: string | undefined;

  readonly #host: JobHost;

  constructor(host: JobHost, id: JobId, record: JobRecord, duplicate = false) {
    this.#host = host;
    this.id = id;
    this.name = record.name as Name;
    this.data = record.data as Data;
    this.opts = record.opts;
    this.timestamp = record.timestamp;
    this.duplicate = duplicate;
  }

  /** A job as `claim` gave it. Throws UNREADABLE. */
  static claimed<D, R, N extends string>(
    host: JobHost,
    { row, token, claimedAt }: Claimed,
  ): Job<D, R, N> {
    const job = new Job<D, R, N>(host, row.id, decodeRecord(row.id, row.record ?? ''));
    job.token = token;
    job.attemptsMade = row.attempts;
    job.stalledCounter = row.losses;
    job.processedOn = claimedAt;
    return job;
  }

  /** A job as `inspect` gave it. Throws UNREADABLE. */
  static inspected<D, R, N extends string>(
    host: JobHost,
    id: JobId,
    row: InspectedJob,
    duplicate = false,
  ): Job<D, R, N> {
    const job = new Job<D, R, N>(host, id, decodeRecord(id, row.record), duplicate);
    const { failures, returnvalue, processedOn } = decodeOutcome(row.state, row.outcome);
    job.attemptsMade = row.attempts + (row.state === 'completed' ? 1 : 0);
    job.returnvalue = returnvalue as R | undefined;
    job.processedOn = processedOn ?? failures[0]?.processedOn;
    job.failedReason = failures[0]?.failedReason;
    job.stacktrace = failures.map((failure) => failure.stack ?? '').toReversed();
    if (row.state === 'active') {
      job.token = row.detail;
      job.processedOn = claimTime(row.detail as Token);
    }
    if (row.state === 'completed' || row.state === 'failed') job.finishedOn = Number(row.detail);
    return job;
  }

  /** Where the job is now. */
  getState(): Promise<JobState | 'unknown'> {
    return this.#host.getJobState(this.id);
  }

  /** Forgets the job. Throws JOB_ACTIVE while it is being worked on, JOB_NOT_FOUND. */
  remove(): Promise<void> {
    return this.#host.remove(this.id);
  }

  /** Puts a finished job back into the queue, its attempts cleared. Throws JOB_NOT_FINISHED, JOB_NOT_FOUND. */
  retry(): Promise<void> {
    return this.#host.retryJob(this.id);
  }
}
