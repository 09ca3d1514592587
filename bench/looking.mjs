// What do looking at a large queue and noting something in it cost Redis? Fills a private server with jobs in every state, 100 workers and
// two weeks of counters, then makes each call of the API that is made by one client alone: how many script calls it takes, what one of
// them does, how long the longest one holds the server, how long the caller waits.
//
//   node bench/looking.mjs [--jobs N] [--json]
import { checkQueue, getQueues, Queue, QueueEvents } from '../dist/index.js';
import { startRedis } from '../dist/testing/index.js';
import { connect } from './connect.mjs';
import { environmentOf } from './environment.mjs';
import { commandStatsOf } from './info.mjs';
import { aligned } from './report/text.mjs';
import { flagsOrExit, parseFlags, wholeNumber } from './usage.mjs';

/** Its calls take so many out of the queue, and look at pages of those that are left. */
const fewest = 10_000;
/** `jobs`: waiting; of other states there are fewer. */
const { jobs, json } = await flagsOrExit(() => {
  const { values } = parseFlags({
    options: {
      jobs: { type: 'string', default: '1000000' },
      json: { type: 'boolean', default: false },
    },
  });
  return { jobs: wholeNumber('--jobs', values.jobs, fewest), json: values.json };
});
const sizes = {
  completed: Math.ceil(jobs / 10),
  failed: Math.ceil(jobs / 100),
  delayed: Math.ceil(jobs / 100),
  active: Math.ceil(jobs / 1_000),
};
const batch = 1_000;
const name = 'large';
const keyOf = (noun) => `lunaq:{${name}}:${noun}`;
const idOf = (state, at) => `${state.slice(0, 3)}-${String(at).padStart(8, '0')}`;

const workers = 100;
const leaseOf = (at) => String(at % workers).padStart(48, 'L');

/** Writes the leases of the workers that hold the active jobs, their rows, and two weeks of counters. */
async function fillRest(redis) {
  const now = Date.now();
  const minute = Math.floor(now / 60_000);
  const row = JSON.stringify({
    host: 'host',
    pid: 1,
    started: now,
    lockDuration: 30_000,
    queues: [name],
    queueCount: 1,
    concurrency: 10,
    counters: { started: 1, completed: 1, failed: 0, retried: 0, cancelled: 0, runTime: 1 },
    jobs: Array.from({ length: 10 }, (_, i) => [idOf('active', i), 'job', now]),
  });
  const pipeline = redis.pipeline();
  pipeline.hset(keyOf('meta'), 'schema', 1, 'token', `${now}000`, 'swept', now);
  pipeline.rpush(keyOf('wake'), '1');
  for (let at = 0; at < Math.min(workers, sizes.active); at += 1) {
    pipeline.zadd(keyOf('leases'), now + 3_600_000, leaseOf(at));
    pipeline.hset(keyOf('held'), leaseOf(at), Math.ceil((sizes.active - at) / workers));
    pipeline.hset(keyOf('workers'), leaseOf(at), `${now + 3_600_000} ${row}`);
  }
  for (let back = 0; back < 20_160; back += 1) {
    const counts = `${minute - back} 1000 1000 1000 1000 1000 1000 1000 1000 1000`;
    pipeline.hset(keyOf('counters'), (minute - back) % 20_160, counts, 'total', counts);
  }
  await pipeline.exec();
}

/** Writes jobs of one state as the scripts would leave them. */
async function fill(redis, state, count) {
  const now = Date.now();
  for (let from = 0; from < count; from += batch) {
    const ids = Array.from({ length: Math.min(batch, count - from) }, (_, i) =>
      idOf(state, from + i),
    );
    const pipeline = redis.pipeline();
    const records = ids.flatMap((id, i) => [id, `["job",{"index":${from + i}},${now}]`]);
    pipeline.hset(keyOf('jobs'), ...records);
    if (state === 'waiting') pipeline.rpush(keyOf('waiting'), ...ids);
    else if (state === 'active')
      pipeline.hset(
        keyOf('active'),
        ...ids.flatMap((id, i) => [id, `${leaseOf(from + i)}:${now}000`]),
      );
    else
      pipeline.zadd(
        keyOf(state),
        ...ids.flatMap((id, i) => [now + (state === 'delayed' ? 3_600_000 : 0) + from + i, id]),
      );
    if (state === 'completed')
      pipeline.hset(keyOf('results'), ...ids.flatMap((id) => [id, '{"returnvalue":1}']));
    await pipeline.exec();
  }
}

