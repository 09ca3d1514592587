// Bytes that the keys of a queue take a job: added, delayed and finished through the API.
import { setTimeout as sleep } from 'node:timers/promises';
import { payloads } from '../payload.mjs';
import { atMost, budgetOf, unused } from './checks.mjs';

const jobs = 12_000;
const patience = 10_000;

const states = {
  waiting: { opts: {}, processed: false },
  delayed: { opts: { delay: 3_600_000 }, processed: false },
  completed: { opts: {}, processed: true },
};

export const memory = {
  id: 'memory',
  title: `Bytes a job, of ${jobs.toLocaleString('en-US')}`,

  /** @param {import('./group.mjs').Context} context */
  async run(context) {
    const checks = [];
    const measured = new Set();
    const { head, series, states: budgets } = context.budgets.memory;
    for (const [state, { opts, processed }] of Object.entries(states))
      for (const bytes of [63, 300]) {
        const name = `${state}, ${bytes} B`;
        measured.add(name);
        const { bytes: budget } = budgetOf(budgets, name);
        const found = await bytesAJob(context, bytes, opts, processed);
        // Other servers allocate in other steps: there only more than the budget is news.
        const least = context.version.startsWith(series) ? budget / head : 0;
        checks.push(atMost(name, budget * head, found, least));
      }
    return [...checks, ...unused(budgets, measured)];
  },
};

async function bytesAJob({ redis, url, product }, bytes, opts, processed) {
  const { Queue, Worker } = product.api;
  const queue = new Queue('memory', { connection: url, idCache: false });
  const data = payloads(bytes);
  const batch = Array.from({ length: jobs }, (_, i) => ({ name: 'bench', data: data(i), opts }));
  await queue.addBulk(batch);
  if (processed) await processAll(Worker, url);
  await queue.close();
  const total = await settledBytes(redis);
  await redis.flushall();
  return total / jobs;
}

const handler = async () => ({ done: true });

/** Runs all jobs; each leaves a result of 29 bytes. */
async function processAll(Worker, url) {
  const worker = new Worker('memory', handler, {
    connection: url,
    concurrency: 100,
    autorun: false,
  });
  let done = 0;
  const all = new Promise((resolve, reject) => {
    worker.on('completed', () => {
      done += 1;
      if (done === jobs) resolve();
    });
    worker.on('error', reject);
  });
  await Promise.all([Promise.race([all, worker.run()]), all.then(() => worker.close())]);
}

/** What all keys of the queue take, once tables have stopped to grow in the background. */
async function settledBytes(redis) {
  const end = performance.now() + patience;
  for (let last = -1; performance.now() < end; await sleep(150)) {
    const keys = await redis.keys('lunaq:{memory}:*');
    const used = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
    const sum = used.reduce((total, each) => total + each, 0);
    if (sum === last) return sum;
    last = sum;
  }
  throw new Error('the memory that the queue takes does not settle');
}
