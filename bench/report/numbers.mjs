// Figures as people read them: the digits that matter, thousands grouped, the spread behind the median.
import { figureOf } from '../figures.mjs';

/** @param {number} value @param {number} digits that matter */
export function short(value, digits = 3) {
  if (value === 0) return '0';
  const format = new Intl.NumberFormat('en', {
    maximumSignificantDigits: digits,
    minimumSignificantDigits: Math.abs(value) < 1 ? Math.min(2, digits) : digits,
  });
  return format.format(value);
}

/**
 * A median with its lowest and highest, if they differ in what is shown.
 *
 * @param {{ median: number, min: number, max: number }} spread
 * @param {number} [digits]
 */
export function withSpread({ median, min, max }, digits = 3) {
  const [middle, low, high] = [median, min, max].map((value) => short(value, digits));
  return low === high ? middle : `${middle} (${low}–${high})`;
}

/** A ratio for tables: 6.64, 0.087. @param {number} value */
export function ratio(value) {
  return short(value, value < 1 ? 2 : 3);
}

/** Title and unit of a figure as a column or an axis has them. @param {string} id */
export function headOf(id) {
  const { title, unit } = figureOf(id);
  return `${title}, ${unit}`;
}

/** A count of seconds as minutes where it has some. @param {number} seconds */
export function duration(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
