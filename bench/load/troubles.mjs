// Errors that queues and workers tell of, counted by what they say.

/** Most different texts that are told apart. */
const mostTexts = 20;

export class Troubles {
  #counts = new Map();

  /** @param {Error} error */
  add(error) {
    // Where a name has several addresses, the message is empty.
    const text = (error.message || error.code || error.name).split('\n', 1)[0];
    const known = this.#counts.has(text) || this.#counts.size < mostTexts;
    const key = known ? text : 'others';
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** @returns {Record<string, number>} */
  sums() {
    return Object.fromEntries(this.#counts);
  }
}

/**
 * Adds up counts by name.
 *
 * @param {readonly Record<string, number>[]} counts
 */
export function addedUp(counts) {
  const sums = {};
  for (const [name, count] of counts.flatMap((each) => Object.entries(each)))
    sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
