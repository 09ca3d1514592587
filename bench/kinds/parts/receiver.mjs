// What a worker hands over: which jobs were delivered and when, how many completions were acknowledged.
import { Deliveries, payloads } from '../../payload.mjs';
import { clock } from '../../clock.mjs';

const smallest = 27;
const zero = payloads(smallest)(0).index;

export class Receiver {
  /** When the handler of each job started (ms). */
  arrivals;
  /** When the last completion was acknowledged (ms). */
  completedAt = 0;
  completed = 0;
  #deliveries;
  #waiting = [];
  #error;

  /** @param {number} jobs */
  constructor(jobs) {
    this.arrivals = new Float64Array(jobs);
    this.#deliveries = new Deliveries(jobs);
  }

  /** @returns {import('../../sample.mjs').Listener} */
  get listener() {
    return {
      deliver: (data) => {
        this.#deliveries.add(data);
        this.arrivals[data.index - zero] = clock();
      },
      completed: () => {
        this.completed += 1;
        this.completedAt = clock();
        this.#look();
      },
      broken: (error) => {
        this.#error ??= error;
        this.#look();
      },
    };
  }

  #look() {
    const over = this.#waiting.filter(({ jobs }) => this.#error || this.completed >= jobs);
    if (over.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => !over.includes(waiter));
    for (const { resolve, reject } of over)
      if (this.#error) reject(this.#error);
      else resolve();
  }

  /**
   * Resolves when so many completions were acknowledged in all; rejects with the first error of the worker.
   *
   * @param {number} jobs
   * @returns {Promise<void>}
   */
  reached(jobs) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ jobs, resolve, reject });
      this.#look();
    });
  }

  /** Which jobs were delivered here: a bit for each; throws when one was delivered twice. */
  bitmap() {
    const bits = Buffer.alloc(Math.ceil(this.arrivals.length / 8));
    let delivered = 0;
    for (const [job, at] of this.arrivals.entries()) {
      if (at === 0) continue;
      delivered += 1;
      bits[job >> 3] |= 1 << (job & 7);
    }
    if (delivered !== this.#deliveries.count)
      throw new Error(`${this.#deliveries.count} deliveries of ${delivered} jobs`);
    return bits;
  }

  /** Throws unless every job was delivered exactly once. */
  check() {
    this.#deliveries.check();
  }
}
