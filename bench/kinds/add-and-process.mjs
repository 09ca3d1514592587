// Adds jobs and works at them in the same process, `width` at a time; 200 adds in flight, or `adds`.
import { measure } from '../measure.mjs';
import { addAll, processAll, warmedUp } from '../workload.mjs';

/** @param {import('../sample.mjs').Context} context */
export async function run(context) {
  const { width, kept, adds } = context.point;
  return await warmedUp(context, async (target, jobs, { all, listener }) => {
    const worker = await target.worker(width, listener);
    try {
      const both = () => processAll(worker, all, () => addAll(target, jobs, adds));
      const figures = await measure(context.redis, jobs, both);
      return { figures, left: kept ? jobs : 0 };
    } finally {
      await worker.close();
    }
  });
}
