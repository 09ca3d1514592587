// One side in a process of its own, for a profiler to look at: it ends by itself, and prints one line of JSON. A worker finds its
// jobs in the queue.
//
//   node bench/profile/side.mjs <add-200 | process-100 | process-1 | add-process-100> --jobs N --queue NAME
//
// REDIS_URL says where the server is. The first fifth of the jobs is for V8 to compile the code; `from` and `to` are where the
// others begin and end on the clock of V8's profiles.
import { parseArgs } from 'node:util';
import { open } from '../libraries/lunaq.mjs';
import { Deliveries } from '../payload.mjs';
import { addSingly } from '../workload.mjs';
import { sideOf } from './sides.mjs';

const bytes = 63;
const warmUpPart = 0.2;

/** Counts what is done, and takes time and CPU from the end of the warm-up on. */
class Meter {
  #count = 0;
  #begin;
  #cpu;
  #done;
  #broken;

  /** @param {number} jobs */
  constructor(jobs) {
    this.jobs = jobs;
    this.warmUp = Math.floor(jobs * warmUpPart);
    this.all = new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#broken = reject;
    });
  }

  one() {
    this.#count += 1;
    if (this.#count === this.warmUp) {
      this.#begin = process.hrtime.bigint();
      this.#cpu = process.cpuUsage();
    }
    if (this.#count === this.jobs) this.#done(this.#figures());
  }

  fail(error) {
    this.#broken(error);
  }

  #figures() {
    const end = process.hrtime.bigint();
    const { user, system } = process.cpuUsage(this.#cpu);
    const jobs = this.jobs - this.warmUp;
    const [from, to] = [this.#begin, end].map((nanos) => Number(nanos / 1_000n));
    return {
      jobs,
      from,
      to,
      jobsPerSecond: (jobs * 1e6) / (to - from),
      userMicros: user / jobs,
      systemMicros: system / jobs,
    };
  }
}

async function consume(target, { concurrency }, meter) {
  const deliveries = new Deliveries(meter.jobs);
  const worker = await target.worker(concurrency, {
    deliver: (data) => deliveries.add(data),
    completed: () => meter.one(),
    broken: (error) => meter.fail(error),
  });
  const figures = await Promise.race([meter.all, worker.run()]);
  if (!figures) throw new Error('the worker has ended before its jobs');
  await worker.close();
  deliveries.check();
  return figures;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { jobs: { type: 'string' }, queue: { type: 'string' } },
});
const side = sideOf(positionals[0]);
if (!values.queue) throw new TypeError('--queue: expected a name');
const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 5)
  throw new RangeError(`--jobs: expected a whole number from 5 on, got ${values.jobs}`);
const meter = new Meter(jobs);
const target = await open({ url: process.env.REDIS_URL, queue: values.queue, bytes });
const adds = (added) => addSingly(target, meter.jobs, side.adds, added);
const roles = {
  producer: async () => {
    await adds(() => meter.one());
    return await meter.all;
  },
  worker: () => consume(target, side, meter),
  both: async () => {
    const [figures] = await Promise.all([consume(target, side, meter), adds(() => {})]);
    return figures;
  },
};
const figures = await roles[side.role]();
await target.close();
console.log(JSON.stringify(figures));
