// Exact: what a call of 10 jobs does among 100,000 jobs is what it does among 1,000, to the last value. Noisy: nor does it take Redis
// much longer, which shows scans that send and answer little.
import { atMost, exactly, quantile } from './checks.mjs';
import { paths } from './paths/index.mjs';
import { probe } from './probe.mjs';
import { GateQueue } from './queue.mjs';
import { Stopwatch } from './stopwatch.mjs';

const few = 1_000;
const many = 100_000;
const size = 10;
const rounds = 16;
const figures = ['commands', 'sent', 'answered'];

/** Does something with every path in two queues that differ in their backlog alone. */
async function withBoth({ redis, product }, act) {
  const both = [few, many].map((jobs) => ({
    jobs,
    full: new GateQueue(redis, product, `full${jobs}`),
  }));
  for (const { full, jobs } of both) await full.layBacklog(jobs);
  for (const path of paths) {
    const queues = both.map(({ jobs }) => new GateQueue(redis, product, `work${jobs}`));
    for (const [i, queue] of queues.entries()) await queue.copyFrom(both[i].full);
    await act(path, queues);
    for (const queue of queues) await queue.remove();
  }
  for (const { full } of both) await full.remove();
}

export const backlog = {
  id: 'backlog',
  title: `A call with ${size} jobs among ${many.toLocaleString('en-US')} jobs; the budget is what it does among ${few.toLocaleString('en-US')}`,

  /** @param {import('./group.mjs').Context} context */
  async run(context) {
    const checks = [];
    await withBoth(context, async (path, queues) => {
      const counts = [];
      for (const queue of queues) {
        const { call, check } = await queue.prepare(path, size);
        const { reply, ...found } = await probe(context.redis, call);
        check(reply);
        counts.push(found);
      }
      for (const figure of figures)
        checks.push(exactly(`${path.name}: ${figure}`, counts[0][figure], counts[1][figure]));
    });
    return checks;
  },
};

export const growth = {
  id: 'growth',
  timed: true,
  title: `Time of a call with ${size} jobs among ${many.toLocaleString('en-US')} jobs, as a multiple of that among ${few.toLocaleString('en-US')}`,

  /** @param {import('./group.mjs').Context} context */
  async run(context) {
    const checks = [];
    const stopwatch = new Stopwatch(context.redis);
    await withBoth(context, async (path, queues) => {
      const times = queues.map(() => []);
      for (let round = 0; round < rounds; round += 1)
        for (const [i, queue] of queues.entries()) {
          const { call, check } = await queue.prepare(path, size);
          const { reply, micros } = await stopwatch.time(call);
          check(reply);
          times[i].push(micros);
        }
      // Others on the machine only ever add to a time.
      const [before, now] = times.map((each) => quantile(each, 0.25));
      checks.push(atMost(path.name, context.budgets.growth.atMost, now / before));
    });
    return checks;
  },
};
