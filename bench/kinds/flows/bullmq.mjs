// A shape of jobs in BullMQ: one flow, whose root is the last job. A job has one parent at most there, so nothing fans out.
import { FlowProducer, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { payloads } from '../../payload.mjs';

export const tree = false;

export async function open({ url, queue: queueName, bytes }) {
  const data = payloads(bytes);
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const flows = new FlowProducer({ connection });
  const queue = new Queue(queueName, { connection, skipVersionCheck: true });
  await queue.waitUntilReady();
  return {
    async add({ jobs, parents }) {
      const all = [];
      for (let job = 0; job < jobs; job += 1) {
        const children = all.slice(...parents(job));
        const opts = { removeOnComplete: true };
        all.push({ name: 'bench', queueName, data: data(job), opts, children });
      }
      await flows.add(all.at(-1));
    },

    async open() {
      const { completed: _, ...counts } = await queue.getJobCounts();
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },

    async close() {
      await queue.obliterate({ force: true });
      await queue.close();
      await flows.close();
      connection.disconnect();
    },
  };
}
