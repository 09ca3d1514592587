// A histogram of durations in which each bucket is 1 % wide. Its counts can be sent between processes and added up.

/** Buckets per factor e. */
const resolution = 100;
/** The last one holds what took longer than 7 hours. */
const buckets = 2_400;

/** @typedef {{ counts: Uint32Array, max: number }} Recorded */

export class Latencies {
  #counts = new Float64Array(buckets);
  #max = 0;
  #count = 0;

  get count() {
    return this.#count;
  }

  /** @param {number} ms */
  record(ms) {
    const micros = Math.max(1, ms * 1_000);
    const bucket = Math.min(buckets - 1, Math.floor(Math.log(micros) * resolution));
    this.#counts[bucket] += 1;
    this.#count += 1;
    if (ms > this.#max) this.#max = ms;
  }

  /**
   * What was recorded since the last call; forgets it.
   *
   * @returns {Recorded}
   */
  take() {
    const taken = { counts: Uint32Array.from(this.#counts), max: this.#max };
    this.#counts.fill(0);
    this.#count = 0;
    this.#max = 0;
    return taken;
  }

  /** @param {Recorded} recorded elsewhere */
  merge({ counts, max }) {
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      this.#counts[bucket] += counts[bucket];
      this.#count += counts[bucket];
    }
    this.#max = Math.max(this.#max, max);
  }

  /**
   * ms that a share `q` of all took at most, 1 % too much at most; undefined when there are none.
   *
   * @param {number} q 0 to 1; 1 is the exact maximum
   */
  quantile(q) {
    if (this.#count === 0) return undefined;
    if (q === 1) return this.#max;
    let missing = Math.max(1, Math.ceil(q * this.#count));
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      missing -= this.#counts[bucket];
      if (missing <= 0) return Math.min(this.#max, Math.exp((bucket + 1) / resolution) / 1_000);
    }
    return this.#max;
  }
}
