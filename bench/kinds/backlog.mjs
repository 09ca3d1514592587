// What operations cost beside a backlog: fills a queue with jobs of one state through the scripts, then makes each call many times and
// reads off the server what every single one took. Jobs that a call takes are replaced before the next one, so the backlog stays.
import { cyclesOf } from './parts/operations.mjs';
import { quantilesOf } from './parts/quantiles.mjs';
import { ScriptDesk } from './parts/script-desk.mjs';

const micros = 1_000;

/** @param {import('../sample.mjs').Context} context */
export async function run({ point, jobs, redis, queue }) {
  const { backlog, state, batch, bytes } = point;
  const desk = new ScriptDesk(redis, queue, bytes);
  await desk.open();
  // Every script runs once on a queue of its own, so that none is loaded while it is measured.
  const warm = new ScriptDesk(redis, `${queue}w`, bytes);
  await warm.open();
  await fill(warm, state, batch * 4);
  for (const cycle of cyclesOf(warm, state, batch)) await cycle();

  await fill(desk, state, backlog);
  const calls = Math.ceil(jobs / batch);
  for (const cycle of cyclesOf(desk, state, batch))
    for (let n = 0; n < calls; n += 1) await cycle();
  await desk.check({ [state]: backlog });
  return { series: Object.fromEntries([...desk.taken].map(([name, all]) => [name, tell(all)])) };
}

/** Brings jobs into one state, 256 a call, as producers and workers would. */
async function fill(desk, state, count) {
  const step = 256;
  for (let from = 0; from < count; from += step) {
    const size = Math.min(step, count - from);
    if (state === 'delayed') await desk.schedule(size, 3_600_000);
    else await desk.enqueue(size);
    if (state === 'completed') await desk.complete(await desk.claim(size), { age: '' });
  }
}

/** @param {import('./parts/script-desk.mjs').Taken} taken what each of its calls took */
function tell({ jobs, calls }) {
  const times = Float64Array.from(calls, (call) => call.micros);
  const mean = times.reduce((sum, time) => sum + time, 0) / calls.length;
  const inner = calls.reduce((sum, { others }) => sum + others, 0) / calls.length;
  const { p50, p99, p999, max } = quantilesOf(times);
  return {
    redisMicros: mean / jobs,
    microsPerCall: mean,
    commands: (inner + 1) / jobs,
    innerCommands: inner,
    scriptP50: p50 / micros,
    scriptP99: p99 / micros,
    scriptP999: p999 / micros,
    scriptMax: max / micros,
  };
}
