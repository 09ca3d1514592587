// Whether jobs are stored, from memory where that is known well enough. What is known is shared (known-ids.ts); here is what one Queue
// object has of it. It answers questions and decides nothing: what is added is decided by the script that adds.
import { shown, textOf } from '../checks.js';
import type { Connection } from '../connection.js';
import { asError, QueueError } from '../errors.js';
import type { QueueKeys } from '../keys.js';
import { KnownIds } from './known-ids.js';
import type { IdCacheSettings } from '../options.js';
import { Questions } from './questions.js';
import type { JobId } from '../script.js';

/**
 * What the ID cache of a queue has done: for all Queue objects of this process that share it, those with the same queue, prefix and
 * connection; for one Queue object with `idCache: false`.
 */
export interface IdCacheStats {
  /** How many ids it holds. */
  readonly size: number;
  /** Checks that were answered from memory. */
  readonly hits: number;
  /** Checks for which Redis was asked. */
  readonly misses: number;
  /** Answers in memory that an event or a re-validation has found to have changed. */
  readonly corrections: number;
  /** Ids that were asked for again before they were too old, so that the next check need not wait. */
  readonly revalidations: number;
  /**
   * Hits, each of which would have been an EXISTS, less the commands that the cache spends on itself: re-validation, listening, comparing
   * clocks. Misses count for nothing: with or without a cache Redis is asked. Messages that the process receives are not in it.
   */
  readonly commandsSaved: number;
}

/** A loop of checks lets others have their turn after so many: timers, sockets, and the events that put the cache right. */
const checksOfATurn = 1_000;
/** Most ids of one `hasMany` that are looked up in one turn of the event loop. */
const pageSize = 10_000;
/** How often an id is asked for whose answers are too old when they come. */
const attempts = 5;

export class IdCache {
  readonly #shared: KnownIds | undefined;
  readonly #maxAge: number;
  /** Not shared: no answer is from before its question. */
  readonly #direct: Questions;
  readonly #exit: (() => void) | undefined;
  readonly #open = new Set<Promise<unknown>>();
  #asked = 0;
  #checks = 0;
  #closed = false;

  /** Without settings nothing is remembered: each question goes to Redis, those of one turn together. */
  constructor(connection: Connection, keys: QueueKeys, settings: IdCacheSettings | undefined) {
    this.#maxAge = settings?.maxAge ?? 0;
    this.#shared = settings && KnownIds.of(connection, keys);
    this.#exit = settings && this.#shared?.enter(settings);
    this.#direct = new Questions(connection, keys);
  }

  has(id: string): Promise<boolean> {
    // Not async: a hit costs no more turns of the microtask queue than it must.
    try {
      const checked = this.#checked(id);
      this.#checks += 1;
      if (this.#checks % checksOfATurn === 0) return this.#track(this.#inNextTurn(checked));
      return this.#answer(checked);
    } catch (thrown) {
      return Promise.reject(asError(thrown));
    }
  }

  #answer(id: JobId): Promise<boolean> {
    const known = this.#shared?.look(id, this.#maxAge);
    return known === undefined ? this.#track(this.#ask(id)) : Promise.resolve(known);
  }

  async #inNextTurn(id: JobId): Promise<boolean> {
    await new Promise(setImmediate);
    return await this.#answer(id);
  }

  async hasMany(ids: readonly string[]): Promise<boolean[]> {
    if (!Array.isArray(ids)) throw new TypeError(`ids: expected a list, got ${shown(ids)}`);
    return await this.#track(this.#hasMany(Array.from(ids, (id: string) => this.#checked(id))));
  }

  async #hasMany(ids: readonly JobId[]): Promise<boolean[]> {
    const found: boolean[] = [];
    while (found.length < ids.length) {
      if (found.length > 0) await new Promise(setImmediate);
      const page = ids.slice(found.length, found.length + pageSize);
      const answers = page.map((id) => this.#shared?.look(id, this.#maxAge) ?? this.#ask(id));
      // Of those that fail the first is told, when all have ended.
      const ends = await Promise.allSettled(answers.filter((answer) => typeof answer === 'object'));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed) throw asError(failed.reason);
      for (const answer of answers) found.push(await answer);
    }
    return found;
  }

  stats(): IdCacheStats {
    const { hits, misses, corrections, revalidations } = this.#shared?.tally ?? {
      hits: 0,
      misses: this.#asked,
      corrections: 0,
      revalidations: 0,
    };
    const size = this.#shared?.size ?? 0;
    const commandsSaved = hits - (this.#shared?.spent ?? 0);
    return { size, hits, misses, corrections, revalidations, commandsSaved };
  }

  /** This Queue object has changed them: from now on, what was known before is not told any more. */
  changed(ids: readonly JobId[], present: boolean): void {
    if (this.#shared) for (const id of ids) this.#shared.changed(id, present);
  }

  changedAll(): void {
    this.#shared?.changedAll();
  }

  /** Waits for the questions under way; the last one to leave ends the listening. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#open);
    this.#exit?.();
  }

  #checked(id: string): JobId {
    if (this.#closed) throw new QueueError('CLOSED', 'the queue was closed');
    return textOf('id', id) as JobId;
  }

  async #ask(id: JobId): Promise<boolean> {
    if (!this.#shared) {
      this.#asked += 1;
      return (await this.#direct.ask(id)).present;
    }
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const { present, asOf } = await this.#shared.ask(id);
      if (performance.now() - asOf <= this.#maxAge) return present;
    }
    const message = `answers take longer than idCache.maxAge, ${this.#maxAge} ms`;
    throw new QueueError('UNAVAILABLE', message, { ids: [id] });
  }

  #track<T>(answer: Promise<T>): Promise<T> {
    const tracked = answer.finally(() => this.#open.delete(tracked));
    this.#open.add(tracked);
    return tracked;
  }
}
