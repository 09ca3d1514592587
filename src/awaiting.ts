// Waiting for jobs to finish. The end of a job that somebody awaits is published; since a message may be lost, jobs are also asked
// for after each reconnect and every few seconds, all of a queue in one call, so that there is always an answer.
import { executeOne } from './execute.js';
import { asError, JobCancelledError, JobFailedError, QueueError } from './errors.js';
import { parseNews } from './listening/news.js';
import { decodeFailures, decodeOutcome } from './outcome.js';
import { callOf, type JobId } from './script.js';
import * as scripts from './scripts.js';
import { isFinished, type InspectedJob } from './scripts.js';
import type { Store } from './store.js';

/** ms between two looks at jobs whose end was not heard of. */
const lookInterval = 2_000;
const watchElements = 256;

interface Waiter {
  readonly resolve: (returnvalue: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Awaiting {
  readonly #store: Store;
  readonly #waiters = new Map<JobId, Set<Waiter>>();
  /** Ids to look at in the next turn. */
  #news = new Set<JobId>();
  #looking = false;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #closed = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The return value of a job. Rejects with JobFailedError, JobCancelledError, JOB_NOT_FOUND, WAIT_TIMEOUT, CLOSED, UNAVAILABLE. */
  async finished(id: JobId, timeout: number | undefined): Promise<unknown> {
    if (this.#closed || this.#store.connection.closed) throw this.#closedError();
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    try {
      return await new Promise((resolve, reject) => {
        waiter = { resolve, reject };
        this.#add(id, waiter);
        if (timeout === undefined) return;
        timer = setTimeout(() => {
          const message = `job ${id} has not finished within ${timeout} ms`;
          reject(new QueueError('WAIT_TIMEOUT', message, { ids: [id] }));
        }, timeout);
      });
    } finally {
      clearTimeout(timer);
      if (waiter) this.#drop(id, waiter);
    }
  }

  #add(id: JobId, waiter: Waiter): void {
    const waiters = this.#waiters.get(id) ?? new Set();
    waiters.add(waiter);
    this.#waiters.set(id, waiters);
    this.#unsubscribe ??= this.#store.connection.subscribe(this.#store.keys.events, {
      onMessage: (message) => this.#look(parseNews(message).events.map((event) => event.id)),
      onSubscribed: () => this.#look([...this.#waiters.keys()]),
    });
    this.#timer ??= setInterval(() => this.#look([...this.#waiters.keys()]), lookInterval);
    this.#look([id]);
  }

  #drop(id: JobId, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(id);
    if (this.#waiters.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #look(ids: readonly JobId[]): void {
    for (const id of ids) if (this.#waiters.has(id)) this.#news.add(id);
    if (this.#looking || this.#news.size === 0) return;
    this.#looking = true;
    setImmediate(() => void this.#lookAtAll());
  }

  /** Asks for all that there is news of; what can't be asked now is asked again at the next look. */
  async #lookAtAll(): Promise<void> {
    while (this.#news.size > 0) {
      const ids = [...this.#news].slice(0, watchElements);
      for (const id of ids) this.#news.delete(id);
      try {
        await this.#lookAt(ids);
      } catch (thrown) {
        // Without a connection the next look tells, unless this was the last.
        const error = asError(thrown);
        if (error instanceof QueueError && error.code === 'CLOSED') this.#end(ids, error);
      }
    }
    this.#looking = false;
  }

  async #lookAt(ids: readonly JobId[]): Promise<void> {
    const { connection, keys } = this.#store;
    const items = ids.map((id) => ({ id }));
    const words = await executeOne(connection, callOf(scripts.watch, keys, {}, items));
    this.#end(
      ids.filter((_, at) => words[at] === 'unknown'),
      undefined,
    );
    const ended = ids.filter((_, at) => words[at] === 'finished');
    const rows = ended.length > 0 ? await this.#store.inspect(ended) : [];
    for (const [at, id] of ended.entries()) this.#tell(id, rows[at]);
  }

  #end(ids: readonly JobId[], error: Error | undefined): void {
    for (const id of ids) {
      const reason = error ?? new QueueError('JOB_NOT_FOUND', `no job ${id}`, { ids: [id] });
      for (const waiter of this.#waiters.get(id) ?? []) waiter.reject(reason);
    }
  }

  #tell(id: JobId, row: InspectedJob | undefined): void {
    if (!row) return this.#end([id], undefined);
    // It was put back meanwhile: its next end is to be told.
    if (!isFinished(row.state)) return this.#look([id]);
    const { codecs } = this.#store;
    let returnvalue: unknown;
    let reason: string = row.state;
    try {
      returnvalue = decodeOutcome(row.outcome, id, codecs).returnvalue;
      reason = decodeFailures(row.failures, id, codecs)[0]?.failedReason ?? reason;
    } catch (error) {
      // It has ended in a way that can't be told here.
      return this.#end([id], asError(error));
    }
    for (const waiter of this.#waiters.get(id) ?? []) {
      if (row.state === 'completed') waiter.resolve(returnvalue);
      else if (row.state === 'failed') waiter.reject(new JobFailedError(reason));
      else if (row.state === 'cancelled') waiter.reject(new JobCancelledError(reason));
    }
  }

  /** The connection is given back: who still waits is told. */
  close(): void {
    this.#closed = true;
    this.#end([...this.#waiters.keys()], this.#closedError());
  }

  #closedError(): QueueError {
    return new QueueError('CLOSED', `queue ${this.#store.queueName} was closed`);
  }
}
