// Adds jobs at a rate, in a process of its own: each when it is due, whether or not those before it were answered.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { obey } from '../parts/child.mjs';
import { clock } from '../../clock.mjs';
import { quantilesOf } from '../parts/quantiles.mjs';

/** Most times a second that jobs become due: at higher rates as many as belong to one time are due together. */
const mostTimes = 2_000;
/** ms until the first job is due. */
const lead = 50;

let target;

async function open({ library, options }) {
  const module = await import(`../../libraries/${library}.mjs`);
  target = await module.open(options);
}

/** Adds the jobs `from` up to `from + jobs`; tells when each was due, and how late they were sent. */
async function offer({ from, jobs, rate }) {
  const together = Math.ceil(rate / mostTimes);
  const interval = (together / rate) * 1_000;
  const start = clock() + lead;
  const late = new Float64Array(jobs);
  const shared = new SharedArrayBuffer(4);
  const bell = new Int32Array(shared);
  const times = Math.ceil(jobs / together);
  const pacer = new Worker(new URL('pacer.mjs', import.meta.url), {
    workerData: { start, interval, times, shared },
  });
  const stopped = once(pacer, 'exit');
  let failure;
  const adds = [];
  let next = 0;
  const dueAt = (now) => Math.min(jobs, (Math.floor((now - start) / interval) + 1) * together);
  const send = (due, now) => {
    for (; next < due; next += 1) {
      late[next] = now - (start + Math.floor(next / together) * interval);
      adds.push(
        target.add(from + next).catch((error) => {
          failure ??= error;
        }),
      );
    }
  };
  pacer.on('message', () => {
    Atomics.store(bell, 0, 0);
    const now = clock();
    send(dueAt(now), now);
  });
  await stopped;
  // The pacer may wake some microseconds early, and has gone then.
  send(jobs, clock());
  await Promise.all(adds);
  if (failure) throw failure;
  return { start, interval, together, late: quantilesOf(late).p99 };
}

obey({ open, offer, close: () => target.close() });
