// One check of the gate: what was found held against its budget.

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} budget
 * @property {string} found
 * @property {'ok' | 'red' | 'better'} verdict `better` fails too: a budget that is too high hides the next loss
 */

/** Sizes of batches at which a line is looked at. */
export const sizes = [1, 10, 100, 256];

const text = (value) => Number(value.toFixed(value < 10 ? 3 : 1)).toLocaleString('en-US');

function lineText([call, job]) {
  if (job === 0) return text(call);
  return `${text(call)} + ${text(job)} n`;
}

/** The line through counts at all sizes, as text; the counts themselves if there is none. */
function fitted(counts) {
  const job = (counts.at(-1) - counts[0]) / (sizes.at(-1) - sizes[0]);
  const line = [counts[0] - job, job];
  const fits = counts.every((count, i) => count === line[0] + job * sizes[i]);
  return fits ? lineText(line) : counts.map(text).join(' / ');
}

/**
 * Counts at all sizes, which must be those of a line: so many for a call, so many more for each job.
 *
 * @param {string} name
 * @param {readonly [call: number, job: number]} line
 * @param {readonly number[]} counts
 * @returns {Check}
 */
export function onLine(name, line, counts) {
  const differences = counts.map((count, i) => count - line[0] - line[1] * sizes[i]);
  const verdict = verdictOf(differences);
  return { name, budget: lineText(line), found: fitted(counts), verdict };
}

/**
 * @param {string} name
 * @param {number} budget
 * @param {number} found
 * @returns {Check}
 */
export function exactly(name, budget, found) {
  return { name, budget: text(budget), found: text(found), verdict: verdictOf([found - budget]) };
}

/**
 * @param {string} name
 * @param {number} budget
 * @param {number} found
 * @param {number} [least] less than this is better than the budget allows for
 * @returns {Check}
 */
export function atMost(name, budget, found, least = 0) {
  const verdict = found > budget ? 'red' : found < least ? 'better' : 'ok';
  return { name, budget: `≤ ${text(budget)}`, found: text(found), verdict };
}

/** @returns {Check} */
export function atLeast(name, budget, found) {
  const verdict = found < budget ? 'red' : 'ok';
  return { name, budget: `≥ ${text(budget)}`, found: text(found), verdict };
}

/** Some more is red, whatever is less beside it. */
function verdictOf(differences) {
  if (differences.some((difference) => difference > 0)) return 'red';
  return differences.some((difference) => difference < 0) ? 'better' : 'ok';
}

/** Budgets that nothing was measured for are forgotten ones. */
export function unused(budgets, measured) {
  return Object.keys(budgets)
    .filter((name) => !measured.has(name))
    .map((name) => ({ name, budget: 'stands in budgets.mjs', found: 'nothing', verdict: 'red' }));
}

/** The budget of a name; one that is missing is an error of who added what is measured. */
export function budgetOf(budgets, name) {
  const budget = budgets[name];
  if (budget === undefined) throw new Error(`bench/budgets.mjs: there is no budget for ${name}`);
  return budget;
}

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/** @param {readonly number[]} values @param {number} share */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
