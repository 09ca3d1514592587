// Gathers single requests into calls: what comes while a call is in flight travels in the next one. No
// timer, and a lone request goes at once: many of one turn of the event loop go together. Where many wait, two calls are in
// flight, so that the server works on one while the answers of the other are taken.
import { asError, QueueError } from './errors.js';
import { endOfTick, nextTurn } from './event-loop.js';

export interface BatchLimits {
  /** Most elements of one call. */
  readonly elements: number;
  /** Most bytes of one call; a larger element goes alone. */
  readonly bytes: number;
  /** Most elements that may wait. */
  readonly maxPending: number;
  /** Most bytes that may wait. */
  readonly maxPendingBytes: number;
}

/** How many must wait to be worth a call of their own while another is in flight. */
const worthALane = 64;

type Send<Item, Result> = (items: Item[]) => Promise<readonly Result[]>;

/** What waits to be sent, and who is told what became of it. */
export interface Entry<Item, Result> {
  readonly item: Item;
  readonly bytes: number;
  resolve(result: Result): void;
  reject(error: Error): void;
}

/** Sends batches one after the other. */
export class Batcher<Item, Result> {
  readonly #senders: readonly Send<Item, Result>[];
  readonly #limits: BatchLimits;
  #queue: Entry<Item, Result>[] = [];
  #head = 0;
  #bytes = 0;
  /** The lanes under way by number. */
  readonly #running = new Map<number, Promise<void>>();

  /** One sender for each call that may be in flight; each is called again when it has answered. */
  constructor(senders: readonly Send<Item, Result>[], limits: BatchLimits) {
    this.#senders = senders;
    this.#limits = limits;
  }

  get #pending(): number {
    return this.#queue.length - this.#head;
  }

  add(item: Item, bytes: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.enter({ item, bytes, resolve, reject });
    });
  }

  enter(entry: Entry<Item, Result>): void {
    const { bytes } = entry;
    const { maxPending, maxPendingBytes } = this.#limits;
    const pending = this.#pending;
    if (pending >= maxPending || (pending > 0 && this.#bytes + bytes > maxPendingBytes)) {
      const message = `${pending} jobs (${this.#bytes} bytes) wait to be sent: try again when some were`;
      entry.reject(new QueueError('BACKPRESSURE', message));
      return;
    }
    this.#bytes += bytes;
    this.#queue.push(entry);
    if (this.#running.size === 0 || pending === worthALane) this.#startLane();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #startLane(): void {
    const lane = this.#senders.findIndex((_, index) => !this.#running.has(index));
    const send = this.#senders[lane];
    if (send) this.#running.set(lane, this.#run(lane, send));
  }

  async #run(lane: number, send: Send<Item, Result>): Promise<void> {
    await endOfTick();
    if (this.#pending > 1) await nextTurn();
    while (this.#head < this.#queue.length) {
      const entries = this.#next();
      if (this.#pending >= worthALane) this.#startLane();
      try {
        const results = await send(entries.map((entry) => entry.item));
        for (let index = 0; index < entries.length; index += 1)
          (entries[index] as Entry<Item, Result>).resolve(results[index] as Result);
      } catch (thrown) {
        for (const entry of entries) entry.reject(asError(thrown));
      }
      if (this.#head === this.#queue.length) {
        this.#queue = [];
        this.#head = 0;
        // Who waited for these answers may ask at once for more: let it travel together.
        await (entries.length > 1 ? nextTurn() : endOfTick());
      }
    }
    this.#running.delete(lane);
  }

  #next(): Entry<Item, Result>[] {
    const start = this.#head;
    const alone = this.#running.size < this.#senders.length && this.#pending >= 2 * worthALane;
    const share = alone ? Math.ceil(this.#pending / 2) : this.#pending;
    const end = start + Math.min(share, this.#limits.elements);
    let bytes = 0;
    while (this.#head < end) {
      const entry = this.#queue[this.#head] as Entry<Item, Result>;
      if (this.#head > start && bytes + entry.bytes > this.#limits.bytes) break;
      bytes += entry.bytes;
      this.#head += 1;
    }
    this.#bytes -= bytes;
    const entries = this.#queue.slice(start, this.#head);
    if (this.#head > 4_096 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return entries;
  }
}
