// Works at jobs that all wait, `width` at a time.
import { measure } from '../measure.mjs';
import { addBulks, processAll, warmedUp } from '../workload.mjs';

/** @param {import('../sample.mjs').Context} context */
export async function run(context) {
  return await warmedUp(context, async (target, jobs, { all, listener }) => {
    await addBulks(target, jobs);
    const worker = await target.worker(context.point.width, listener);
    try {
      const figures = await measure(context.redis, jobs, () => processAll(worker, all));
      return { figures };
    } finally {
      await worker.close();
    }
  });
}
