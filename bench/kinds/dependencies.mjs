// Jobs that wait for jobs: how long it takes to add them, then to run them all, each behind those that it depends on.
import { measure } from '../measure.mjs';
import { Receiver } from './parts/receiver.mjs';
import { shapeOf } from './parts/shapes.mjs';
import { longestScript } from './parts/slow-log.mjs';

/** Part of the jobs that goes first, in a queue of its own. */
const warmUpPart = 0.1;

/** @param {import('../sample.mjs').Context} context */
export async function run(context) {
  await once(context, `${context.queue}w`, Math.ceil(context.jobs * warmUpPart));
  return await once(context, context.queue, context.jobs);
}

async function once({ point, library, open, url, redis }, queue, size) {
  const module = await import(`./flows/${library}.mjs`);
  const options = { url, queue, bytes: point.bytes };
  const flow = await module.open(options);
  const target = await open(options);
  const shape = shapeOf(point.shape, size, module.tree);
  const { jobs } = shape;
  const receiver = new Receiver(jobs);
  const worker = await target.worker(point.width, receiver.listener);
  let adding;
  let running;
  const scriptMax = await longestScript(redis, async () => {
    adding = await measure(redis, jobs, () => flow.add(shape));
    running = await measure(redis, jobs, () =>
      Promise.race([receiver.reached(jobs), worker.run()]),
    );
  });
  await worker.close();
  receiver.check();
  checkOrder(shape, receiver.arrivals);
  const unfinished = await flow.open();
  if (unfinished > 0) throw new Error(`${unfinished} jobs have not completed`);
  await target.close();
  await flow.close();
  const first = receiver.arrivals.reduce((least, at) => Math.min(least, at));
  const runSeconds = (receiver.completedAt - first) / 1_000;
  const both = (figure) => adding[figure] + running[figure];
  return {
    addSeconds: adding.seconds,
    runSeconds,
    jobsPerSecond: jobs / runSeconds,
    redisMicros: both('redisMicros'),
    nodeMicros: both('nodeMicros'),
    commands: both('commands'),
    scripts: both('scripts'),
    scriptMax,
  };
}

/** Throws when a job has started before one that it depends on. */
function checkOrder({ jobs, parents }, arrivals) {
  for (let job = 0; job < jobs; job += 1) {
    const [from, to] = parents(job);
    for (let parent = from; parent < to; parent += 1)
      if (arrivals[parent] > arrivals[job])
        throw new Error(`job ${job} has started before job ${parent}, on which it depends`);
  }
}
