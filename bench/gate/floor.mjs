// Noisy: adding and processing at once, beside the floor of raw variadic commands, in turns.
import * as bare from '../libraries/floor.mjs';
import { measure } from '../measure.mjs';
import { addAll, deliveries, processAll } from '../workload.mjs';
import { atLeast, atMost, median } from './checks.mjs';

const concurrency = 100;
const rounds = 3;
/** About 0.3 s each. */
const jobs = { lunaq: 25_000, floor: 50_000 };

export const floor = {
  id: 'floor',
  timed: true,
  title:
    'Adding and processing at once, as a multiple of the floor: the same data moved by variadic commands without a script',

  /** @param {import('./group.mjs').Context} context */
  async run(context) {
    const ratios = { jobsPerSecond: [], redisMicros: [] };
    const libraries = { lunaq: context.product.library, floor: bare };
    // The first round is the warm-up.
    for (let round = 0; round <= rounds; round += 1) {
      const figures = {};
      for (const [name, library] of Object.entries(libraries))
        figures[name] = await addAndProcess(context, library, jobs[name]);
      if (round === 0) continue;
      for (const figure of Object.keys(ratios))
        ratios[figure].push(figures.lunaq[figure] / figures.floor[figure]);
    }
    const { jobsPerSecond, redisMicros } = context.budgets.floor;
    return [
      atLeast('jobs per second', jobsPerSecond.atLeast, median(ratios.jobsPerSecond)),
      atMost('Redis CPU a job', redisMicros.atMost, median(ratios.redisMicros)),
    ];
  },
};

async function addAndProcess({ redis, url }, library, count) {
  const { all, listener, check } = deliveries(count);
  const target = await library.open({ url, queue: 'floor', bytes: 63 });
  const worker = await target.worker(concurrency, listener);
  try {
    return await measure(redis, count, () => processAll(worker, all, () => addAll(target, count)));
  } finally {
    await worker.close();
    check();
    await target.close();
  }
}
