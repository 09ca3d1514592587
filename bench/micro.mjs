// Small things that every job goes through, each alone: scripts by jobs a call, records, ids, the catalogue, the batcher.
//
//   node bench/micro.mjs [--json] [--quick] [--redis URL]
//
//   --json        print one line of JSON in place of tables
//   --quick       a fifth of the time
//   --redis URL   that server instead of a private one (REDIS_URL does the same)
import { someRedis } from '../dist/testing/index.js';
import { batcher } from './micro/batcher.mjs';
import { catalogue } from './micro/catalogue.mjs';
import { codec } from './micro/codec.mjs';
import { ids } from './micro/ids.mjs';
import { runCases } from './micro/run-cases.mjs';
import { scriptCalls } from './micro/script-calls.mjs';
import { short } from './report/numbers.mjs';
import { aligned } from './report/text.mjs';
import { flagsOrExit, parseFlags } from './usage.mjs';

/** ms that each case gets. */
const time = 500;
const quickTime = 100;

const { values } = await flagsOrExit(() =>
  parseFlags({
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      redis: { type: 'string' },
    },
  }),
);
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interrupted.abort());
const options = { time: values.quick ? quickTime : time, signal: interrupted.signal };

/** @type {import('./micro/run-cases.mjs').MicroFigure[]} */
const micro = [];
const server = await someRedis();
try {
  const { group, close } = await scriptCalls(server.url);
  try {
    await measure(group);
  } finally {
    await close();
  }
} finally {
  await server.stop();
}
for (const group of [codec(), ids(), catalogue(), batcher()]) await measure(group);
if (values.json) console.log(JSON.stringify({ micro }));

async function measure(group) {
  const figures = await runCases(group, options);
  micro.push(...figures);
  if (!values.json) console.log(`${tableOf(group, figures)}\n`);
}

/**
 * @param {import('./micro/run-cases.mjs').Group} group
 * @param {readonly import('./micro/run-cases.mjs').MicroFigure[]} figures
 */
function tableOf({ title, unit }, figures) {
  const byJob = figures.some(({ perJob }) => perJob !== undefined);
  const head = [title, unit, 'p75', 'p99', ...(byJob ? ['a job'] : []), 'samples', 'beside'];
  const rows = figures.map(
    ({ title: name, median, p75, p99, perJob, samples, relative, beside }) => [
      name,
      short(median),
      short(p75),
      short(p99),
      ...(byJob ? [perJob === undefined ? '' : short(perJob)] : []),
      String(samples),
      relative === undefined ? '' : `${short(relative)} × ${beside}`,
    ],
  );
  return aligned([head, ...rows], 1);
}
