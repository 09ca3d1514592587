// What a load costs: time and CPU of this process, CPU and commands of the server.

/**
 * @typedef {object} Figures
 * @property {number} jobs
 * @property {number} seconds
 * @property {number} jobsPerSecond
 * @property {number} redisMicros CPU of the server, all of its threads, µs a job
 * @property {number} nodeMicros CPU of this process, all of its threads, µs a job
 * @property {number} commands a job, those inside of scripts and the script calls themselves included
 * @property {number} scripts script calls a job
 */

/**
 * Runs `work` and tells what it cost. On a server that others use too, their share is in it.
 *
 * @param {import('ioredis').Redis} redis a connection of its own
 * @param {number} jobs
 * @param {() => Promise<unknown>} work
 * @returns {Promise<Figures>}
 */
export async function measure(redis, jobs, work) {
  await lazyFreed(redis);
  const before = await serverUsage(redis);
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const after = await serverUsage(redis);
  return {
    jobs,
    seconds,
    jobsPerSecond: jobs / seconds,
    redisMicros: (after.micros - before.micros) / jobs,
    nodeMicros: (user + system) / jobs,
    commands: (after.commands - before.commands) / jobs,
    scripts: (after.scripts - before.scripts) / jobs,
  };
}

/**
 * Bytes that the server needs more after `work`, a job.
 *
 * @param {import('ioredis').Redis} redis
 * @param {number} jobs
 * @param {() => Promise<unknown>} work closes its connections
 */
export async function measureMemory(redis, jobs, work) {
  const before = await settledMemory(redis);
  await work();
  return { jobs, bytesPerJob: ((await settledMemory(redis)) - before) / jobs };
}

/** @param {import('ioredis').Redis} redis */
async function serverUsage(redis) {
  const cpu = await redis.info('cpu');
  const stats = await redis.info('commandstats');
  let commands = 0;
  let scripts = 0;
  for (const [, name, calls] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (name === 'info') continue;
    commands += Number(calls);
    if (/^(eval|evalsha|fcall)(_ro)?$/.test(name)) scripts += Number(calls);
  }
  const seconds = number(cpu, 'used_cpu_user') + number(cpu, 'used_cpu_sys');
  return { micros: seconds * 1e6, commands, scripts };
}

/** Waits until nothing that was unlinked is still being freed. */
async function lazyFreed(redis) {
  while (number(await redis.info('memory'), 'lazyfree_pending_objects') > 0) await pause(20);
}

/** Memory in use once it has not changed for a second: tables grow in the background. */
async function settledMemory(redis) {
  await lazyFreed(redis);
  let last = -1;
  for (let tries = 0; tries < 30; tries += 1) {
    const used = number(await redis.info('memory'), 'used_memory');
    if (Math.abs(used - last) < 16_384) return used;
    last = used;
    await pause(1_000);
  }
  throw new Error('the memory in use does not settle: is somebody else on this server?');
}

function number(info, field) {
  const value = Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1]);
  if (Number.isNaN(value)) throw new Error(`INFO does not tell ${field}`);
  return value;
}

function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
