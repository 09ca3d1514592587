// Lunaq as the bench sees it. It makes ids of 12 characters itself.
import * as lunaq from '../../dist/index.js';
import { payloads, resultOf } from '../payload.mjs';

/** @type {(queue: string) => string} */
export const pattern = (queue) => `lunaq:{${queue}}:*`;

/** Takes the names of queues that begin with `queue` out of the list of all queues. */
export async function forget(redis, queue) {
  const names = await redis.zrange('lunaq:queues', 0, -1);
  const own = names.filter((name) => name.startsWith(queue));
  if (own.length > 0) await redis.zrem('lunaq:queues', ...own);
}

/** @param {import('../sample.mjs').TargetOptions} options */
export async function open({ url, queue: name, bytes, plain, kept, delay, fails }) {
  const data = payloads(bytes);
  const queue = new lunaq.Queue(name, {
    connection: url,
    defaultJobOptions: {
      ...(plain || kept || fails ? {} : { removeOnComplete: true }),
      ...(delay === undefined ? {} : { delay }),
    },
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
        if (fails) throw new Error('the bench wants this job to fail');
        return kept ? resultOf(job.data) : undefined;
      };
      const options = { connection: url, concurrency, autorun: false };
      const worker = new lunaq.Worker(name, handler, options);
      worker.on('completed', completed);
      worker.on('failed', (_job, error) => (fails ? completed() : broken(error)));
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
