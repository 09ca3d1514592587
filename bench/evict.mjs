// How much do claims slow down while finished jobs are evicted? Runs jobs beside as many finished ones that are due, or are not, in turns.
//
//   node bench/evict.mjs [--finished N] [--jobs N] [--rounds N]
import { Queue, Worker } from '../dist/index.js';
import { startRedis } from '../dist/testing/index.js';
import { connect } from './connect.mjs';
import { flagsOrExit, parseFlags, wholeNumber } from './usage.mjs';

const { finished, jobs, rounds } = await flagsOrExit(() => {
  const { values } = parseFlags({
    options: {
      finished: { type: 'string', default: '200000' },
      jobs: { type: 'string', default: '200000' },
      rounds: { type: 'string', default: '5' },
    },
  });
  return {
    finished: wholeNumber('--finished', values.finished),
    jobs: wholeNumber('--jobs', values.jobs),
    rounds: wholeNumber('--rounds', values.rounds),
  };
});
const bulk = 10_000;

const server = await startRedis();
const redis = await connect(server.url);
const connection = server.url;

/** Adds jobs and runs them; resolves with the ms from the first claim to the last result. */
async function run(name, count, { age, sweep }) {
  const queue = new Queue(name, {
    connection,
    defaultJobOptions: { removeOnComplete: age === undefined ? true : { age } },
  });
  for (let from = 0; from < count; from += bulk)
    await queue.addBulk(
      Array.from({ length: Math.min(bulk, count - from) }, (_, i) => ({
        name: 'job',
        data: { index: from + i },
      })),
    );
  const worker = new Worker(name, async () => undefined, {
    connection,
    concurrency: 100,
    autorun: false,
    stalledInterval: sweep,
  });
  let done = 0;
  let tell;
  const all = new Promise((resolve) => {
    tell = resolve;
  });
  worker.on('completed', () => {
    done += 1;
    if (done === count) tell();
  });
  worker.on('error', (error) => {
    throw error;
  });
  const start = performance.now();
  void worker.run();
  await all;
  const took = performance.now() - start;
  return { took, queue, worker };
}

async function close({ queue, worker }) {
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
}

/** Jobs a second, and how many finished jobs were evicted meanwhile. */
async function measure(name, backlog, due) {
  if (backlog > 0) {
    // The finished jobs: none is evicted yet, since nobody sweeps meanwhile.
    const before = await run(name, backlog, { age: due ? 1 : 86_400, sweep: 600_000 });
    await before.worker.close();
    await before.queue.close();
    await redis.hdel(`lunaq:{${name}}:meta`, 'swept');
    await new Promise((resolve) => {
      setTimeout(resolve, 1_100);
    });
  }
  const during = await run(name, jobs, { age: undefined, sweep: 500 });
  const finishedLeft = () => redis.zcard(`lunaq:{${name}}:completed`);
  const left = await finishedLeft();
  const start = performance.now();
  const enough = due ? 0 : left;
  while ((await finishedLeft()) > enough && performance.now() - start < 120_000)
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  const rest = performance.now() - start;
  await close(during);
  return {
    rate: (jobs / during.took) * 1_000,
    evicted: backlog - left,
    seconds: (during.took + rest) / 1_000,
  };
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const ratios = [];
await measure('warm', 0, false);
for (let round = 1; round <= rounds; round += 1) {
  const quiet = await measure(`quiet${round}`, finished, false);
  const busy = await measure(`busy${round}`, finished, true);
  ratios.push(busy.rate / quiet.rate);
  console.log(
    `${round} of ${rounds}: ${Math.round(quiet.rate)} jobs/s alone, ${Math.round(busy.rate)} while ${busy.evicted} of ${finished} were evicted; all gone after ${busy.seconds.toFixed(1)} s`,
  );
}
console.log(
  `ratio ${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)}–${Math.max(...ratios).toFixed(3)})`,
);
redis.disconnect();
await server.stop();
