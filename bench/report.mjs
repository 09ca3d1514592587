// The figures as text: lines while it runs, the table and the verdict at the end.
import { scenarioOf } from './scenarios.mjs';

const libraryNames = { lunaq: 'Lunaq', bullmq: 'BullMQ', floor: 'floor' };

/** The first has its spread beside it. */
const columns = [
  { figure: 'jobsPerSecond', title: 'jobs/s (min–max)' },
  { figure: 'redisMicros', title: 'Redis CPU, µs/job' },
  { figure: 'nodeMicros', title: 'Node CPU, µs/job' },
  { figure: 'commands', title: 'commands/job' },
  { figure: 'scripts', title: 'scripts/job' },
];

const goalNames = {
  jobsPerSecond: 'jobs/s',
  redisMicros: 'Redis CPU per job',
  bytesPerJob: 'bytes per waiting job',
};

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A figure with two or three digits that matter. */
function short(value) {
  if (value === 0) return '0';
  if (value >= 100) return grouped.format(value);
  if (value >= 10) return value.toFixed(1);
  return value >= 0.1 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
}

/** @param {import('./results.mjs').Spread} spread */
function withSpread({ median, min, max }) {
  return `${short(median)} (${short(min)}–${short(max)})`;
}

/** One line for what a round measured in a scenario. */
export function roundLine(label, { title }, samples) {
  const parts = Object.entries(samples).map(([library, sample]) => {
    const figures =
      'bytesPerJob' in sample
        ? `${short(sample.bytesPerJob)} B/job`
        : `${short(sample.jobsPerSecond)}/s ${short(sample.redisMicros)} µs`;
    return `${libraryNames[library]} ${figures}`.padEnd(28);
  });
  return `${label.padEnd(8)} ${title.padEnd(24)} ${parts.join('')}`.trimEnd();
}

/**
 * Rows of a table, the head first: each library under the scenario's title, the ratio after the pair.
 *
 * @param {readonly import('./results.mjs').Result[]} results
 */
export function loadRows(results) {
  const rows = results.flatMap(({ title, libraries, ratios }) => {
    const { lunaq, bullmq, floor } = libraries;
    const ratio = 'jobsPerSecond' in ratios ? ratios : undefined;
    const named = Object.entries({ Lunaq: lunaq, BullMQ: bullmq, ratio, floor });
    return named
      .filter(([, figures]) => figures !== undefined)
      .map(([name, figures], at) => [at === 0 ? title : '', name, ...cellsOf(figures)]);
  });
  return [['load', '', ...columns.map(({ title }) => title)], ...rows];
}

function cellsOf(figures) {
  return columns.map(({ figure }, column) =>
    column === 0 ? withSpread(figures[figure]) : short(figures[figure].median),
  );
}

/** @param {readonly import('./results.mjs').Result[]} results */
export function memoryRows(results) {
  const rows = results.map(({ title, libraries, ratios }) =>
    [title].concat(
      [libraries.lunaq, libraries.bullmq, ratios].map(({ bytesPerJob }) =>
        bytesPerJob ? short(bytesPerJob.median) : '',
      ),
    ),
  );
  return [['bytes a job', 'Lunaq', 'BullMQ', 'ratio'], ...rows];
}

/** @param {import('./results.mjs').Verdict} verdict */
export function verdictLine({ scenario, figure, atLeast, atMost, ratio, reached }) {
  const goal = atLeast === undefined ? `at most ${short(atMost)}` : `at least ${short(atLeast)}`;
  const found = ratio.min === ratio.max ? short(ratio.median) : withSpread(ratio);
  const what = `${scenarioOf(scenario).title}: ${goalNames[figure]}`;
  return `${reached ? 'reached' : 'MISSED '}  ${what} ${found} × BullMQ's, ${goal} ×`;
}

/** @param {ReturnType<import('./results.mjs').changesSince>} changes */
export function changeRows(changes) {
  const rows = changes.map(({ title, speed, redis, more }) => [
    title,
    `${speed.toFixed(2)} ×`,
    `${redis.toFixed(2)} ×`,
    `${more < 0 ? '−' : '+'}${Math.abs(more).toFixed(2)}`,
  ]);
  return [['since the baseline', 'jobs/s', 'Redis CPU', 'commands a call'], ...rows];
}

/** Rows as text: the first column to the left, the others to the right. */
export function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])))
      .join('  ');
  return rows.map(line).join('\n');
}
