// What most values stay below.

/**
 * @param {Float64Array} values
 * @returns {{ p50: number, p99: number, p999: number, max: number }}
 */
export function quantilesOf(values) {
  const sorted = values.toSorted();
  const at = (share) => sorted[Math.ceil(sorted.length * share) - 1];
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: sorted.at(-1) };
}
