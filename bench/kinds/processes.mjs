// Worker processes side by side, which work at jobs that all wait. They have worked at other jobs before, so that their code is warm.
import { measure } from '../measure.mjs';
import { addBulks } from '../workload.mjs';
import { Consumers } from './parts/consumers.mjs';
import { nothingLeft } from './parts/nothing-left.mjs';

/** Jobs for each process, and at least in all, that go first. */
const warmUp = { each: 2_000, least: 20_000 };

/** @param {import('../sample.mjs').Context} context */
export async function run(context) {
  const { point, jobs, url, queue } = context;
  const { processes, bytes } = point;
  const consumers = new Consumers(processes);
  try {
    const warm = Math.max(warmUp.least, warmUp.each * processes);
    await work(context, consumers, { url, queue: `${queue}w`, bytes }, warm);
    return await work(context, consumers, { url, queue, bytes }, jobs);
  } finally {
    await consumers.end();
  }
}

/** The processes work at so many jobs of one queue. */
async function work({ point, library, open, redis }, consumers, options, jobs) {
  const target = await open(options);
  await addBulks(target, jobs);
  await consumers.open({ name: library, options, jobs, width: point.width });
  const { redisMicros, commands, scripts } = await measure(redis, jobs, async () => {
    await consumers.run();
    await consumers.reached(jobs);
  });
  const reports = await consumers.reports(jobs);
  await nothingLeft(target);
  await target.close();
  const first = Math.min(...reports.map((report) => report.first));
  const last = Math.max(...reports.map((report) => report.last));
  const micros = reports.reduce((sum, report) => sum + report.micros, 0);
  const shares = reports.map((report) => report.completed);
  return {
    jobsPerSecond: (jobs / (last - first)) * 1_000,
    redisMicros,
    nodeMicros: micros / jobs,
    commands,
    scripts,
    leastShare: (Math.min(...shares) * shares.length) / jobs,
  };
}
