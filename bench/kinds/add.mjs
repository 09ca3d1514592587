// Adds one job a call, `width` calls in flight; what was added is then worked at, to see that nothing was lost.
import { measure } from '../measure.mjs';
import { addAll, drain, warmedUp } from '../workload.mjs';

/** @param {import('../sample.mjs').Context} context */
export async function run(context) {
  return await warmedUp(context, async (target, jobs, load) => {
    const add = () => addAll(target, jobs, context.point.width);
    const figures = await measure(context.redis, jobs, add);
    await drain(target, load);
    return { figures };
  });
}
