// Many queues of BullMQ, with a worker for each: queues share a connection, and so do workers but for the one on which each of them blocks.
import * as bullmq from 'bullmq';
import { Redis } from 'ioredis';
import { payloads } from '../../payload.mjs';

export async function open({ url, queues: names, bytes }) {
  const data = payloads(bytes);
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  // As many as there are queues listen to one connection.
  connection.setMaxListeners(0);
  const defaultJobOptions = { removeOnComplete: true };
  const options = { connection, skipVersionCheck: true, defaultJobOptions };
  const queues = names.map((name) => new bullmq.Queue(name, options));
  await Promise.all(queues.map((queue) => queue.waitUntilReady()));
  return {
    add: (index) => queues[index % queues.length].add('bench', data(index)),

    async worker(concurrency, { deliver, completed, broken }) {
      const own = new Redis(url, { maxRetriesPerRequest: null });
      own.setMaxListeners(0);
      const each = Math.max(1, Math.floor(concurrency / names.length));
      const handler = async (job) => deliver(job.data);
      const workers = names.map((name) => {
        const worker = new bullmq.Worker(name, handler, {
          connection: own,
          concurrency: each,
          autorun: false,
          skipVersionCheck: true,
        });
        worker.on('completed', completed);
        worker.on('failed', (_job, error) => broken(error));
        worker.on('error', broken);
        return worker;
      });
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
      return {
        run: () => Promise.all(workers.map((worker) => worker.run())),
        async close() {
          await Promise.all(workers.map((worker) => worker.close()));
          own.disconnect();
        },
      };
    },

    async left() {
      const counts = await Promise.all(queues.map((queue) => queue.getJobCounts()));
      return counts.flatMap((count) => Object.values(count)).reduce((sum, count) => sum + count, 0);
    },

    async close() {
      for (const queue of queues) await queue.obliterate({ force: true });
      await Promise.all(queues.map((queue) => queue.close()));
      connection.disconnect();
    },
  };
}
