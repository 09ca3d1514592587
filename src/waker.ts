// How idle workers of this process wait: one blocking connection for all of them, on the wake lists of their
// queues. A marker goes to the worker that waited for it first.
import type { Connection } from './connection.js';
import { sleep } from './deadline.js';

interface Waiter {
  readonly keys: readonly string[];
  readonly until: number;
  readonly resolve: (taken: string | undefined) => void;
  aborted: boolean;
}

const wakers = new WeakMap<Connection, Waker>();

export class Waker {
  readonly #connection: Connection;
  #waiters: Waiter[] = [];
  #blockedOn: readonly string[] = [];
  #turning = false;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static of(connection: Connection): Waker {
    const waker = wakers.get(connection) ?? new Waker(connection);
    wakers.set(connection, waker);
    return waker;
  }

  /**
   * Waits for the marker of one of several queues, in order of preference, at most `ms`. A key: its marker was taken, so the caller must
   * claim there or put it back; also after the signal fired. Undefined: time is up or the connection was lost, so the caller looks for
   * itself.
   */
  wait(keys: readonly string[], ms: number, signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const abort = (): void => {
        waiter.aborted = true;
        void this.#interrupt();
      };
      const waiter: Waiter = {
        keys,
        until: performance.now() + ms,
        aborted: signal.aborted,
        resolve: (taken) => {
          signal.removeEventListener('abort', abort);
          resolve(taken);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
      if (!this.#turning) void this.#turn();
      else if (!keys.every((key) => this.#blockedOn.includes(key))) void this.#interrupt();
    });
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    while (this.#waiters.length > 0) {
      const now = performance.now();
      const done = this.#waiters.filter((waiter) => waiter.aborted || waiter.until <= now);
      this.#release(done, undefined);
      const left = Math.min(...this.#waiters.map((waiter) => waiter.until)) - now;
      if (this.#waiters.length === 0) break;
      this.#blockedOn = [...new Set(this.#waiters.flatMap((waiter) => waiter.keys))];
      const end = await this.#connection.block(this.#blockedOn, Math.max(0.01, left / 1_000));
      this.#blockedOn = [];
      if (end.kind === 'lost') this.#release(this.#waiters, undefined);
      if (end.kind === 'marker') {
        const first = this.#waiters.find((waiter) => waiter.keys.includes(end.key));
        if (first) this.#release([first], end.key);
      }
    }
    this.#turning = false;
  }

  #release(waiters: readonly Waiter[], taken: string | undefined): void {
    if (waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !waiters.includes(waiter));
    for (const waiter of waiters) waiter.resolve(taken);
  }

  /** Ends the block under way; one that has not reached the server yet is asked again. */
  async #interrupt(): Promise<void> {
    const block = this.#blockedOn;
    while (block.length > 0 && this.#blockedOn === block) {
      await this.#connection.unblock();
      await sleep(5);
    }
  }
}
