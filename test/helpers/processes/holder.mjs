// Workers in a process of their own that write down when each job starts and ends, and when the process was kept from running. Arguments:
// one JSON with queue, connection, options, workers (how many). What a job does stands in its data: `ms` of time, `busy` ms that block the
// event loop, `kill`: the last round of processes that it kills.
import { Redis } from 'ioredis';
import { Worker } from '../../../dist/index.js';

const { queue, connection, options, workers: count, round } = JSON.parse(process.argv[2]);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const turn = () => new Promise(setImmediate);

/** Of times below what a timer can do, the event loop turns. */
async function take(ms) {
  if (ms >= 1) return await pause(ms);
  const end = performance.now() + ms;
  do await turn();
  while (performance.now() < end);
}

/** By the time that this process gets of the CPU, which on a busy machine is not all there is. */
function block(ms) {
  const before = process.cpuUsage();
  for (let used = 0; used < ms * 1_000;) {
    const { user, system } = process.cpuUsage(before);
    used = user + system;
  }
}

const starts = [];
const errors = [];
const workers = Array.from({ length: count }, (_, at) => {
  const worker = new Worker(
    queue,
    async ({ id, data }, token) => {
      const start = { id, token, worker: at, from: Date.now(), to: Number.POSITIVE_INFINITY };
      starts.push(start);
      if (data.kill >= round) process.kill(process.pid, 'SIGKILL');
      block(data.busy ?? 0);
      if (data.ms !== undefined) await take(data.ms);
      start.to = Date.now();
    },
    { connection, ...options },
  );
  worker.on('error', (error) => errors.push(`${error.name}: ${error.message}`));
  return worker;
});

/** ms between two beats when nothing is in the way. */
const period = 3;
const stalls = [];
const redis = new Redis(connection);
const over = new AbortController();

/** Time in which neither this process nor the server got on, less what this process has used of the CPU: that is its own doing. */
async function beat() {
  let at = performance.now();
  let cpu = process.cpuUsage();
  while (!over.signal.aborted) {
    await redis.client('ID'); // which a worker may ask
    await pause(period - 1);
    const now = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    const lost = now - at - period - (user + system) / 1_000;
    if (now - at > 2 * period && lost > 0) {
      const to = Date.now();
      stalls.push({ from: to - (now - at), to, lost });
    }
    at = now;
    cpu = process.cpuUsage();
  }
  redis.disconnect();
}
const beating = beat();

const orphaned = () => process.exit(1);
process.on('disconnect', orphaned);

async function close() {
  await Promise.all(workers.map((worker) => worker.close()));
  over.abort();
  await beating;
  process.send({ starts, stalls, errors }, () => {
    process.off('disconnect', orphaned);
    process.disconnect();
  });
}
process.on('message', () => void close());
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
process.send('ready');
