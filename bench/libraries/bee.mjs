// Bee-Queue as the bench sees it, with what its README advises for speed: no events in Redis, no jobs kept in memory, finished jobs
// removed, no blocking connection for who only adds, bulks in one pipeline. Custom ids of 12 characters, as long as Lunaq's.
import { randomBytes } from 'node:crypto';
import BeeQueue from 'bee-queue';
import { payloads } from '../payload.mjs';

/** @type {(queue: string) => string} */
export const pattern = (queue) => `bq:${queue}:*`;

/** @param {import('../sample.mjs').TargetOptions} options */
export async function open({ url, queue: name, bytes, plain, kept, delay, fails }) {
  if (kept) throw new RangeError('kept: not supported, Bee-Queue keeps jobs without their results');
  const data = payloads(bytes);
  const prefix = `j${randomBytes(3).toString('hex')}`;
  const settings = {
    redis: { url },
    getEvents: false,
    sendEvents: false,
    storeJobs: false,
    removeOnSuccess: true,
    activateDelayedJobs: delay !== undefined,
  };
  const queue = new BeeQueue(name, { ...settings, isWorker: false });
  await queue.ready();

  function jobOf(index) {
    const job = queue.createJob(data(index));
    if (!plain) job.setId(prefix + index.toString(36).padStart(5, '0'));
    if (delay !== undefined) job.delayUntil(Date.now() + delay);
    return job;
  }

  return {
    add: (index) => jobOf(index).save(),

    async addBulk(from, to) {
      const jobs = Array.from({ length: to - from }, (_, at) => jobOf(from + at));
      const [failure] = (await queue.saveAll(jobs)).values();
      if (failure) throw failure;
    },

    async worker(concurrency, { deliver, completed, broken }) {
      const own = new BeeQueue(name, settings);
      own.on('succeeded', completed);
      own.on('failed', (_job, error) => (fails ? completed() : broken(error)));
      own.on('error', broken);
      await own.ready();
      let end;
      const ended = new Promise((resolve) => {
        end = resolve;
      });
      return {
        run() {
          own.process(concurrency, async (job) => {
            deliver(job.data);
            if (fails) throw new Error('the bench wants this job to fail');
          });
          return ended;
        },
        async close() {
          await own.close();
          end();
        },
      };
    },

    async left() {
      const { waiting, active, succeeded, failed, delayed } = await queue.checkHealth();
      return waiting + active + succeeded + failed + delayed;
    },

    close: () => queue.close(),
  };
}
