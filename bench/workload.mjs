// What kinds of loads have in common: adding jobs, working at them until all are done, the warm-up, and the proof that none was lost.
import { Deliveries } from './payload.mjs';

export const bulkSize = 1_000;
/** Adds in flight where a load does not say. */
const addsInFlight = 200;
/** Part of the jobs that goes through a queue of its own first: code is compiled, scripts are loaded. */
const warmUpPart = 0.2;

/**
 * @typedef {object} Ended what a load leaves behind
 * @property {import('./sample.mjs').Figures} figures
 * @property {number} [left] jobs that must be there afterwards; default 0
 */

/**
 * The options with which a point opens its target.
 *
 * @param {import('./sample.mjs').Context} context
 * @returns {import('./sample.mjs').TargetOptions}
 */
export function targetOptions({ point, url, databaseUrl, queue }) {
  const { bytes = 63, plain, kept, delay, fails } = point;
  return { url, databaseUrl, queue, bytes, plain, kept, delay, fails };
}

/**
 * Runs a load on a fifth of the jobs in a queue of its own, then on all of them.
 *
 * @param {import('./sample.mjs').Context} context
 * @param {(target: import('./sample.mjs').Target, jobs: number, run: ReturnType<typeof deliveries>) => Promise<Ended>} load
 */
export async function warmedUp(context, load) {
  const options = targetOptions(context);
  const part = Math.ceil(context.jobs * warmUpPart);
  await once(context, { ...options, queue: `${context.queue}w` }, part, load);
  return await once(context, options, context.jobs, load);
}

async function once({ open }, options, jobs, load) {
  const target = await open(options);
  try {
    const run = deliveries(jobs);
    const { figures, left: expected = 0 } = await load(target, jobs, run);
    run.check();
    const left = await target.left();
    if (left !== expected)
      throw new Error(`${left} jobs are left in the queue, expected ${expected}`);
    return figures;
  } finally {
    await target.close();
  }
}

/**
 * Who listens to a worker: `all` resolves when `jobs` completions were acknowledged, and fails with the first error; `check` throws
 * unless each job was delivered exactly once.
 *
 * @param {number} jobs
 */
export function deliveries(jobs) {
  const seen = new Deliveries(jobs);
  let count = 0;
  let done;
  let broken;
  const all = new Promise((resolve, reject) => {
    done = resolve;
    broken = reject;
  });
  // Whoever waits for it hears of it; until then it must not end the process.
  all.catch(() => undefined);
  const completed = () => {
    count += 1;
    if (count === jobs) done();
  };
  const deliver = (data) => seen.add(data);
  return { all, listener: { deliver, completed, broken }, check: () => seen.check() };
}

/** Adds with `width` lanes, each of which waits for its last add. */
export async function addAll(target, jobs, width = addsInFlight) {
  if (target.addAll) await target.addAll(jobs);
  else await addSingly(target, jobs, width);
}

/** @param {(index: number) => void} [added] is told of each */
export async function addSingly(target, jobs, width, added = () => {}) {
  let next = 0;
  const lane = async () => {
    while (next < jobs) {
      const index = next;
      next += 1;
      await target.add(index);
      added(index);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

export async function addBulks(target, jobs, size = bulkSize) {
  for (let from = 0; from < jobs; from += size)
    await target.addBulk(from, Math.min(from + size, jobs));
}

/** Starts a worker, does `meanwhile`, waits until all jobs completed. */
export async function processAll(worker, all, meanwhile = async () => {}) {
  await Promise.all([Promise.race([all, worker.run()]), meanwhile()]);
}

/** Works at what an adding load has left. */
export async function drain(target, { all, listener }, concurrency = 100) {
  const worker = await target.worker(concurrency, listener);
  try {
    await processAll(worker, all);
  } finally {
    await worker.close();
  }
}
