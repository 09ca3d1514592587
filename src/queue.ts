// The producer's side of a queue: adding jobs, looking at them, acting on them.
import { Batcher } from './batcher.js';
import { Caller, IdMaker } from './caller.js';
import { Connection } from './connection.js';
import { execute, executeOne } from './execute.js';
import { asError, BulkError, QueueError, type BulkOutcome } from './errors.js';
import { SafeEmitter } from './events.js';
import { Job } from './job.js';
import { defaultPrefix, queueKeys } from './keys.js';
import {
  batchBytes,
  batchElements,
  checkJobOptions,
  queueLimits,
  queueNameOf,
  textOf,
  wholeNumber,
  type JobOptions,
  type QueueOptions,
} from './options.js';
import { encodeRecord, encodeTraits } from './record.js';
import { callOf, type Call, type JobId, type RecordText, type TraitsText } from './script.js';
import * as scripts from './scripts.js';
import { states, type AddWord, type JobState } from './scripts.js';
import { Store } from './store.js';
import { warnAboutServer } from './warnings.js';

/** A job for `addBulk`. */
export interface BulkJob<Data = unknown, Name extends string = string> {
  name: Name;
  data: Data;
  opts?: JobOptions;
}

export type QueueEvents = { error: [error: Error] };

interface NewJob {
  readonly id: JobId;
  readonly record: RecordText;
  readonly traits: TraitsText | '';
  readonly delay: number;
}

const adding = { enqueue: scripts.enqueue, schedule: scripts.schedule };

/** A queue to add jobs to. Jobs are run by a `Worker` of the same name. */
export class Queue<
  Data = unknown,
  Result = unknown,
  Name extends string = string,
