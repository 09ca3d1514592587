// `npm run bench`: Lunaq beside other queues in interleaved rounds, a report of what was found, and which goals were reached.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runProgram } from './child.mjs';
import { environmentLines, environmentOfRun } from './environment.mjs';
import { flagsOf, usage } from './flags.mjs';
import { goals } from './goals.mjs';
import { planOf } from './plan.mjs';
import { reportPage } from './report/html.mjs';
import { writePerfPage } from './report/perf.mjs';
import { reportText } from './report/text.mjs';
import { questionResult, verdictsOf } from './results.mjs';
import { runRounds } from './rounds.mjs';
import { Servers } from './servers.mjs';
import { UsageError } from './usage.mjs';

const results = join(import.meta.dirname, 'results');
const latest = join(results, 'latest.json');
const page = join(results, 'report.html');
const perf = join(import.meta.dirname, '../PERF.md');
/** Part of the jobs in a quick run. */
const quickPart = 0.25;

/** @typedef {ReturnType<typeof flagsOf>} Flags */

/**
 * @param {Flags} flags
 * @param {AbortSignal} signal
 * @returns {Promise<import('./results.mjs').Results>}
 */
async function measureAll({ quick, rounds, only, without, redis }, signal) {
  const started = new Date();
  const servers = new Servers(redis === undefined ? {} : { redis });
  try {
    const wishes = { quick, only, without, given: redis !== undefined };
    const { questions, leftOut } = await planOf(wishes, servers);
    signal.throwIfAborted();
    const environment = await environmentOfRun(questions, servers);
    const lines = leftOut.map((line) => `left out: ${line}`);
    console.log(`${[...environmentLines(environment), ...lines].join('\n')}\n`);

    const part = quick ? quickPart : 1;
    const options = { questions, rounds, part, servers, signal, say: console.log };
    const { samples, failures } = await runRounds(options);
    const micro = only
      ? {}
      : await measureMicro({ quick, redis }, signal).catch((error) => {
          signal.throwIfAborted();
          failures.push({ library: 'lunaq', point: 'micro', reason: error.message });
          return {};
        });
    const answers = questions.map((each) => questionResult(each, samples.get(each.id)));
    const verdicts = verdictsOf(goals, answers);
    return {
      environment,
      rounds,
      quick,
      started: started.toISOString(),
      seconds: Math.round((Date.now() - started.getTime()) / 1_000),
      leftOut,
      failures,
      questions: answers,
      ...micro,
      // A part of the bench is judged by what it can tell; the whole one owes an answer to each goal.
      verdicts: only || quick ? verdicts.filter(({ missing }) => missing === undefined) : verdicts,
    };
  } finally {
    await servers.stop();
  }
}

/** The parts by themselves, in a process of their own. */
async function measureMicro({ quick, redis }, signal) {
  console.log('the parts by themselves …');
  const args = ['--json', ...(quick ? ['--quick'] : []), ...(redis ? ['--redis', redis] : [])];
  return await runProgram('micro.mjs', args, {}, signal);
}

/** @returns {import('./results.mjs').Results} */
function lastResults() {
  const found = existsSync(latest) ? JSON.parse(readFileSync(latest, 'utf8')) : {};
  if (!found.questions)
    throw new UsageError('--last: expected bench/results/latest.json of an earlier run, got none');
  return found;
}

/**
 * @param {import('./results.mjs').Results} found
 * @param {Flags} flags
 */
function tell(found, { only, last, writePerf }) {
  console.log(`\n${reportText(found)}`);
  if (found.failures.length > 0) process.exitCode = 1;
  if (only) return;
  mkdirSync(results, { recursive: true });
  if (!last) writeFileSync(latest, `${JSON.stringify(found, undefined, 2)}\n`);
  writeFileSync(page, reportPage(found));
  console.log(`\nThe report with charts: ${relative(process.cwd(), page)}`);
  if (writePerf) writePerfPage(perf, found);
}

const interrupted = new AbortController();
// More than once: npm hands on what the terminal has sent already.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => interrupted.abort());

try {
  const flags = flagsOf(process.argv.slice(2), process.env);
  if (flags.help) process.stdout.write(usage);
  else {
    const measured = flags.last ? lastResults() : await measureAll(flags, interrupted.signal);
    tell(measured, flags);
  }
} catch (error) {
  if (interrupted.signal.aborted) {
    console.error('bench: interrupted, nothing was written');
    process.exitCode = 130;
  } else if (error instanceof UsageError) {
    console.error(`bench: ${error.message}`);
    process.exitCode = 2;
  } else throw error;
}
