// What a load costs: time, CPU and heap of this process; CPU, commands and traffic of the server.
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { callsIn, cpuIn, numberIn } from './info.mjs';

/**
 * @typedef {object} LoadFigures
 * @property {number} jobs
 * @property {number} seconds
 * @property {number} jobsPerSecond
 * @property {number} redisMicros CPU of the server, all of its threads, µs a job
 * @property {number} nodeMicros CPU of this process, all of its threads, µs a job
 * @property {number} commands a job, those inside of scripts and the script calls themselves included
 * @property {number} scripts script calls a job
 * @property {number} bytesIn what the server read, bytes a job
 * @property {number} bytesOut what the server wrote, bytes a job
 * @property {number} allocatedBytes allocated on the heap of the main thread, bytes a job
 * @property {number} gcMicros that the main thread stood still for garbage collection, µs a job
 */

/**
 * Runs `work` and tells what it cost. On a server that others use too, their share is in it.
 *
 * @param {import('ioredis').Redis} redis a connection of its own
 * @param {number} jobs
 * @param {() => Promise<unknown>} work
 * @returns {Promise<LoadFigures>}
 */
export async function measure(redis, jobs, work) {
  await lazyFreed(redis);
  const before = await serverUsage(redis);
  const heap = watchHeap();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const { allocated, paused } = heap();
  const after = await serverUsage(redis);
  return {
    jobs,
    seconds,
    jobsPerSecond: jobs / seconds,
    redisMicros: (after.micros - before.micros) / jobs,
    nodeMicros: (user + system) / jobs,
    commands: (after.commands - before.commands) / jobs,
    scripts: (after.scripts - before.scripts) / jobs,
    bytesIn: (after.bytesIn - before.bytesIn) / jobs,
    // The reply that told the state before was written after that state was taken.
    bytesOut: (after.bytesOut - before.bytesOut - before.ownBytes) / jobs,
    allocatedBytes: allocated / jobs,
    gcMicros: paused / jobs,
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

/**
 * What the server has done so far.
 *
 * @param {import('ioredis').Redis} redis
 */
async function serverUsage(redis) {
  const info = await redis.info('all');
  return {
    micros: cpuIn(info),
    ...callsIn(info),
    bytesIn: numberIn(info, 'total_net_input_bytes'),
    bytesOut: numberIn(info, 'total_net_output_bytes'),
    ownBytes: Buffer.byteLength(info),
  };
}

/**
 * Follows the heap of the main thread from collection to collection: what it grew by between two of them was allocated.
 *
 * @returns {() => { allocated: number, paused: number }} ends it; bytes and µs
 */
function watchHeap() {
  const profiler = new GCProfiler();
  profiler.start();
  let used = getHeapStatistics().used_heap_size;
  return () => {
    const end = getHeapStatistics().used_heap_size;
    let allocated = 0;
    let paused = 0;
    for (const { beforeGC, afterGC, cost } of profiler.stop().statistics) {
      allocated += beforeGC.heapStatistics.usedHeapSize - used;
      used = afterGC.heapStatistics.usedHeapSize;
      paused += cost;
    }
    return { allocated: allocated + end - used, paused };
  };
}

/** Waits until nothing that was unlinked is still being freed. */
async function lazyFreed(redis) {
  while (numberIn(await redis.info('memory'), 'lazyfree_pending_objects') > 0) await pause(20);
}

/** Memory in use once it has not changed for a second: tables grow in the background. */
async function settledMemory(redis) {
  await lazyFreed(redis);
  let last = -1;
  let same = 0;
  for (let tries = 0; tries < 60; tries += 1) {
    const used = numberIn(await redis.info('memory'), 'used_memory');
    same = Math.abs(used - last) < 16_384 ? same + 1 : 0;
    if (same === 2) return used;
    last = used;
    await pause(500);
  }
  throw new Error('the memory in use does not settle: is somebody else on this server?');
}

function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
