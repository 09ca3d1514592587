// From a figure to a place on an axis, and where the axis has its ticks.

/**
 * @typedef {object} Scale
 * @property {(value: number) => number} at place of a value
 * @property {number[]} ticks
 */

/** The linear steps that read well, as parts of a power of ten. */
const steps = [1, 2, 2.5, 5, 10];
/** Below so many powers of ten, a log axis has ticks between them. */
const denseDecades = 2;

/**
 * An axis from 0 to beyond `highest`.
 *
 * @param {number} highest
 * @param {[number, number]} range places of its ends
 * @returns {Scale}
 */
export function linear(highest, [from, to], count = 5) {
  const rough = (highest || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = steps.find((part) => part * power >= rough * (1 - 1e-9)) * power;
  const last = Math.max(1, Math.ceil(highest / step - 1e-9));
  const ticks = Array.from({ length: last + 1 }, (_, at) => exact(at * step));
  const end = last * step;
  return { at: (value) => from + (value / end) * (to - from), ticks };
}

/**
 * An axis in powers of ten around the values; what is not above 0 stands at its start.
 *
 * @param {number} lowest above 0
 * @param {number} highest
 * @param {[number, number]} range
 * @returns {Scale}
 */
export function logarithmic(lowest, highest, [from, to]) {
  const low = Math.floor(Math.log10(lowest) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(highest) - 1e-9));
  const parts = high - low <= denseDecades ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = low; power <= high; power += 1)
    for (const part of parts) if (power < high || part === 1) ticks.push(exact(part * 10 ** power));
  const at = (value) => {
    const share = value > 0 ? (Math.log10(value) - low) / (high - low) : 0;
    return from + share * (to - from);
  };
  return { at, ticks };
}

/**
 * An axis whose ticks are the values themselves, as many as there is room for, the last one always.
 *
 * @param {readonly number[]} values
 * @param {'log' | 'linear'} kind
 * @param {[number, number]} range
 * @param {number} room that a tick needs
 * @returns {Scale}
 */
export function through(values, kind, [from, to], room) {
  const sorted = [...new Set(values)].toSorted((a, b) => a - b);
  const place = kind === 'log' ? Math.log10 : Number;
  const low = place(sorted[0]);
  const width = place(sorted.at(-1)) - low;
  const at = (value) =>
    width === 0 ? (from + to) / 2 : from + ((place(value) - low) / width) * (to - from);
  const ticks = [];
  let next = Number.POSITIVE_INFINITY;
  for (const value of sorted.toReversed()) {
    if (next - at(value) < room) continue;
    ticks.unshift(value);
    next = at(value);
  }
  return { at, ticks };
}

/** Without what binary fractions leave behind. @param {number} value */
function exact(value) {
  return Number(value.toPrecision(12));
}
