// Adds, removes, runs, evicts and obliterates jobs of one queue at random until it is told to stop, and keeps a ledger: since when, and until
// when, each id was certainly there or certainly not. Arguments: one JSON with queue, connection, ids (how many), rest (ms), seed, seconds.
import { Queue, Worker } from '../../../dist/index.js';

const settings = JSON.parse(process.argv[2]);
const { queue: name, connection, ids: count, rest, obliterates } = settings;
let { seed } = settings;
/** The machine's monotonic clock, the same for all processes. */
const now = () => Number(process.hrtime.bigint()) / 1e6;
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const queue = new Queue(name, { connection, idCache: false });
const finished = new Map();
const handlers = {
  job: async () => undefined,
  fail: async () => {
    throw new Error('as it should');
  },
};
const worker = new Worker(name, handlers, {
  connection,
  concurrency: 20,
  stalledInterval: 100,
});
worker.on('completed', (job) => finished.get(job.id)?.());
for (const one of [queue, worker]) one.on('error', () => undefined);

const ids = Array.from({ length: count }, (_, at) => ({
  id: `id-${at}`,
  rests: 0,
  busy: false,
  present: false,
  period: undefined,
}));
const ledger = [];
const starts = (entry) => {
  if (entry.period) ledger.push({ ...entry.period, to: now() });
  entry.period = undefined;
};
const ends = (entry, present) => {
  entry.present = present;
  entry.period = { id: entry.id, present, from: now() };
  entry.rests = now() + random() * rest;
};
const gone = async (entry) => {
  while (await queue.has(entry.id)) await pause(10);
};

/** What may become of an id that is not there. */
const adds = [
  // It stays until it is removed.
  async ({ id }) => {
    await queue.add('job', {}, { jobId: id, delay: 3_600_000 });
    return true;
  },
  // It runs, fails, and stays: how many completed ones stay is told below, for all of the queue.
  async ({ id }) => {
    await queue.add('fail', {}, { jobId: id });
    return true;
  },
  // It runs, and has gone when its worker says that it has completed.
  async ({ id }) => {
    const done = new Promise((resolve) => finished.set(id, resolve));
    await queue.add('job', {}, { jobId: id, removeOnComplete: true });
    await Promise.race([done, pause(5_000)]);
    finished.delete(id);
    await gone({ id });
    return false;
  },
  // It runs, and is evicted some time later, as the last of few, or by its age.
  async (entry) => {
    await queue.add('job', {}, { jobId: entry.id, removeOnComplete: { age: 1, count: 3 } });
    await gone(entry);
    return false;
  },
];

const underWay = new Set();

async function change(entry) {
  entry.busy = true;
  starts(entry);
  try {
    if (entry.present) {
      await queue.remove(entry.id).catch((error) => {
        if (error.code !== 'JOB_NOT_FOUND') throw error;
      });
      ends(entry, false);
    } else ends(entry, await adds[Math.floor(random() * adds.length)](entry));
  } catch {
    // Active, or without an answer: what it is now is not known until the next change.
    entry.present = await queue.has(entry.id).catch(() => false);
    entry.rests = 0;
  }
  entry.busy = false;
}

/** Removes many at once, when nobody works at any: what is added meanwhile may go or stay. */
async function changeAll() {
  await Promise.all(underWay);
  for (const entry of ids) starts(entry);
  if (obliterates && random() < 0.3) await queue.obliterate({ force: true });
  else await queue.drain(true);
  const there = await queue.hasMany(ids.map(({ id }) => id));
  for (const [at, entry] of ids.entries()) ends(entry, there[at]);
}

const stop = new AbortController();
process.on('message', () => stop.abort());
const orphaned = () => process.exit(1);
process.on('disconnect', orphaned);
process.send({ kind: 'ready' });
let changes = 0;
while (!stop.signal.aborted) {
  const ready = ids.filter((entry) => !entry.busy && entry.rests <= now());
  for (const entry of ready.slice(0, 8)) {
    const done = change(entry).finally(() => underWay.delete(done));
    underWay.add(done);
    changes += 1;
  }
  if (random() < 0.004) await changeAll();
  await pause(5);
}
await Promise.all(underWay);
const last = now();
for (const entry of ids) if (entry.period) ledger.push({ ...entry.period, to: last });
await worker.close();
await queue.close();
process.send({ kind: 'ledger', ledger, changes }, () => {
  process.off('disconnect', orphaned);
  process.disconnect();
});
