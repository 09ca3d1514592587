// Who works on a queue, and what happened in it minute by minute.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Queue, Worker } from 'lunaq';
import { startRedis } from 'lunaq/testing';

const redis = await startRedis();
const connection = redis.url;

// #region name
const queue = new Queue<{ ms: number }>('frames', { connection });
const worker = new Worker<{ ms: number }>('frames', ({ data }) => pause(data.ms), {
  connection,
  name: 'north', // what getWorkers() calls it; host and pid are told anyway
  stalledInterval: 200, // it tells its news this often (default: 5 s)
});
// #endregion

await queue.add('encode', { ms: 1_000 });
const busy = async () => (await queue.getWorkers())[0]?.jobs.length === 1;
for (let tries = 0; tries < 200 && !(await busy()); tries += 1) await pause(20);

// #region list
const workers = await queue.getWorkers({ gone: true }); // those killed or cut off within the last hour too
const lines = workers.map(
  ({ name, host, pid, state, active, heartbeat, jobs, counters }) =>
    `${name ?? pid} on ${host}: ${state}, heard of ${Date.now() - heartbeat} ms ago, ` +
    `holds ${active} jobs, runs ${jobs.map((job) => job.name).join()}, completed ${counters.completed}`,
);
// #endregion
assert.match(lines.join('\n'), /^north on .+: busy, .* holds 1 jobs, runs encode, completed 0$/);
const [info] = await queue.getWorkers();
assert.deepEqual([info?.name, info?.state, info?.pid], ['north', 'busy', process.pid]);
assert.equal(await queue.getWorkersCount(), 1);

await worker.close();
assert.deepEqual(await queue.getWorkers({ gone: true }), []);
await queue.close();

const reader = new Queue('frames', { connection });
// #region counters
const { total, minutes } = await reader.getCounters({ from: Date.now() - 24 * 3_600_000 });
const meanWait = total.waitTime / total.firstStarts; // ms
const meanRun = total.runTime / total.started;
const perMinute = minutes.map(({ time, completed }) => [new Date(time), completed]); // the oldest first
// #endregion
assert(meanWait >= 0 && meanRun >= 990 && perMinute.length > 1_440);
assert.deepEqual([total.added, total.started, total.completed], [1, 1, 1]);

// #region metrics
const { data } = await reader.getMetrics('completed', 0, 59); // BullMQ's form: the newest first
// #endregion
assert(data.length <= 60);

await reader.close();
await redis.stop();
