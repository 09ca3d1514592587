// What is profiled: a producer alone, a worker alone, or both in one process.

/**
 * @typedef {object} Side
 * @property {string} id
 * @property {string} title
 * @property {'producer' | 'worker' | 'both'} role
 * @property {number} adds in flight; 0 where nothing is added
 * @property {number} concurrency of the worker; 0 where there is none
 * @property {number} jobs enough for about 2 s
 */

/** @type {readonly Side[]} */
export const sides = [
  side('add-200', 'producer, 200 adds in flight', 'producer', 200, 0, 500_000),
  side('process-100', 'worker, c = 100', 'worker', 0, 100, 400_000),
  side('process-1', 'worker, c = 1', 'worker', 0, 1, 250_000),
  side('add-process-100', 'both in one process, c = 100', 'both', 200, 100, 250_000),
];

/** @param {string} id */
export function sideOf(id) {
  const found = sides.find((known) => known.id === id);
  if (!found)
    throw new RangeError(`side: expected ${sides.map((known) => known.id).join(', ')}, got ${id}`);
  return found;
}

/** @returns {Side} */
function side(id, title, role, adds, concurrency, jobs) {
  return { id, title, role, adds, concurrency, jobs };
}
