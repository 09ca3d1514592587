// Add → handler starts, at a rate offered whatever becomes of it: a producer in a process of its own, the worker here. A job's time counts
// from when it was due to be sent, so a side that is late makes the times of all behind it longer.
import { measure } from '../measure.mjs';
import { Child } from './parts/child.mjs';
import { nothingLeft } from './parts/nothing-left.mjs';
import { quantilesOf } from './parts/quantiles.mjs';
import { Receiver } from './parts/receiver.mjs';

/** Jobs that go first, at one rate for all, so that both sides are warm: their times don't count. */
const warmUp = { jobs: 2_000, rate: 2_000 };
/** Share of the rate offered below which somebody could not follow. */
const kept = 0.98;
/** Share of the jobs that may have fallen behind over the second half. */
const growth = 0.01;
/** Share of the time that jobs of the last moments get. */
const grace = 0.01;

/** @param {import('../sample.mjs').Context} context */
export async function run({ point, jobs, library, open, url, databaseUrl, redis, queue }) {
  const { rate, width, bytes } = point;
  const options = { url, databaseUrl, queue, bytes, plain: false };
  const target = await open(options);
  const receiver = new Receiver(warmUp.jobs + jobs);
  const worker = await target.worker(width, receiver.listener);
  const producer = new Child('producer.mjs');
  try {
    await producer.ask('open', { library, options });
    const running = worker.run();
    const offer = async (from, settings) => {
      const [offered] = await Promise.race([
        Promise.all([
          producer.ask('offer', { from, ...settings }),
          receiver.reached(from + settings.jobs),
        ]),
        running.then(() => Promise.reject(new Error('the worker has ended'))),
      ]);
      return offered;
    };
    await offer(0, warmUp);
    let offered;
    const cost = await measure(redis, jobs, async () => {
      offered = await offer(warmUp.jobs, { jobs, rate });
    });
    await worker.close();
    await running;
    receiver.check();
    await nothingLeft(target);
    await producer.ask('close');
    await target.close();
    const arrivals = receiver.arrivals.subarray(warmUp.jobs);
    return { ...figuresOf(arrivals, rate, offered), ...serverSide(cost) };
  } finally {
    await producer.end();
  }
}

/**
 * @param {Float64Array} arrivals when the handler of each job started
 * @param {number} rate
 * @param {{ start: number, interval: number, together: number, late: number }} offered
 */
function figuresOf(arrivals, rate, { start, interval, together, late }) {
  const jobs = arrivals.length;
  const duration = (jobs / rate) * 1_000;
  const dueAt = (job) => start + Math.floor(job / together) * interval;
  /** Of the jobs due within a part of the time, the share that had started soon after that. */
  const keptUp = (part) => {
    const due = arrivals.subarray(0, jobs * part);
    const until = start + duration * (part + grace);
    return due.reduce((sum, at) => sum + (at <= until ? 1 : 0), 0) / due.length;
  };
  const inTime = keptUp(1);
  const achievedRate = rate * inTime;
  return {
    offeredRate: rate,
    achievedRate,
    ...quantilesOf(arrivals.map((at, job) => at - dueAt(job))),
    sentLate: late,
    saturated: inTime < kept || inTime < keptUp(0.5) - growth,
  };
}

/** Of a library that does not use Redis there is nothing to tell. */
function serverSide({ redisMicros, commands, scripts }) {
  return commands > 0 ? { redisMicros, commands, scripts } : {};
}
