// The data of the jobs: JSON of an exact length that tells which job it is, and the count of who saw it.

/** Indexes are written with eight digits, so that all payloads of a load have one length. */
const firstIndex = 10_000_000;
const emptyBytes = JSON.stringify({ index: firstIndex, pad: '' }).length;

/**
 * Makes the data of job `index`: `bytes` of JSON.
 *
 * @param {number} bytes at least 27
 * @returns {(index: number) => { index: number, pad: string }}
 */
export function payloads(bytes) {
  const pad = 'x'.repeat(bytes - emptyBytes);
  return (index) => ({ index: firstIndex + index, pad });
}

/**
 * What handlers return where results are kept: about 20 bytes of JSON.
 *
 * @param {{ index: number }} data
 */
export function resultOf({ index }) {
  return { done: index };
}

/** Counts how often each job was delivered. */
export class Deliveries {
  #seen;
  /** Deliveries so far, repeated ones included. */
  count = 0;

  /** @param {number} jobs */
  constructor(jobs) {
    this.#seen = new Uint8Array(jobs);
  }

  /** @param {{ index: number }} data */
  add(data) {
    const index = data.index - firstIndex;
    if (!(index >= 0 && index < this.#seen.length))
      throw new Error(`a job was delivered that nobody added: ${JSON.stringify(data)}`);
    if (this.#seen[index] < 255) this.#seen[index] += 1;
    this.count += 1;
  }

  /** Throws unless every job was delivered exactly once. */
  check() {
    const missing = this.#seen.filter((times) => times === 0).length;
    const repeated = this.#seen.filter((times) => times > 1).length;
    if (missing > 0 || repeated > 0)
      throw new Error(
        `of ${this.#seen.length} jobs ${missing} were not delivered, ${repeated} more than once`,
      );
  }
}
