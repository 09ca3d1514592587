// Exact: commands, values sent and values answered of every path, for batches of 1, 10, 100 and 256 jobs.
import { budgetOf, onLine, sizes, unused } from './checks.mjs';
import { paths } from './paths/index.mjs';
import { probe } from './probe.mjs';
import { GateQueue, kinds } from './queue.mjs';

/** What a kind of queue is called behind the name of a path. */
const suffixes = {
  bare: '',
  everything: ', in a queue that uses everything',
  listened: ', while somebody listens',
};
const figures = ['commands', 'sent', 'answered'];

export const scripts = {
  id: 'scripts',
  title: 'One call of a script with n jobs: commands in it, values sent and answered by them',

  /** @param {import('./group.mjs').Context} context */
  async run({ redis, product, budgets }) {
    const measured = new Set();
    const checks = [];
    for (const path of paths)
      for (const kind of path.core ? Object.keys(kinds) : ['bare']) {
        const name = path.name + suffixes[kind];
        const budget = budgetOf(budgets.scripts, name);
        const counts = await countsOf(redis, product, path, kind);
        measured.add(name);
        for (const figure of figures)
          checks.push(
            onLine(
              `${name}: ${figure}`,
              budget[figure],
              counts.map((each) => each[figure]),
            ),
          );
      }
    return [...checks, ...unused(budgets.scripts, measured)];
  },
};

/** Of one path, at all sizes, each in a queue of its own. */
async function countsOf(redis, product, path, kind) {
  const counts = [];
  for (const size of sizes) {
    const queue = new GateQueue(redis, product, 'scripts');
    await queue.lay(kind);
    const { call, check } = await queue.prepare(path, size);
    const { reply, ...found } = await probe(redis, call);
    check(reply);
    counts.push(found);
    await queue.remove();
  }
  return counts;
}
