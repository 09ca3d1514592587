// What workers ask the server for while there is nothing to do. MONITOR tells what clients send from what scripts do. Then a few jobs
// come, so that it is seen that the workers were idle, not dead.
import { once } from 'node:events';
import * as scripts from '../../dist/scripts.js';
import { addBulks } from '../workload.mjs';
import { Consumers } from './parts/consumers.mjs';
import { nothingLeft } from './parts/nothing-left.mjs';

/** ms until workers have settled. */
const settling = 6_000;
const watched = 10_000;

const nameOf = new Map(Object.values(scripts).map((script) => [script.sha, script.name]));

/** @param {import('../sample.mjs').Context} context */
export async function run({ point, jobs, library, open, url, databaseUrl, redis, queue }) {
  const { processes, workers, width, bytes } = point;
  const options = { url, databaseUrl, queue, bytes };
  const target = await open(options);
  const consumers = new Consumers(processes);
  try {
    await consumers.open({ name: library, options, jobs, width, count: workers });
    await consumers.run();
    await pause(settling);
    const figures = await watch(redis);
    await addBulks(target, jobs);
    await consumers.reached(jobs);
    await consumers.reports(jobs);
    await nothingLeft(target);
    await target.close();
    return figures;
  } finally {
    await consumers.end();
  }
}

/** Commands a second: all that clients send, each by its name, and those inside scripts. */
async function watch(redis) {
  const sent = new Map();
  let inside = 0;
  const monitor = await monitorOf(redis);
  monitor.on('monitor', (_time, [command, first], source) => {
    if (source === 'lua') {
      inside += 1;
      return;
    }
    const name = command.toLowerCase();
    const what = name === 'evalsha' ? `evalsha ${nameOf.get(first) ?? 'of another'}` : name;
    sent.set(what, (sent.get(what) ?? 0) + 1);
  });
  await pause(watched);
  monitor.disconnect();
  const perSecond = (count) => (count * 1_000) / watched;
  const all = [...sent.values()].reduce((sum, count) => sum + count, 0);
  const each = [...sent].map(([name, count]) => [`sent: ${name}`, perSecond(count)]);
  return {
    idleCommandsPerSecond: perSecond(all),
    insideScriptsPerSecond: perSecond(inside),
    ...Object.fromEntries(each),
  };
}

/** ioredis breaks off a monitor when the server has something to tell in the very moment in which it starts. */
async function monitorOf(redis) {
  for (let tries = 1; ; tries += 1) {
    const monitor = redis.duplicate({ monitor: true, lazyConnect: false });
    try {
      await once(monitor, 'monitoring');
      return monitor;
    } catch (error) {
      monitor.disconnect();
      if (tries === 10) throw error;
    }
  }
}

function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
