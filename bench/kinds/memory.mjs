// How many bytes a job takes on the server in a state: waiting, delayed, completed or failed.
import { measureMemory } from '../measure.mjs';
import { addBulks, bulkSize, deliveries, drain, targetOptions } from '../workload.mjs';

/** ms from now on: none of them is due while it is measured. */
const tomorrow = 24 * 3_600_000;

const settings = {
  waiting: {},
  delayed: { delay: tomorrow },
  completed: { kept: true },
  failed: { fails: true },
};

/** @param {import('../sample.mjs').Context} context */
export async function run({ redis, open, jobs, ...context }) {
  const state = String(context.point.state);
  if (!(state in settings))
    throw new RangeError(
      `state: expected one of ${Object.keys(settings).join(', ')}, got ${state}`,
    );
  const options = { ...targetOptions(context), ...settings[state] };
  const works = state === 'completed' || state === 'failed';

  async function fill(queue, count) {
    const target = await open({ ...options, queue });
    try {
      await addBulks(target, count);
      if (works) {
        const load = deliveries(count);
        await drain(target, load);
        load.check();
      }
      const left = await target.left();
      if (left !== count) throw new Error(`${count} jobs were added, ${left} are there`);
    } finally {
      await target.close();
    }
  }

  // Scripts are loaded, and what a library keeps on the server beside its queues is there.
  await fill(`${context.queue}w`, bulkSize);
  return await measureMemory(redis, jobs, () => fill(context.queue, jobs));
}
