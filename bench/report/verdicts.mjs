// Goals in words: what was found, what is to be reached.
import { possessive } from './names.mjs';
import { short, withSpread } from './numbers.mjs';

/** Digits told, and how many it may take to tell a figure from the bound that it misses. */
const usualDigits = 3;
const mostDigits = 7;

/** @typedef {import('../results.mjs').Verdict} Verdict */

/** @param {Verdict} verdict */
export function verdictLine(verdict) {
  const { word, title, found, goal } = verdictParts(verdict);
  return `${word.padEnd(12)}  ${title}: ${found}; ${goal}`;
}

/** @param {Verdict} verdict */
export function verdictParts(verdict) {
  const { title, against, value, worst, missing, reached } = verdict;
  if (!value)
    return {
      word: 'not measured',
      title,
      found: missing ?? '',
      goal: goalOf(verdict, usualDigits),
    };
  const digits = digitsFor(verdict, value.median);
  const word = reached ? 'reached' : 'MISSED';
  const times = against ? ' ×' : '';
  const whose = against?.series ? ` ${possessive(against.series)}` : '';
  const of = worst === undefined ? '' : `, worst is ${worst}`;
  const found = withSpread(value, digits) + times + whose + of;
  return { word, title, found, goal: goalOf(verdict, digits) };
}

/** So many that what is told differs from each bound from which the figure differs. */
function digitsFor({ atLeast, atMost }, median) {
  const bounds = [atLeast, atMost].filter((each) => each !== undefined && each !== median);
  let digits = usualDigits;
  const hidden = (each) => short(each, digits) === short(median, digits);
  while (digits < mostDigits && bounds.some(hidden)) digits += 1;
  return digits;
}

/** @param {Verdict} verdict @param {number} digits */
function goalOf({ against, atLeast, atMost }, digits) {
  const told = (each) => String(Number(each.toPrecision(digits))) + (against ? ' ×' : '');
  if (atLeast === atMost) return `exactly ${told(atLeast)}`;
  const bounds = [];
  if (atLeast !== undefined) bounds.push(`at least ${told(atLeast)}`);
  if (atMost !== undefined) bounds.push(`at most ${told(atMost)}`);
  return bounds.join(', ');
}

/** How many goals were reached, missed, not judged. @param {readonly Verdict[]} verdicts */
export function tally(verdicts) {
  const count = (reached) => verdicts.filter((verdict) => verdict.reached === reached).length;
  const parts = [`${count(true)} of ${verdicts.length} goals reached`];
  if (count(false) > 0) parts.push(`${count(false)} missed`);
  if (count(undefined) > 0) parts.push(`${count(undefined)} not measured`);
  return parts.join(', ');
}