> extends SafeEmitter<QueueEvents> {
  readonly name: string;
  readonly #connection: Connection;
  /** One for each call of a script that may be in flight. */
  readonly #callers = [new Caller(), new Caller()] as const;
  readonly #ids = new IdMaker();
  readonly #store: Store;
  readonly #defaults: JobOptions;
  readonly #enqueue: Batcher<NewJob, AddWord>;
  readonly #schedule: Batcher<NewJob, AddWord>;
  readonly #unlisten: () => void;
  #closing: Promise<void> | undefined;
  /** An unanswered copy of a call may still arrive, so rows of `calls` must stay. */
  #echoes = false;

  /** Throws TypeError or RangeError for a name or option that can't be. */
  constructor(name: string, options: QueueOptions = {}) {
    super();
    this.name = queueNameOf('name', name);
    const { prefix = defaultPrefix, defaultJobOptions = {} } = options;
    const limits = { elements: batchElements, bytes: batchBytes, ...queueLimits(options) };
    this.#defaults = defaultJobOptions;
    const keys = queueKeys(this.name, queueNameOf('prefix', prefix));
    this.#connection = Connection.acquire(options.connection);
    this.#store = new Store(this.#connection, keys, this.#callers[0]);
    const senders = (script: keyof typeof adding) =>
      this.#callers.map((caller) => (jobs: readonly NewJob[]) => {
        const args = { ...caller.next(script), schema: scripts.schemaVersion };
        return this.#send(jobs, callOf(adding[script], keys, args, jobs));
      });
    this.#enqueue = new Batcher(senders('enqueue'), limits);
    this.#schedule = new Batcher(senders('schedule'), limits);
    this.#unlisten = this.#connection.listen({ onError: (error) => this.report(error) });
    warnAboutServer(this.#connection);
  }

  /**
   * Adds a job and resolves when it is stored. Adds of the same moment travel together. An id that exists, in any
   * state, adds nothing: the stored job comes back, flagged as `duplicate`.
   *
   * Rejects with TypeError or RangeError for an option that can't be, and with BACKPRESSURE, OUT_OF_MEMORY, OUTDATED, TOO_LARGE,
   * UNAVAILABLE (nothing was added) or UNKNOWN_OUTCOME (with the id: adding it again is safe).
   */
  async add(name: Name, data: Data, opts?: JobOptions): Promise<Job<Data, Result, Name>> {
    this.#checkOpen();
    if (opts) checkJobOptions(opts);
    const merged = opts ? { ...this.#defaults, ...opts } : this.#defaults;
    const timestamp = Date.now();
    const record = { name: textOf('job name', name) as Name, data, timestamp, opts: merged };
    const { text, bytes } = encodeRecord(record);
    const delay = merged.delay ?? 0;
    const batcher = delay > 0 ? this.#schedule : this.#enqueue;
    for (;;) {
      const id = (merged.jobId as JobId | undefined) ?? this.#ids.next();
      const word = await batcher.add(
        { id, record: text, traits: encodeTraits(merged, bytes), delay },
        bytes,
      );
      if (word === 'added') return new Job(this.#store, id, record);
      if (merged.jobId !== undefined) {
        const stored = await this.#store.getJob<Data, Result, Name>(id, true);
        return stored ?? new Job(this.#store, id, record, true);
      }
      // Two producers drew the same random id: this job has not been added yet.
    }
  }

  /**
   * Adds jobs, 256 or 256 KiB a call. It is not atomic: when some were not added, it rejects with a `BulkError` whose `outcomes` tell
   * each.
   */
  async addBulk(jobs: readonly BulkJob<Data, Name>[]): Promise<Job<Data, Result, Name>[]> {
    for (const { name, opts = {} } of jobs) {
      textOf('job name', name);
      checkJobOptions(opts);
    }
    const outcomes = await Promise.all(
      jobs.map(({ name, data, opts }) =>
        this.add(name, data, opts).then(
          (job): BulkOutcome<Job<Data, Result, Name>> => ({ job }),
          (thrown: unknown) => ({ error: asError(thrown) }),
        ),
      ),
    );
    const added = outcomes.flatMap((outcome) => ('job' in outcome ? [outcome.job] : []));
    if (added.length < outcomes.length) throw new BulkError(outcomes);
    return added;
  }

  async #send(
    jobs: readonly NewJob[],
    call: Call<readonly AddWord[] | 'stale' | 'outdated'>,
  ): Promise<readonly AddWord[]> {
    const ids = jobs.map((job) => job.id);
    const [answer] = await execute(this.#connection, [call]);
    if ('error' in answer) {
      const { code, message, cause } = answer.error;
      if (code === 'UNKNOWN_OUTCOME') this.#echoes = true;
      throw new QueueError(code, message, { cause, ids });
    }
    if (answer.resent) this.#echoes = true;
    if (answer.reply === 'outdated')
      throw new QueueError('OUTDATED', `queue ${this.name} belongs to a newer major version`, {
        ids,
      });
    if (answer.reply === 'stale')
      throw new QueueError('UNKNOWN_OUTCOME', 'a later call was answered first', { ids });
    return answer.reply;
  }

  /** A stored job, or undefined. */
  async getJob(id: string): Promise<Job<Data, Result, Name> | undefined> {
    return await this.#store.getJob(textOf('id', id));
  }

  /**
   * Jobs of one state by position, both ends included (default: the first 100): waiting and delayed ones in the order in which they
   * will run, finished ones from the oldest on, active ones in no order.
   */
  async getJobs(
    state: JobState,
    range: { start?: number; end?: number } = {},
  ): Promise<Job<Data, Result, Name>[]> {
    if (!states.includes(state))
      throw new TypeError(
        `state: expected one of ${states.join(', ')}, got ${JSON.stringify(state)}`,
      );
    const start = wholeNumber('start', range.start ?? 0, 0);
    const end = wholeNumber('end', range.end ?? start + 99, start);
    return await this.#store.getJobs(state, start, end);
  }

  /** Where a job is now; `unknown` when it is not stored. */
  async getJobState(id: string): Promise<JobState | 'unknown'> {
    return await this.#store.getJobState(textOf('id', id));
  }

  /** How many jobs are in each state, at one moment. */
  async getJobCounts(): Promise<Record<JobState, number>> {
    return await executeOne(this.#connection, callOf(scripts.count, this.#store.keys, {}));
  }

  /** Workers of this queue claim nothing more until `resume`; what is active goes on. */
  async pause(): Promise<void> {
    await executeOne(this.#connection, callOf(scripts.pause, this.#store.keys, {}));
  }

  async resume(): Promise<void> {
    await executeOne(this.#connection, callOf(scripts.resume, this.#store.keys, {}));
  }

  /** Forgets a job. Throws JOB_ACTIVE while it is being worked on, JOB_NOT_FOUND. */
  async remove(id: string): Promise<void> {
    await this.#store.remove(textOf('id', id));
  }

  /** Puts a completed or failed job back, attempts and losses cleared. Throws JOB_NOT_FINISHED, JOB_NOT_FOUND. */
  async retryJob(id: string): Promise<void> {
    await this.#store.retryJob(textOf('id', id));
  }

  /** Removes all waiting jobs, and delayed ones if asked, 256 a call. */
  async drain(delayed = false): Promise<void> {
    await this.#store.drain(delayed);
  }

  /** Removes the queue and all its jobs. Throws JOB_ACTIVE while jobs are active, unless forced. */
  async obliterate({ force = false }: { force?: boolean } = {}): Promise<void> {
    const call = callOf(scripts.obliterate, this.#store.keys, { force: force ? 1 : 0 });
    if ((await executeOne(this.#connection, call)) === 'active')
      throw new QueueError('JOB_ACTIVE', `queue ${this.name} has active jobs`);
  }

  #checkOpen(): void {
    if (this.#closing) throw new QueueError('CLOSED', `queue ${this.name} was closed`);
  }

  /** Waits for the adds under way, then gives the connection back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#enqueue.idle(), this.#schedule.idle()]);
    const rows = this.#callers.flatMap((caller) => caller.rows());
    if (rows.length > 0 && !this.#echoes) {
      const call = callOf(scripts.close, this.#store.keys, { lease: this.#callers[0].id }, rows);
      await executeOne(this.#connection, call).catch(() => undefined);
    }
    this.#unlisten();
    this.#connection.release();
  }
}