async function scanAll(queue, state, count) {
  let found = 0;
  for await (const _ of queue.scan(state, { count })) found += 1;
  return found;
}

async function firstOf(queue, state, count) {
  for await (const job of queue.scan(state, { count })) return job;
  return undefined;
}

/** [call, how often it is made, the call]. */
function callsOf(queue, connection, job) {
  const at = (share) => idOf('waiting', Math.floor((jobs - 1) * share));
  const last = jobs - 100;
  const weeks = { from: Date.now() - 14 * 24 * 3_600_000, to: Date.now() };
  return [
    ['getJob', 500, () => queue.getJob(at(0.5))],
    ['getJobState', 500, () => queue.getJobState(at(0.5))],
    ['has, unknown to the cache', 500, (i) => queue.has(`nobody-${i}`)],
    ['hasMany of 1,000', 20, (i) => queue.hasMany(Array.from({ length: 1_000 }, (_, n) => `no-${i}-${n}`))], // prettier-ignore
    ['getJobCounts', 500, () => queue.getJobCounts()],
    ['getQueues', 20, () => getQueues({ connection })],
    ['getJobs waiting, newest 100', 100, () => queue.getJobs('waiting', 0, 99)],
    ['getJobs waiting, middle 100', 100, () => queue.getJobs('waiting', last / 2, last / 2 + 99)],
    ['getJobs waiting, oldest 100', 100, () => queue.getJobs('waiting', 0, 99, true)],
    ['getJobs waiting, last page', 100, () => queue.getJobs('waiting', last, last + 99)],
    ['getJobs completed, newest 100', 100, () => queue.getJobs('completed', 0, 99)],
    ['getJobs completed, middle 100', 100, () => queue.getJobs('completed', sizes.completed / 2 - 50, sizes.completed / 2 + 49)], // prettier-ignore
    ['getJobs active, 100', 100, () => queue.getJobs('active', 0, 99)],
    ['getJobIds waiting, 10,000', 20, () => queue.getJobIds('waiting', { end: 9_999 })],
    ['getJobPosition, first', 100, () => queue.getJobPosition(at(0))],
    ['getJobPosition, last', 100, () => queue.getJobPosition(at(1))],
    ['getJobPosition, middle', 5, () => queue.getJobPosition(at(0.5))],
    ['getOldestWaiting', 500, () => queue.getOldestWaiting()],
    ['scan waiting, first page', 100, () => firstOf(queue, 'waiting', 100)],
    ['scan delayed, all', 3, () => scanAll(queue, 'delayed', 1_000)],
    ['scan completed, all', 1, () => scanAll(queue, 'completed', 1_000)],
    ['scan waiting, all', 1, () => scanAll(queue, 'waiting', 1_000)],
    ['getWorkers, 100 of them', 100, () => queue.getWorkers()],
    ['getWorkersCount', 100, () => queue.getWorkersCount()],
    ['getCounters, an hour', 100, () => queue.getCounters()],
    ['getCounters, two weeks', 10, () => queue.getCounters(weeks)],
    ['isPaused', 100, () => queue.isPaused()],
    ['updateProgress', 500, (i) => job.updateProgress(i + 1)],
    ['log, 1,000 rows', 1_000, (i) => job.log(`row ${i}`)],
    ['getJobLogs', 100, () => queue.getJobLogs(job.id)],
    ['updateMeta', 500, (i) => job.updateMeta({ i })],
    ['updateData', 500, (i) => job.updateData({ i })],
    ['remove, waiting', 500, (i) => queue.remove(idOf('waiting', 2_000 + i))],
    ['cancel, waiting', 500, (i) => queue.cancel(idOf('waiting', 4_000 + i))],
    ['retryJob, failed', 100, (i) => queue.retryJob(idOf('failed', 1 + i))],
    ['clean, 1,000 completed', 5, () => queue.clean(0, 1_000, 'completed')],
    ['pause, resume', 100, () => queue.pause().then(() => queue.resume())],
    ['add, nobody listens', 500, () => queue.add('job', { index: 0 })],
    ['checkQueue', 1, () => checkQueue(queue)],
  ];
}

