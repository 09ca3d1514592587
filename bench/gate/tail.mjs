// Noisy: the slowest of a hundred calls, as a multiple of that of a script which never changes, in turns with it on the same server.
import { createHash } from 'node:crypto';
import { atMost, quantile } from './checks.mjs';
import { paths } from './paths/index.mjs';
import { idsOf, GateQueue } from './queue.mjs';
import { Stopwatch } from './stopwatch.mjs';

const size = 100;
const calls = 100;
const rounds = 3;

/** Stores, reads and erases as many rows as a batch has jobs, and pushes and pops as many ids. */
const source = `local rows = {}
for i, id in ipairs(ARGV) do rows[2 * i - 1], rows[2 * i] = id, id .. '["bench",{"index":10000000}]' end
redis.call('HSET', KEYS[1], unpack(rows))
redis.call('RPUSH', KEYS[2], unpack(ARGV))
local records = redis.call('HMGET', KEYS[1], unpack(redis.call('LPOP', KEYS[2], #ARGV)))
redis.call('HDEL', KEYS[1], unpack(ARGV))
return records`;

const reference = {
  script: { name: 'reference', source, sha: createHash('sha1').update(source).digest('hex') },
  argv: [2, 'gate:{tail}:rows', 'gate:{tail}:ids', ...idsOf(size)],
  parse: (reply) => reply,
};

export const tail = {
  id: 'tail',
  timed: true,
  title: `p99 of the time of a call with ${size} jobs, as a multiple of the reference script's`,

  /** @param {import('./group.mjs').Context} context */
  async run({ redis, product, budgets }) {
    const stopwatch = new Stopwatch(redis);
    const checks = [];
    for (const [name, { atMost: most }] of Object.entries(budgets.tail)) {
      const path = paths.find((each) => each.name === name);
      if (path === undefined) throw new Error(`bench/budgets.mjs: tail: there is no path ${name}`);
      const [mine, others] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        const queue = new GateQueue(redis, product, 'tail');
        await queue.lay('bare');
        const times = await timesOf(stopwatch, queue, path);
        mine.push(quantile(times.mine, 0.99));
        others.push(quantile(times.others, 0.99));
        await queue.remove();
      }
      // What others on the machine add is in some rounds, what the script does is in all.
      checks.push(atMost(name, most, Math.min(...mine) / Math.min(...others)));
    }
    return checks;
  },
};

/** Times of calls of the path and of the reference, in turns. */
async function timesOf(stopwatch, queue, path) {
  const [mine, others] = [[], []];
  for (let i = 0; i < calls; i += 1) {
    others.push((await stopwatch.time(reference)).micros);
    const { call, check } = await queue.prepare(path, size);
    const { micros, reply } = await stopwatch.time(call);
    check(reply);
    mine.push(micros);
  }
  return { mine, others };
}
