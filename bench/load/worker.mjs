// A worker process of a load test: takes the jobs of all queues, and notes which ones and how late.
import { Worker } from '../../dist/index.js';
import { clock } from '../clock.mjs';
import { Bits } from './bits.mjs';
import { Latencies } from './latencies.mjs';
import { settings, takePart, url } from './part.mjs';
import { jobsOf } from './schedule.mjs';
import { Troubles } from './troubles.mjs';

/** ms that handlers get to end when the test is broken off. */
const closeTimeout = 5_000;

const { number, concurrency, prefix, names, work } = settings;
const seen = new Bits(jobsOf(settings));
const confirmed = new Bits(jobsOf(settings));
const startLatency = new Latencies();
const completedLatency = new Latencies();
const troubles = new Troubles();
let schedule;
let started = 0;
let completed = 0;
let failed = 0;
let stalled = 0;

/** ms that the next handler takes. */
function duration() {
  return work.from + Math.random() * (work.to - work.from);
}

/** @param {import('../../dist/index.js').Job<{ index: number }>} job */
function handle({ data: { index } }) {
  started += 1;
  seen.add(index);
  if (schedule.counts(index)) startLatency.record(clock() - schedule.dueAt(index));
  if (work.to === 0) return undefined;
  return new Promise((resolve) => {
    setTimeout(resolve, duration());
  });
}

const worker = new Worker(names, async (job) => await handle(job), {
  connection: url,
  prefix,
  concurrency,
  closeTimeout,
  name: `load ${number + 1}`,
  autorun: false,
  // Without weights, a queue would go before those behind it.
  ...(names.length > 1 && { weights: Object.fromEntries(names.map((name) => [name, 1])) }),
});
worker.on('completed', ({ data: { index } }) => {
  completed += 1;
  confirmed.add(index);
  if (schedule.counts(index)) completedLatency.record(clock() - schedule.dueAt(index));
});
worker.on('failed', (_job, error) => {
  failed += 1;
  troubles.add(error);
});
worker.on('stalled', () => {
  stalled += 1;
});
worker.on('error', (error) => troubles.add(error));

let stop = () => {};
const stopped = new Promise((resolve) => {
  stop = resolve;
});

await takePart({
  ready: () => worker.waitUntilReady(),

  async run(planned) {
    schedule = planned;
    await Promise.race([worker.run(), stopped]);
  },

  stop,

  figures: () => ({
    started,
    completed,
    failed,
    stalled,
    troubles: troubles.sums(),
    startLatency: startLatency.take(),
    completedLatency: completedLatency.take(),
  }),

  async finish() {
    await worker.close();
    return { seen: seen.bytes, confirmed: confirmed.bytes };
  },
});
