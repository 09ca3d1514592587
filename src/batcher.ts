// Gathers single requests into calls: what comes while a call is in flight travels in the next one. No
// timer: the first request of a turn of the event loop sends what came with it.
import { asError, QueueError } from './errors.js';

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

interface Entry<Item, Result> {
  readonly item: Item;
  readonly bytes: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** Sends batches one after the other. */
export class Batcher<Item, Result> {
  readonly #send: (items: Item[]) => Promise<readonly Result[]>;
  readonly #limits: BatchLimits;
  #queue: Entry<Item, Result>[] = [];
  #head = 0;
  #bytes = 0;
  #running: Promise<void> | undefined;

  constructor(send: (items: Item[]) => Promise<readonly Result[]>, limits: BatchLimits) {
    this.#send = send;
    this.#limits = limits;
  }

  add(item: Item, bytes: number): Promise<Result> {
    const { maxPending, maxPendingBytes } = this.#limits;
    const pending = this.#queue.length - this.#head;
    if (pending >= maxPending || (pending > 0 && this.#bytes + bytes > maxPendingBytes)) {
      const message = `${pending} jobs (${this.#bytes} bytes) wait to be sent: try again when some were`;
      return Promise.reject(new QueueError('BACKPRESSURE', message));
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#head < this.#queue.length) {
      const entries = this.#next();
      try {
        const results = await this.#send(entries.map((entry) => entry.item));
        for (const [index, entry] of entries.entries()) entry.resolve(results[index] as Result);
      } catch (thrown) {
        for (const entry of entries) entry.reject(asError(thrown));
      }
      if (this.#head === this.#queue.length) {
        this.#queue = [];
        this.#head = 0;
        // Who waited for these answers may ask at once for more: let it travel together.
        await new Promise(setImmediate);
      }
    }
    this.#running = undefined;
  }

  #next(): Entry<Item, Result>[] {
    const start = this.#head;
    let bytes = 0;
    while (this.#head < this.#queue.length && this.#head - start < this.#limits.elements) {
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
