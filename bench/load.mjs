// One load in a process of its own, so that CPU and heap are one library's alone. Prints one line of JSON.
//
//   node bench/load.mjs <lunaq|bullmq|floor> <scenario> [--jobs N] [--queue NAME] [--redis URL]
//
// Without --redis and REDIS_URL it starts a Redis. For a profile: node --cpu-prof bench/load.mjs lunaq add-process-100
import { parseArgs } from 'node:util';
import { someRedis } from '../dist/testing/index.js';
import { connect } from './connect.mjs';
import { measure, measureMemory } from './measure.mjs';
import { Deliveries } from './payload.mjs';
import { scenarioOf } from './scenarios.mjs';

/**
 * @typedef {object} TargetOptions
 * @property {string} url
 * @property {string} queue
 * @property {number} bytes of the JSON of a job's data
 * @property {boolean} plain no job options
 *
 * @typedef {object} Listener
 * @property {(data: { index: number }) => void} deliver what the handler does
 * @property {() => void} completed a completion was acknowledged
 * @property {(error: Error) => void} broken
 *
 * @typedef {object} Target a queue of one of the libraries
 * @property {(index: number) => Promise<unknown>} add
 * @property {(from: number, to: number) => Promise<unknown>} addBulk
 * @property {(concurrency: number, listener: Listener) => Promise<{ run(): Promise<void>, close(): Promise<void> }>} worker not
 *   running yet; `run` ends with it
 * @property {(jobs: number, listener: Listener) => Promise<unknown>} [addAndProcess] the floor's own
 * @property {() => Promise<number>} left jobs in whatever state
 * @property {() => Promise<void>} close
 */

const addsInFlight = 200;
const bulkSize = 1_000;
/** Concurrency at which the jobs of an add load are drained afterwards. */
const drainConcurrency = 100;
/** Part of the jobs that goes through a queue of its own first: code is compiled, scripts are loaded. */
const warmUpPart = 0.2;

/** Adds with `width` lanes, each of which waits for its last add. */
async function addAll(target, jobs, width) {
  let next = 0;
  const lane = async () => {
    while (next < jobs) {
      const index = next;
      next += 1;
      await target.add(index);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

async function addBulks(target, jobs, size = bulkSize) {
  for (let from = 0; from < jobs; from += size)
    await target.addBulk(from, Math.min(from + size, jobs));
}

/** Resolves when `jobs` completions were acknowledged; fails with the first error. */
function completions(jobs, deliveries) {
  let count = 0;
  let done;
  let broken;
  const all = new Promise((resolve, reject) => {
    done = resolve;
    broken = reject;
  });
  const completed = () => {
    count += 1;
    if (count === jobs) done();
  };
  const deliver = (data) => deliveries.add(data);
  return { all, listener: { deliver, completed, broken } };
}

/** Starts a worker, does `meanwhile`, waits until all jobs completed. */
async function processAll(worker, all, meanwhile = async () => {}) {
  await Promise.all([Promise.race([all, worker.run()]), meanwhile()]);
}

/** @returns {Promise<import('./measure.mjs').Figures>} */
async function run(redis, target, { kind, width }, jobs) {
  const deliveries = new Deliveries(jobs);
  const { all, listener } = completions(jobs, deliveries);
  let worker;
  let figures;
  switch (kind) {
    case 'add':
    case 'addBulk': {
      const add = kind === 'add' ? addAll : addBulks;
      figures = await measure(redis, jobs, () => add(target, jobs, width));
      worker = await target.worker(drainConcurrency, listener);
      await processAll(worker, all);
      break;
    }
    case 'process':
      await addBulks(target, jobs);
      worker = await target.worker(width, listener);
      figures = await measure(redis, jobs, () => processAll(worker, all));
      break;
    case 'addAndProcess':
      if (target.addAndProcess) {
        const both = () => target.addAndProcess(jobs, listener);
        figures = await measure(redis, jobs, both);
        break;
      }
      worker = await target.worker(width, listener);
      figures = await measure(redis, jobs, () =>
        processAll(worker, all, () => addAll(target, jobs, addsInFlight)),
      );
      break;
    default:
      throw new RangeError(`kind: ${kind} is no load`);
  }
  await worker?.close();
  deliveries.check();
  const left = await target.left();
  if (left > 0) throw new Error(`${left} jobs are left in the queue`);
  return figures;
}

async function runMemory(redis, open, options, jobs) {
  const fill = async (queue, count) => {
    const target = await open({ ...options, queue });
    await addBulks(target, count);
    const left = await target.left();
    if (left !== count) throw new Error(`${count} jobs were added, ${left} are there`);
    await target.close();
  };
  await fill(`${options.queue}w`, bulkSize);
  return await measureMemory(redis, jobs, () => fill(options.queue, jobs));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { jobs: { type: 'string' }, queue: { type: 'string' }, redis: { type: 'string' } },
});
const [library, id] = positionals;
const scenario = scenarioOf(id);
const jobs = Number(values.jobs ?? scenario.jobs[library]);
const { open } = await import(`./loads/${library}.mjs`);
const server = await someRedis();
const redis = await connect(server.url);
const queue = values.queue ?? 'bench';
const options = { url: server.url, queue, bytes: scenario.bytes, plain: scenario.plain === true };

let figures;
if (scenario.kind === 'memory') {
  figures = await runMemory(redis, open, options, jobs);
} else {
  const target = await open(options);
  const warm = await open({ ...options, queue: `${queue}w` });
  await run(redis, warm, scenario, Math.ceil(jobs * warmUpPart));
  await warm.close();
  figures = await run(redis, target, scenario, jobs);
  await target.close();
}
console.log(JSON.stringify(figures));
redis.disconnect();
await server.stop();
