// Lunaq as the bench sees it. It makes ids of 12 characters itself.
import * as lunaq from '../../dist/index.js';
import { payloads } from '../payload.mjs';

/** @type {(queue: string) => string} */
export const pattern = (queue) => `lunaq:{${queue}}:*`;

/** @param {import('../load.mjs').TargetOptions} options */
export async function open({ url, queue: name, bytes, plain }) {
  const data = payloads(bytes);
  const queue = new lunaq.Queue(name, {
    connection: url,
    defaultJobOptions: plain ? {} : { removeOnComplete: true },
  });
  await queue.getJobCounts();

  return {
    add: (index) => queue.add('bench', data(index)),

    addBulk: (from, to) =>
      queue.addBulk(
        Array.from({ length: to - from }, (_, at) => ({ name: 'bench', data: data(from + at) })),
      ),

    async worker(concurrency, { deliver, completed, broken }) {
      const handler = async (job) => {
        deliver(job.data);
      };
      const options = { connection: url, concurrency, autorun: false };
      const worker = new lunaq.Worker(name, handler, options);
      worker.on('completed', completed);
      worker.on('failed', (_job, error) => broken(error));
      worker.on('error', broken);
      return {
        run: () => worker.run(),
        close: () => worker.close(),
      };
    },

    async left() {
      const counts = Object.values(await queue.getJobCounts());
      return counts.reduce((sum, count) => sum + count, 0);
    },

    close: () => queue.close(),
  };
}
