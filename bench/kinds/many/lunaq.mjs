// Many queues of Lunaq, served by one Worker, which takes its jobs from all of them.
import { Queue, Worker } from '../../../dist/index.js';
import { payloads } from '../../payload.mjs';

export async function open({ url, queues: names, bytes }) {
  const data = payloads(bytes);
  const defaultJobOptions = { removeOnComplete: true };
  const queues = names.map((name) => new Queue(name, { connection: url, defaultJobOptions }));
  await Promise.all(queues.map((queue) => queue.waitUntilReady()));
  return {
    add: (index) => queues[index % queues.length].add('bench', data(index)),

    async worker(concurrency, { deliver, completed, broken }) {
      const handler = async (job) => deliver(job.data);
      // Without weights the queues would be served one behind the other.
      const weights = Object.fromEntries(names.map((name) => [name, 1]));
      const options = { connection: url, concurrency, autorun: false, weights };
      const worker = new Worker(names, handler, options);
      worker.on('completed', completed);
      worker.on('failed', (_job, error) => broken(error));
      worker.on('error', broken);
      return { run: () => worker.run(), close: () => worker.close() };
    },

    async left() {
      const counts = await Promise.all(queues.map((queue) => queue.getJobCounts()));
      return counts.flatMap((count) => Object.values(count)).reduce((sum, count) => sum + count, 0);
    },

    async close() {
      await Promise.all(queues.map((queue) => queue.obliterate({ force: true })));
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}
