// The bench: Lunaq beside BullMQ in interleaved rounds on one server, then which goals were reached.
//
//   npm run bench -- [--quick] [--rounds N] [--only ID] [--redis URL] [--baseline] [--write-perf] [--last]
//
//   --quick       3 rounds, fewer jobs: under 2 minutes
//   --rounds N    rounds that count (5)
//   --only ID     one scenario; may be repeated; nothing is written
//   --redis URL   that server instead of a private one (REDIS_URL does the same)
//   --baseline    also write bench/baseline.json
//   --write-perf  also write the tables in PERF.md
//   --last        measure nothing: take bench/results/latest.json
//
// Ends with 0 whatever the figures; with 1 when a job was lost or delivered twice.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { someRedis } from '../dist/testing/index.js';
import { connect } from './connect.mjs';
import { environmentOf } from './environment.mjs';
import { writePerfPage } from './perf-page.mjs';
import { aligned, changeRows, loadRows, memoryRows, roundLine, verdictLine } from './report.mjs';
import { changesSince, resultOf, verdictsOf } from './results.mjs';
import { memoryScenarios, scenarioOf, scenarios } from './scenarios.mjs';

/**
 * @typedef {object} Report
 * @property {Awaited<ReturnType<typeof environmentOf>>} environment
 * @property {number} rounds
 * @property {boolean} quick
 * @property {import('./results.mjs').Result[]} loads
 * @property {import('./results.mjs').Result[]} memory
 * @property {import('./results.mjs').Verdict[]} verdicts
 */

const run = promisify(execFile);
const here = import.meta.dirname;
const latest = join(here, 'results/latest.json');
const baseline = join(here, 'baseline.json');
/** Longest time of one load in ms. */
const loadTimeout = 120_000;
/** Part of the jobs in a quick round, and of those in the round that only warms up. */
const quickPart = 0.4;
const warmUpPart = 0.25;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true },
    redis: { type: 'string' },
    baseline: { type: 'boolean', default: false },
    'write-perf': { type: 'boolean', default: false },
    last: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
if (!Number.isInteger(rounds) || rounds < 1)
  throw new RangeError(`--rounds: expected a whole number from 1 on, got ${values.rounds}`);
const only = values.only?.map((id) => scenarioOf(id).id);

if (only && (values.baseline || values['write-perf']))
  throw new TypeError('--only: a part of the figures is neither a baseline nor a page');

const report = values.last ? JSON.parse(readFileSync(latest, 'utf8')) : await measureAll();
print(report);
if (!only) save(report);

/** @returns {Promise<Report>} */
async function measureAll() {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const server = await someRedis();
  const redis = await connect(server.url);
  try {
    const environment = await environmentOf(redis);
    const { cpu, cores, node, lunaq, bullmq } = environment;
    console.log(`Lunaq ${lunaq}, BullMQ ${bullmq}, ${environment.server}, Node ${node}`);
    console.log(`${cpu}, ${cores} cores; a ${server.isPrivate ? 'private' : 'given'} server\n`);

    const load = (scenario, library, part) =>
      runLoad({ redis, url: server.url, signal: interrupted.signal }, scenario, library, part);
    // Memory first: a server that is still empty.
    const memory = [];
    for (const scenario of chosen(memoryScenarios)) {
      if (values.quick && scenario.plain && !only) continue;
      const samples = await takeTurns(load, scenario, 1);
      console.log(roundLine('memory', scenario, samples));
      memory.push(resultOf(scenario, [samples]));
    }
    const loads = await measureLoads(load);
    return {
      environment,
      rounds,
      quick: values.quick,
      loads,
      memory,
      verdicts: verdictsOf([...loads, ...memory]),
    };
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

async function measureLoads(load) {
  const part = values.quick ? quickPart : 1;
  const samples = new Map(chosen(scenarios).map((scenario) => [scenario, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [scenario, earlier] of samples) {
      const figures = await takeTurns(load, scenario, round === 0 ? part * warmUpPart : part);
      console.log(roundLine(round === 0 ? 'warm-up' : `${round} of ${rounds}`, scenario, figures));
      if (round > 0) earlier.push(figures);
    }
  }
  return [...samples].map(([scenario, figures]) => resultOf(scenario, figures));
}

/** One load of each library, right after each other. */
async function takeTurns(load, scenario, part) {
  const samples = {};
  for (const library of Object.keys(scenario.jobs))
    samples[library] = await load(scenario, library, part);
  return samples;
}

/** Runs one load in a process of its own and removes what it left on the server, also when it fails. */
async function runLoad({ redis, url, signal }, { id, jobs }, library, part) {
  const queue = `q${randomBytes(3).toString('hex')}`;
  const count = String(Math.ceil(jobs[library] * part));
  const script = join(here, 'load.mjs');
  const args = [script, library, id, '--jobs', count, '--queue', queue];
  const env = { ...process.env, REDIS_URL: url };
  try {
    const { stdout } = await run(process.execPath, args, { env, signal, timeout: loadTimeout });
    return JSON.parse(stdout.trim().split('\n').at(-1));
  } catch (cause) {
    throw new Error(`${library}, ${id}: the load failed`, { cause });
  } finally {
    const { pattern } = await import(`./loads/${library}.mjs`);
    await unlink(redis, pattern(queue));
    await unlink(redis, pattern(`${queue}w`));
  }
}

async function unlink(redis, pattern) {
  for await (const keys of redis.scanStream({ match: pattern, count: 1_000 }))
    if (keys.length > 0) await redis.unlink(...keys);
}

function chosen(all) {
  return only ? all.filter(({ id }) => only.includes(id)) : all;
}

/** @param {Report} found */
function print({ loads, memory, verdicts }) {
  if (loads.length > 0) console.log(`\n${aligned(loadRows(loads))}`);
  if (memory.length > 0) console.log(`\n${aligned(memoryRows(memory))}`);
  if (verdicts.length > 0) console.log(`\n${verdicts.map(verdictLine).join('\n')}`);
  const changes = changesSince(JSON.parse(readFileSync(baseline, 'utf8')).loads, loads);
  if (changes.length > 0) console.log(`\n${aligned(changeRows(changes))}`);
}

/** @param {Report} found */
function save(found) {
  const text = `${JSON.stringify(found, null, 2)}\n`;
  mkdirSync(join(here, 'results'), { recursive: true });
  writeFileSync(latest, text);
  if (values.baseline) writeFileSync(baseline, text);
  if (values['write-perf']) writePerfPage(join(here, '../PERF.md'), found);
}
