// What clients count of a queue, and what Redis knows of that once they have told it.
import type { Counters } from '../../src/index.js';
import type { Plan, Stage } from './stage.js';

const names = [
  'added',
  'started',
  'firstStarts',
  'completed',
  'failed',
  'retried',
  'cancelled',
] as const;

/** All counters but those of times, which no model knows. */
export type Counts = Record<(typeof names)[number], number>;

export function noCounts(): Counts {
  return Object.fromEntries(names.map((name) => [name, 0])) as Counts;
}

/** Adds what was told, which is then told no more. */
export function moveCounts(from: Counts, to: Counts): void {
  for (const name of names) {
    to[name] += from[name];
    from[name] = 0;
  }
}

function withoutTimes(counters: Counters): Counts {
  return Object.fromEntries(names.map((name) => [name, counters[name]])) as Counts;
}

/** All clients of a queue tell what they have counted: workers when they pause, queues when they close. */
export async function tellCounts(stage: Stage, name: string): Promise<void> {
  for (const { worker, model } of stage.workers.values())
    if (model.queue === name) await worker.pause(true);
  await stage.connection.idle();
  await stage.reopen(name);
}

/** What is told of a queue by those who work on it: counters of all time and of the last hour, which a test fits into; and who holds what. */
export function countersTold(stage: Stage, name: string): Plan {
  return {
    real: async () => {
      await tellCounts(stage, name);
      const queue = stage.queue(name);
      const { total, minutes } = await queue.getCounters();
      const metrics = await Promise.all([
        queue.getMetrics('completed'),
        queue.getMetrics('failed'),
      ]);
      const sums = noCounts();
      for (const minute of minutes) moveCounts(withoutTimes(minute), sums);
      const workers = await queue.getWorkers();
      const held = workers.map(({ active, jobs }) => ({ active, jobs: jobs.map(({ id }) => id).toSorted() })); // prettier-ignore
      return {
        total: withoutTimes(total),
        minutes: sums,
        metrics: metrics.map(({ meta }) => meta.count),
        times: total.waitTime >= 0 && total.runTime >= 0,
        workers: held.map((one) => JSON.stringify(one)).toSorted(),
      };
    },
    model: () => {
      stage.model.tellAll(name);
      stage.model.reopen(name);
      const { counts } = stage.model.queue(name);
      const living = [...stage.workers.values()].filter(({ model }) => model.queue === name && model.lease?.state === 'live'); // prettier-ignore
      const workers = living.map(({ model }) => {
        const active = model.runs.filter((run) => stage.model.isHeld(run) && run.lease === model.lease).length; // prettier-ignore
        return JSON.stringify({ active, jobs: active > 0 ? model.runs.map(({ id }) => id).toSorted() : [] }); // prettier-ignore
      });
      return {
        total: { ...counts },
        minutes: { ...counts },
        metrics: [counts.completed, counts.failed],
        times: true,
        workers: workers.toSorted(),
      };
    },
  };
}
