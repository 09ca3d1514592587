// A producer process of a load test: adds each of its jobs when it is due, whatever became of those before. Adds that are refused are
// counted, not tried again.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { Queue } from '../../dist/index.js';
import { clock } from '../clock.mjs';
import { Bits } from './bits.mjs';
import { Latencies } from './latencies.mjs';
import { settings, takePart, url } from './part.mjs';
import { dataMaker } from './job-data.mjs';
import { jobsOf } from './schedule.mjs';
import { Troubles } from './troubles.mjs';

/** Most adds of one turn of the event loop: a producer that is late must still read answers. */
const mostAtOnce = 500;

const { number, producers, prefix, names } = settings;
const data = dataMaker(settings.bytes);
const troubles = new Troubles();
const queues = names.map((name) => {
  const queue = new Queue(name, {
    connection: url,
    prefix,
    defaultJobOptions: { removeOnComplete: true },
  });
  queue.on('error', (error) => troubles.add(error));
  return queue;
});

const acknowledged = new Bits(jobsOf(settings));
/** Indexes of jobs that may have been added or not. */
const unknown = [];
/** How often adds were refused, by code. */
const refused = {};
/** How much later than due jobs were given to the queue. */
const lateness = new Latencies();
const over = new AbortController();
let offered = 0;
let added = 0;
let answered = 0;
let allAnswered = () => {};

/** @param {number} index */
async function offer(index) {
  offered += 1;
  try {
    await queues[index % queues.length].add('load', data(index));
    added += 1;
    acknowledged.add(index);
  } catch (error) {
    const code = error.code ?? error.name;
    refused[code] = (refused[code] ?? 0) + 1;
    if (code === 'UNKNOWN_OUTCOME') unknown.push(index);
  }
  answered += 1;
  if (answered === offered) allAnswered();
}

await takePart({
  async ready() {
    await Promise.all(queues.map((queue) => queue.waitUntilReady()));
  },

  async run(schedule) {
    let next = number;
    while (next < schedule.jobs && !over.signal.aborted) {
      const time = clock();
      const due = schedule.dueBy(time);
      const end = Math.min(due, next + mostAtOnce * producers);
      for (; next < end; next += producers) {
        if (schedule.counts(next)) lateness.record(time - schedule.dueAt(next));
        void offer(next);
      }
      if (next < due) await turn();
      else if (next < schedule.jobs)
        // Only a stop aborts it.
        await sleep(schedule.dueAt(next) - clock(), undefined, { signal: over.signal }).catch(
          () => undefined,
        );
    }
    await new Promise((resolve) => {
      allAnswered = resolve;
      if (answered === offered) resolve();
    });
  },

  stop: () => over.abort(),

  figures: () => ({
    offered,
    added,
    refused: { ...refused },
    troubles: troubles.sums(),
    lateness: lateness.take(),
  }),

  async finish() {
    await Promise.all(queues.map((queue) => queue.close()));
    return { acknowledged: acknowledged.bytes, unknown };
  },
});
