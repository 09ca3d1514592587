// How idle workers of this process wait: one blocking connection for all of them, on the wake lists of their
// queues. A marker goes to the worker that waited for it first.
import type { Connection } from './connection.js';
import { sleep } from './deadline.js';

interface Waiter {
  readonly key: string;
  readonly until: number;
  readonly resolve: (tookMarker: boolean) => void;
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
   * Waits for the marker of one queue, at most `ms`. True: the marker was taken, so the caller must claim or put it back; also after
   * the signal fired. False: time is up or the connection was lost, so the caller looks for itself.
   */
  wait(key: string, ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const abort = (): void => {
        waiter.aborted = true;
        void this.#interrupt();
      };
      const waiter: Waiter = {
        key,
        until: performance.now() + ms,
        aborted: signal.aborted,
        resolve: (tookMarker) => {
          signal.removeEventListener('abort', abort);
          resolve(tookMarker);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
      if (!this.#turning) void this.#turn();
      else if (!this.#blockedOn.includes(key)) void this.#interrupt();
    });
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    while (this.#waiters.length > 0) {
      const now = performance.now();
      const done = this.#waiters.filter((waiter) => waiter.aborted || waiter.until <= now);
      this.#release(done, false);
      const left = Math.min(...this.#waiters.map((waiter) => waiter.until)) - now;
      if (this.#waiters.length === 0) break;
      this.#blockedOn = [...new Set(this.#waiters.map((waiter) => waiter.key))];
      const end = await this.#connection.block(this.#blockedOn, Math.max(0.01, left / 1_000));
      this.#blockedOn = [];
      if (end.kind === 'lost') this.#release(this.#waiters, false);
      if (end.kind === 'marker') {
        const first = this.#waiters.find((waiter) => waiter.key === end.key);
        if (first) this.#release([first], true);
      }
    }
    this.#turning = false;
  }

  #release(waiters: readonly Waiter[], tookMarker: boolean): void {
    if (waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !waiters.includes(waiter));
    for (const waiter of waiters) waiter.resolve(tookMarker);
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
