// From the samples of all rounds to figures: medians with their spread, ratios, goals reached or missed.
import { goals } from './scenarios.mjs';

/**
 * @typedef {{ median: number, min: number, max: number }} Spread
 * @typedef {Record<string, number>} Sample what one load measured
 * @typedef {Record<string, Spread>} Figures
 *
 * @typedef {object} Result
 * @property {string} id
 * @property {string} title
 * @property {Partial<Record<import('./scenarios.mjs').Library, Figures>>} libraries
 * @property {Figures} ratios Lunaq's figures as multiples of BullMQ's of the same round
 *
 * @typedef {object} Verdict
 * @property {string} scenario
 * @property {string} figure
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {Spread} ratio
 * @property {boolean} reached
 */

/** @param {readonly number[]} values one or more */
export function spreadOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/**
 * @param {import('./scenarios.mjs').Scenario} scenario
 * @param {readonly Partial<Record<import('./scenarios.mjs').Library, Sample>>[]} rounds
 * @returns {Result}
 */
export function resultOf({ id, title }, rounds) {
  const libraries = {};
  for (const library of Object.keys(rounds[0]))
    libraries[library] = spreads(rounds.map((round) => round[library]));
  const pairs = rounds.filter(({ lunaq, bullmq }) => lunaq && bullmq);
  const ratios = pairs.length === 0 ? {} : spreads(pairs.map(ratiosOf));
  return { id, title, libraries, ratios };
}

/** @param {readonly Result[]} results */
export function verdictsOf(results) {
  return goals.flatMap((goal) => {
    const ratio = results.find(({ id }) => id === goal.scenario)?.ratios[goal.figure];
    if (!ratio) return [];
    const { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = goal;
    return [{ ...goal, ratio, reached: ratio.median >= atLeast && ratio.median <= atMost }];
  });
}

/**
 * What has changed since the baseline: jobs per second and Redis CPU, both as multiples of BullMQ's of the same round and so
 * comparable from day to day, and how many more commands a call of a script makes.
 *
 * @param {readonly Result[]} loads
 * @param {readonly Result[]} before
 */
export function changesSince(before, loads) {
  return loads.flatMap(({ id, title, libraries, ratios }) => {
    const old = before.find((load) => load.id === id);
    if (!old?.ratios.jobsPerSecond || !ratios.jobsPerSecond) return [];
    const speed = ratios.jobsPerSecond.median / old.ratios.jobsPerSecond.median;
    const redis = ratios.redisMicros.median / old.ratios.redisMicros.median;
    const more = commandsPerCall(libraries.lunaq) - commandsPerCall(old.libraries.lunaq);
    return [{ title, speed, redis, more }];
  });
}

function commandsPerCall({ commands, scripts }) {
  return (commands.median - scripts.median) / scripts.median;
}

/** @returns {Sample} */
function ratiosOf({ lunaq, bullmq }) {
  return Object.fromEntries(Object.keys(lunaq).map((name) => [name, lunaq[name] / bullmq[name]]));
}

/** @param {readonly Sample[]} samples */
function spreads(samples) {
  return Object.fromEntries(
    Object.keys(samples[0]).map((name) => [name, spreadOf(samples.map((sample) => sample[name]))]),
  );
}
