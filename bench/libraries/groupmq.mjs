// GroupMQ as the bench sees it, with its fastest ordinary settings: the ordering method 'none' and no jobs kept (its defaults), adds
// gathered into batches wherever several are in flight. Custom ids of 12 characters, as long as Lunaq's.
import { randomBytes } from 'node:crypto';
import { Queue, Worker } from 'groupmq';
import { Redis } from 'ioredis';
import { payloads, resultOf } from '../payload.mjs';

/** @type {(queue: string) => string} */
export const pattern = (queue) => `groupmq:${queue}:*`;

/**
 * Of a group one job runs at a time. A worker takes the next job of the same group together with a completion, so groups should hold many
 * jobs, as in its own benchmark: as many groups as jobs run at once. With fewer, handlers idle; with a group for each job, it pauses.
 */
const groups = 100;
/** More than any load has. */
const keptJobs = 1e9;
const failure = 'the bench wants this job to fail';

/** @param {import('../sample.mjs').TargetOptions} options */
export async function open({ url, queue: namespace, bytes, plain, kept, delay, fails }) {
  const data = payloads(bytes);
  const prefix = `j${randomBytes(3).toString('hex')}`;
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  const settings = {
    redis,
    namespace,
    keepCompleted: kept ? keptJobs : 0,
    keepFailed: fails ? keptJobs : 0,
    maxAttempts: fails ? 1 : 3,
  };
  const queue = new Queue(settings);
  // It waits up to 10 ms for a batch, so an add that comes alone goes without.
  const batching = new Queue({ ...settings, autoBatch: true });
  await queue.getJobCounts();

  const jobOf = (index) => ({
    groupId: `group-${index % groups}`,
    data: data(index),
    ...(plain ? {} : { jobId: prefix + index.toString(36).padStart(5, '0') }),
    ...(delay === undefined ? {} : { delay }),
  });

  let inFlight = 0;
  return {
    async add(index) {
      inFlight += 1;
      try {
        return await (inFlight > 1 ? batching : queue).add(jobOf(index));
      } finally {
        inFlight -= 1;
      }
    },

    addBulk: (from, to) =>
      Promise.all(Array.from({ length: to - from }, (_, at) => batching.add(jobOf(from + at)))),

    async worker(concurrency, { deliver, completed, broken }) {
      let worker;
      return {
        async run() {
          // It runs as soon as it is made.
          worker = new Worker({
            queue,
            concurrency,
            handler: async (job) => {
              deliver(job.data);
              if (fails) throw new Error(failure);
              return kept ? resultOf(job.data) : undefined;
            },
          });
          worker.on('completed', completed);
          worker.on('failed', () => fails && completed());
          worker.on('error', (error) => error.message === failure || broken(error));
          await worker.run();
        },
        close: async () => worker?.close(),
      };
    },

    async left() {
      // Those that wait include the delayed ones.
      const { active, waiting, completed, failed } = await queue.getJobCounts();
      return active + waiting + completed + failed;
    },

    async close() {
      redis.disconnect();
    },
  };
}
