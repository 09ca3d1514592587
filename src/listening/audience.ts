// Listening to what the scripts of a queue publish. They publish while the queue's `audience` exists, so who listens renews it; all
// listeners of this process on one connection share one subscription and one timer.
import type { Connection } from '../connection.js';
import { deadlineIn } from '../deadline.js';
import { asError, QueueError } from '../errors.js';
import { executeOne } from '../execute.js';
import type { QueueKeys } from '../keys.js';
import { parseNews, type News } from './news.js';
import { PerConnection } from '../per-connection.js';
import { callOf } from '../script.js';
import * as scripts from '../scripts.js';

/** ms after which scripts publish nothing more unless somebody says that he still listens. */
export const audienceLifetime = 60_000;
/** ms between two renewals. */
const renewal = 20_000;
/** ms without an answer to a renewal after which messages may be missed. */
const patience = 45_000;
/** ms in which a renewal must be answered. */
const answerTimeout = 5_000;
/** ms until it is tried again, when there was no answer, and when the server refused. */
const retry = { silence: 500, refusal: 5_000 };

export interface AudienceListener {
  /** Each message, in order; also while messages may be missed. */
  onNews(news: News): void;
  /**
   * True: nothing that happens from now on is missed. It may be told by `join` itself. False: messages may be missed, now or since the
   * last renewal. A gap that is over already is told by false and true.
   */
  onHealth(healthy: boolean): void;
  /** The server refuses to let this process listen; it is tried again. */
  onError?(error: Error): void;
}

const audiences = new PerConnection<Audience>();

/** One for each queue and connection, from the first listener to the last. */
export class Audience {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #listeners = new Set<AudienceListener>();
  #healthy = false;
  /** Number of the renewal that counts: one that was begun before a connection was lost does not. */
  #turn = 0;
  /** When the last renewal that was answered had been sent (monotonic clock, ms). */
  #renewed = 0;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  private constructor(connection: Connection, keys: QueueKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /** Listens until the function returned is called, which is due before the connection is released. */
  static join(connection: Connection, keys: QueueKeys, listener: AudienceListener): () => void {
    const make = (): Audience => new Audience(connection, keys);
    return audiences.obtain(connection, keys.events, make).#join(listener);
  }

  #join(listener: AudienceListener): () => void {
    this.#listeners.add(listener);
    if (this.#healthy) listener.onHealth(true);
    this.#unsubscribe ??= this.#connection.subscribe(this.#keys.events, {
      onMessage: (message) => this.#hear(message),
      onSubscribed: () => void this.#renew(),
      onLost: () => this.#lost(),
    });
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end();
    };
  }

  /** For good: who joins from now on joins another one. */
  #end(): void {
    audiences.drop(this.#connection, this.#keys.events, this);
    this.#unsubscribe?.();
    this.#lost();
  }

  #lost(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#tell(false);
  }

  #hear(message: string): void {
    const news = parseNews(message);
    for (const listener of this.#listeners) listener.onNews(news);
  }

  #tell(healthy: boolean): void {
    if (this.#healthy === healthy) return;
    this.#healthy = healthy;
    // Who joins meanwhile is told by `join`.
    const listeners = [...this.#listeners];
    for (const listener of listeners) if (this.#listeners.has(listener)) listener.onHealth(healthy);
  }

  /** Says that somebody listens, and makes sure that he does. */
  async #renew(): Promise<void> {
    clearTimeout(this.#timer);
    this.#turn += 1;
    const turn = this.#turn;
    const sent = performance.now();
    const answer = await this.#ask().catch(asError);
    if (turn !== this.#turn || this.#connection.closed) return;
    let again = renewal;
    if (typeof answer === 'string') {
      // Who slept for longer than the audience lives can't know that it was there all the time: others may have revived it.
      const lapsed = sent - this.#renewed > audienceLifetime;
      this.#renewed = sent;
      if (answer === 'fresh' || lapsed) this.#tell(false);
    } else {
      if (performance.now() - this.#renewed > patience - answerTimeout) this.#tell(false);
      const refused =
        answer instanceof QueueError && ['REDIS', 'NO_PERMISSION'].includes(answer.code);
      again = refused ? retry.refusal : retry.silence;
      if (refused) for (const listener of this.#listeners) listener.onError?.(answer);
    }
    // Who was told may have left.
    if (turn !== this.#turn) return;
    this.#timer = setTimeout(() => void this.#renew(), again).unref();
    if (typeof answer === 'string') this.#tell(true);
  }

  async #ask(): Promise<'kept' | 'fresh'> {
    const call = callOf(scripts.listen, this.#keys, { lifetime: audienceLifetime });
    const [word] = await Promise.all([
      executeOne(this.#connection, call, deadlineIn(answerTimeout)),
      this.#connection.heard(),
    ]);
    return word;
  }
}
