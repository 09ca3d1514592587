// A shape of jobs in Lunaq: one addBulk.
import { Queue } from '../../../dist/index.js';
import { payloads } from '../../payload.mjs';

/** Jobs have parents by the thousand at most. */
export const tree = true;

export async function open({ url, queue: name, bytes }) {
  const data = payloads(bytes);
  const queue = new Queue(name, {
    connection: url,
    defaultJobOptions: { removeOnComplete: true },
  });
  await queue.waitUntilReady();
  return {
    async add({ jobs, parents }) {
      const all = [];
      for (let job = 0; job < jobs; job += 1) {
        const dependsOn = all.slice(...parents(job));
        const opts = dependsOn.length > 0 ? { opts: { dependsOn } } : {};
        all.push({ name: 'bench', data: data(job), ...opts });
      }
      await queue.addBulk(all);
    },

    /** Jobs that have not finished. */
    async open() {
      const { waiting, delayed, deferred, active, failed, cancelled } = await queue.getJobCounts();
      return waiting + delayed + deferred + active + failed + cancelled;
    },

    async close() {
      await queue.obliterate({ force: true });
      await queue.close();
    },
  };
}
