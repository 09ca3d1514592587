// BullMQ as the bench sees it, with its best ordinary settings: no metrics, no version check, a connection for the
// queue and one for the worker. Custom ids of 12 characters, as long as Lunaq's.
import { randomBytes } from 'node:crypto';
import * as bullmq from 'bullmq';
import { Redis } from 'ioredis';
import { payloads, resultOf } from '../payload.mjs';

/** @type {(queue: string) => string} */
export const pattern = (queue) => `bull:${queue}:*`;

/** @param {import('../sample.mjs').TargetOptions} options */
export async function open({ url, queue: name, bytes, plain, kept, delay, fails }) {
  const data = payloads(bytes);
  const prefix = `j${randomBytes(3).toString('hex')}`;
  const optsOf = plain
    ? () => undefined
    : (index) => ({ jobId: prefix + index.toString(36).padStart(5, '0') });
  const connect = () => new Redis(url, { maxRetriesPerRequest: null });
  const connection = connect();
  const queue = new bullmq.Queue(name, {
    connection,
    skipVersionCheck: true,
    defaultJobOptions: {
      ...(plain || kept || fails ? {} : { removeOnComplete: true }),
      ...(delay === undefined ? {} : { delay }),
    },
  });
  await queue.waitUntilReady();

  return {
    add: (index) => queue.add('bench', data(index), optsOf(index)),

    addBulk: (from, to) =>
      queue.addBulk(
        Array.from({ length: to - from }, (_, at) => ({
          name: 'bench',
          data: data(from + at),
          opts: optsOf(from + at),
        })),
      ),

    async worker(concurrency, { deliver, completed, broken }) {
      const own = connect();
      const handler = async (job) => {
        deliver(job.data);
        if (fails) throw new Error('the bench wants this job to fail');
        return kept ? resultOf(job.data) : undefined;
      };
      const worker = new bullmq.Worker(name, handler, {
        connection: own,
        concurrency,
        autorun: false,
        skipVersionCheck: true,
      });
      worker.on('completed', completed);
      worker.on('failed', (_job, error) => (fails ? completed() : broken(error)));
      worker.on('error', broken);
      await worker.waitUntilReady();
      return {
        run: () => worker.run(),
        async close() {
          await worker.close();
          own.disconnect();
        },
      };
    },

    async left() {
      const counts = Object.values(await queue.getJobCounts());
      return counts.reduce((sum, count) => sum + count, 0);
    },

    async close() {
      await queue.close();
      connection.disconnect();
    },
  };
}
