// How workers of this process learn of markers: one blocking connection for all idle ones, on the wake lists of their queues. A marker
// goes to the worker that waited for it first. Who may not wait collects the markers that are there.
import type { Connection } from './connection.js';
import { sleep } from './deadline.js';
import { execute } from './execute.js';
import type { QueueKeys } from './keys.js';
import type { Call } from './script.js';
import * as scripts from './scripts.js';

interface Waiter {
  readonly keys: readonly string[];
  readonly until: number;
  readonly resolve: (taken: string | undefined) => void;
  aborted: boolean;
}

interface Marked {
  readonly keys: QueueKeys;
}

/** A queue where something may be claimed, or a marker is. */
export interface Glimpse<Queue> {
  readonly queue: Queue;
  /** How many jobs may be claimed. */
  readonly left: number;
  readonly marked: boolean;
  /** ms until the next delayed job is due. */
  readonly due: number | undefined;
}

/** ms by which a wait may end late, rather than to have another worker's block begin anew for it. */
const late = 100;

/** Most queues whose markers one call looks at. */
const mostMarkers = 512;

/** A call of a script over keys of several queues. */
function callOver<Reply>(
  script: Call<Reply>['script'] & { readonly parse: (reply: unknown, count: number) => Reply },
  keys: readonly string[],
  args: readonly number[],
): Call<Reply> {
  return {
    script,
    argv: [keys.length, ...keys, ...args],
    parse: (reply) => script.parse(reply, 0),
  };
}

const wakers = new WeakMap<Connection, Waker>();

export class Waker {
  readonly #connection: Connection;
  #waiters: Waiter[] = [];
  #blockedOn: ReadonlySet<string> | undefined;
  /** When the block under way ends (ms, monotonic). */
  #blockedUntil = 0;
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
      else if (!this.#covers(waiter)) void this.#interrupt();
    });
  }

  /** Whether the block under way does for this one, too. */
  #covers({ keys, until }: Waiter): boolean {
    if (this.#blockedUntil - until > late) return false;
    return keys.every((key) => this.#blockedOn?.has(key));
  }

  /** Looks at these queues and changes nothing. Undefined: an answer is missing. */
  async peek<Queue extends Marked>(
    queues: readonly Queue[],
  ): Promise<Glimpse<Queue>[] | undefined> {
    const parts: Queue[][] = [];
    for (let from = 0; from < queues.length; from += mostMarkers)
      parts.push(queues.slice(from, from + mostMarkers));
    const calls = parts.map((part) => {
      const keys = part.flatMap(({ keys: of }) => [of.wake, of.waiting, of.suspects, of.delayed]);
      return callOver(scripts.peek, keys, []);
    });
    const answers = await execute(this.#connection, calls).catch(() => []);
    const found: Glimpse<Queue>[] = [];
    for (const [at, part] of parts.entries()) {
      const answer = answers[at];
      if (!answer || 'error' in answer) return undefined;
      for (const { place, ...rest } of answer.reply)
        found.push({ queue: part[place] as Queue, ...rest });
    }
    return found;
  }

  /**
   * Takes markers of these queues that are there now, `most` at most, in order: the caller must claim there or put them back. `have`:
   * that of the first was taken before. With each how many jobs wait there, one at least: where none waits, some may have been lost with
   * a worker. Undefined: an answer was lost, and maybe markers with it.
   */
  async collect<Queue extends Marked>(
    queues: readonly Queue[],
    most: number,
    have = false,
  ): Promise<{ queue: Queue; left: number }[] | undefined> {
    const found: { queue: Queue; left: number }[] = [];
    for (let from = 0; from < queues.length && found.length < most; from += mostMarkers) {
      const part = queues.slice(from, from + mostMarkers);
      const keys = part.flatMap(({ keys: of }) => [of.wake, of.waiting]);
      const args = [most - found.length, have && from === 0 ? 1 : 0];
      const call = callOver(scripts.collect, keys, args);
      // A connection that was closed meanwhile rejects.
      const [answer] = await execute(this.#connection, [call]).catch(() => []);
      if (!answer || 'error' in answer || answer.resent) return undefined;
      for (const { place, left } of answer.reply)
        found.push({ queue: part[place] as Queue, left: Math.max(1, left) });
    }
    return found;
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    while (this.#waiters.length > 0) {
      const now = performance.now();
      const done = this.#waiters.filter((waiter) => waiter.aborted || waiter.until <= now);
      this.#release(done, undefined);
      const left = Math.min(...this.#waiters.map((waiter) => waiter.until)) - now;
      const [first, ...others] = this.#waiters;
      if (!first) break;
      const keys =
        others.length === 0 ? first.keys : this.#waiters.flatMap((waiter) => waiter.keys);
      this.#blockedOn = new Set(keys);
      this.#blockedUntil = now + left;
      const end = await this.#connection.block([...this.#blockedOn], Math.max(0.01, left / 1_000));
      this.#blockedOn = undefined;
      if (end.kind === 'lost') this.#release(this.#waiters, undefined);
      if (end.kind === 'marker') {
        const taker = this.#waiters.find((waiter) => waiter.keys.includes(end.key));
        if (taker) this.#release([taker], end.key);
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
    if (!block) return;
    while (this.#blockedOn === block) {
      await this.#connection.unblock();
      await sleep(5);
    }
  }
}