const number = (value, digits) => value.toFixed(value >= 100 ? 0 : digits);
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]; // prettier-ignore

const own = new Set(['evalsha', 'info', 'config|resetstat', 'slowlog|reset', 'slowlog|get', 'script|load']); // prettier-ignore

async function measure(redis, [call, times, make]) {
  if (times > 1) await make(-1);
  await redis.config('RESETSTAT');
  await redis.slowlog('RESET');
  const took = [];
  for (let i = 0; i < times; i += 1) {
    const start = performance.now();
    await make(i);
    took.push(performance.now() - start);
  }
  const stats = commandStatsOf(await redis.info('commandstats'));
  const { calls: scripts = 0, micros = 0 } = stats.get('evalsha') ?? {};
  const inner = [...stats]
    .filter(([command]) => !own.has(command))
    .reduce((sum, [, { calls }]) => sum + calls, 0);
  // What is not in the log took less than its threshold.
  const slow = (await redis.slowlog('GET', 100_000)).filter(([, , , args]) => args[0] === 'EVALSHA' || args[0] === 'evalsha'); // prettier-ignore
  const longest = Math.max(0, ...slow.map(([, , length]) => length));
  took.sort((a, b) => a - b);
  return {
    call,
    scripts: scripts / times,
    inner: scripts === 0 ? 0 : inner / scripts,
    micros: scripts === 0 ? 0 : micros / scripts,
    longest,
    median: quantile(took, 0.5),
    p99: quantile(took, 0.99),
  };
}

const threshold = 50;
const server = await startRedis();
const redis = await connect(server.url);
await redis.config('SET', 'slowlog-log-slower-than', threshold);
await redis.config('SET', 'slowlog-max-len', 100_000);
const environment = await environmentOf(redis);
const queue = new Queue(name, { connection: server.url });
for (const [state, count] of Object.entries({ waiting: jobs, ...sizes }))
  await fill(redis, state, count);
await fillRest(redis);
await redis.zadd('lunaq:queues', 0, name);
const counts = await queue.getJobCounts();

const rows = [];
const job = await queue.getJob(idOf('waiting', Math.floor(jobs / 2)));
for (const call of callsOf(queue, server.url, job)) rows.push(await measure(redis, call));
const listener = new QueueEvents(name, { connection: server.url });
await listener.waitUntilReady();
const add = () => queue.add('job', { index: 0 });
rows.push(await measure(redis, ['add, somebody listens', 500, add]));
await queue.keepEvents(10_000);
rows.push(await measure(redis, ['add, events are kept', 500, add]));
await listener.close();
if (json) console.log(JSON.stringify({ environment, counts, rows }, undefined, 2));
else {
  console.log(Object.entries(counts).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`).join(', ')); // prettier-ignore
  console.log(
    aligned([
      ['call', 'scripts', 'commands each', 'µs each', 'longest µs', 'median ms', 'p99 ms'],
      ...rows.map((row) => [
        row.call,
        number(row.scripts, 1),
        number(row.inner, 1),
        number(row.micros, 1),
        row.longest === 0 ? `< ${threshold}` : String(row.longest),
        number(row.median, 2),
        number(row.p99, 2),
      ]),
    ]),
  );
}
await queue.close();
redis.disconnect();
await server.stop();
