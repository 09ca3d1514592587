// Script calls and commands that the API makes for its users. Adds, and workers whose handlers end all at once and never soon, so that
// nothing is claimed ahead, are exact, unless a machine is so busy that a hundred starts take it 10 ms; how well short handlers share
// calls depends on the machine, and has a bound.
import { atMost, budgetOf, exactly, unused } from './checks.mjs';
import { hear } from './hear.mjs';

const jobs = 1_000;
const range = (count) => Array.from({ length: count }, (_, i) => i);

/** What an add is to cost: by name, how many jobs, and what is done. */
const adds = {
  'add, one by one': [
    50,
    async (queue) => {
      for (const i of range(50)) await queue.add('job', { i });
    },
  ],
  [`add, ${jobs} at once`]: [
    jobs,
    (queue) => Promise.all(range(jobs).map((i) => queue.add('job', { i }))),
  ],
  [`addBulk of ${jobs}`]: [
    jobs,
    (queue) => queue.addBulk(range(jobs).map((i) => ({ name: 'job', data: { i } }))),
  ],
  [`addBulk of ${jobs}, delayed`]: [
    jobs,
    (queue) =>
      queue.addBulk(
        range(jobs).map((i) => ({
          name: 'job',
          data: { i },
          opts: { delay: 3_600_000 + 1_000 * i },
        })),
      ),
  ],
};

/** Workers in lock step: concurrency, and the waves of jobs that they work at. */
const waves = { 1: 20, 10: 8, 100: 4 };
/** Longer than what a worker takes for a job that is soon done. */
const handlerTime = 40;
/** So long that nothing is renewed or swept by the clock. */
const quiet = { lockDuration: 600_000, stalledInterval: 600_000 };

export const api = {
  id: 'api',
  timed: true,
  title: 'Script calls, and commands in them, that the API makes',

  /** @param {import('./group.mjs').Context} context */
  async run(context) {
    const { exact, bounds } = context.budgets.api;
    const found = { ...(await addCosts(context)), ...(await waveCosts(context)) };
    const rates = await shortCosts(context);
    return [
      ...Object.entries(found).flatMap(([name, heard]) => {
        const budget = budgetOf(exact, name);
        return ['calls', 'commands'].map((figure) =>
          exactly(`${name}: ${figure}`, budget[figure], heard[figure]),
        );
      }),
      ...Object.entries(rates).map(([name, rate]) =>
        atMost(name, budgetOf(bounds, name).atMost, rate),
      ),
      ...unused(exact, new Set(Object.keys(found))),
      ...unused(bounds, new Set(Object.keys(rates))),
    ];
  },
};

async function addCosts(context) {
  const costs = {};
  for (const [name, [count, add]] of Object.entries(adds))
    await withQueue(context, async (queue) => {
      // The queue's name is registered with its first job.
      await queue.add('first', {});
      const { scripts } = await hear(context.redis, context.product, () => add(queue));
      costs[name] = sum(scripts, ['enqueue', 'schedule']);
      const counts = Object.values(await queue.getJobCounts()).reduce((all, each) => all + each, 0);
      if (counts !== count + 1) throw new Error(`${name}: ${counts} jobs are there`);
    });
  return costs;
}

async function waveCosts(context) {
  const costs = {};
  for (const [concurrency, count] of Object.entries(waves)) {
    const name = `worker, c = ${concurrency}, ${count} waves`;
    const scripts = await worked(context, Number(concurrency), count * concurrency, inWaves);
    costs[`${name}: claim`] = sum(scripts, ['claim']);
    costs[`${name}: complete`] = sum(scripts, ['complete']);
  }
  const failing = await worked(context, 10, 80, (width) => {
    const handler = inWaves(width);
    return async () => {
      await handler();
      throw new Error('this job fails');
    };
  });
  costs['worker, c = 10, 8 waves that fail: fail'] = sum(failing, ['fail']);
  const life = ['open', 'sweep', 'report', 'renew', 'close'];
  costs["a worker's life beside its jobs"] = sum(failing, life);
  return costs;
}

async function shortCosts(context) {
  const costs = {};
  for (const concurrency of [1, 10, 100]) {
    const scripts = await worked(context, concurrency, 2_000, () => async () => undefined);
    const { calls } = sum(scripts, ['claim', 'complete']);
    costs[`worker, c = ${concurrency}, handlers that do nothing: calls a job`] = calls / 2_000;
  }
  return costs;
}

/** A handler that ends when so many have begun. */
function inWaves(width) {
  let begun = [];
  return () =>
    new Promise((resolve) => {
      begun.push(resolve);
      if (begun.length < width) return;
      const wave = begun;
      begun = [];
      setTimeout(() => wave.forEach((end) => end()), handlerTime);
    });
}

/** What the scripts did while a worker took all the jobs of a queue, from its start to its end. */
async function worked({ redis, product, url }, concurrency, count, handlerOf) {
  return await withQueue({ product, url }, async (queue) => {
    await queue.addBulk(range(count).map((i) => ({ name: 'job', data: { i } })));
    const { scripts } = await hear(redis, product, async () => {
      const options = { connection: url, concurrency, autorun: false, ...quiet };
      const worker = new product.api.Worker(queue.name, handlerOf(concurrency), options);
      const ended = new Promise((resolve, reject) => {
        let left = count;
        const end = () => {
          left -= 1;
          if (left === 0) resolve();
        };
        worker.on('completed', end);
        worker.on('failed', end);
        worker.on('error', reject);
      });
      const run = worker.run();
      try {
        await Promise.race([ended, run]);
      } finally {
        await worker.close();
      }
      await run;
    });
    return scripts;
  });
}

let queues = 0;

async function withQueue({ product, url }, act) {
  queues += 1;
  const queue = new product.api.Queue(`api${queues}`, {
    connection: url,
    defaultJobOptions: { removeOnComplete: true },
  });
  try {
    return await act(queue);
  } finally {
    await queue.obliterate({ force: true });
    await queue.close();
  }
}

/** Calls of some of the scripts, and the commands in them. */
function sum(scripts, names) {
  const rows = names.flatMap((name) => scripts.get(name) ?? []);
  return {
    calls: rows.reduce((all, { calls }) => all + calls, 0),
    commands: rows.reduce((all, { commands }) => all + commands, 0),
  };
}
