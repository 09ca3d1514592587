// What does asking whether jobs exist cost, with the ID cache and without? Four processes ask 100,000 times about 10,000 ids, each call for
// one id drawn uniformly at random, awaited, and spread evenly over the run, while jobs of these ids are added, finish, are evicted and are
// added again. The same run without anybody who asks is what both are compared with.
//
// The caches listen before the first job is added, and know an id from when it was first asked for or first added: where processes keep
// up, about 8.5 % of the questions come before that (with 5 lives of each id, all ids are added in the first fifth of the run).
//
//   node bench/id-cache.mjs [--calls N] [--ids N] [--lives N] [--seconds N] [--rounds N] [--json]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from '../dist/index.js';
import { startRedis } from '../dist/testing/index.js';
import { connect } from './connect.mjs';
import { cpuIn, numberIn } from './info.mjs';
import { flagsOrExit, parseFlags, wholeNumber } from './usage.mjs';

const { json, calls, ids, lives, seconds, rounds } = await flagsOrExit(() => {
  const { values } = parseFlags({
    options: {
      calls: { type: 'string', default: '100000' },
      ids: { type: 'string', default: '10000' },
      lives: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    json: values.json,
    calls: wholeNumber('--calls', values.calls),
    ids: wholeNumber('--ids', values.ids),
    lives: wholeNumber('--lives', values.lives),
    seconds: wholeNumber('--seconds', values.seconds),
    rounds: wholeNumber('--rounds', values.rounds),
  };
});
const processes = 4;
/** Most completed jobs that stay: those before them are evicted. */
const kept = Math.ceil(ids / 20);
/** Jobs of one addBulk. */
const bulk = Math.max(1, Math.ceil((ids * lives) / seconds / 20));

const server = await startRedis();
const redis = await connect(server.url);
const asker = fileURLToPath(new URL('id-asker.mjs', import.meta.url));
const say = (text) => (json ? undefined : console.log(text));

async function startAsker(queue, cache) {
  const settings = { queue, connection: server.url, cache, ids, calls: calls / processes, seconds };
  const child = fork(asker, [JSON.stringify(settings)]);
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`an asker has ended with ${code}`);
  });
  failed.catch(() => undefined);
  const [ready] = await Promise.race([once(child, 'message'), failed]);
  if (ready.kind !== 'ready') throw new Error(`unexpected: ${ready.kind}`);
  const ask = async () => {
    child.send('go');
    const [done] = await Promise.race([once(child, 'message'), failed]);
    return done;
  };
  return ask;
}

async function cost() {
  const info = await redis.info();
  return {
    commands: numberIn(info, 'total_commands_processed'),
    cpu: cpuIn(info) / 1_000,
    sent: numberIn(info, 'total_net_output_bytes'),
  };
}

/** Adds each id `lives` times, evenly over the time of the run, and waits until all were worked at. */
async function produce(name) {
  const queue = new Queue(name, {
    connection: server.url,
    defaultJobOptions: { removeOnComplete: { count: kept } },
    idCache: false,
  });
  const worker = new Worker(name, async () => undefined, {
    connection: server.url,
    concurrency: 100,
  });
  const total = ids * lives;
  const start = performance.now();
  let twice = 0;
  for (let from = 0; from < total; from += bulk) {
    const due = start + (from / total) * seconds * 1_000;
    while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, 1));
    const jobs = await queue.addBulk(
      Array.from({ length: Math.min(bulk, total - from) }, (_, at) => ({
        name: 'job',
        data: { index: from + at },
        opts: { jobId: `id-${(from + at) % ids}` },
      })),
    );
    twice += jobs.filter((job) => job.duplicate).length;
  }
  for (let left = 1; left > 0;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { waiting, active } = await queue.getJobCounts();
    left = waiting + active;
  }
  await worker.close();
  await queue.close();
  return { twice };
}

const cell = ({ median, low, high }) => `${median} (${low}–${high})`;

const variants = { nobody: undefined, without: false, with: true };

async function measure(variant, round) {
  const name = `${variant}-${round}`;
  const cache = variants[variant];
  const askers =
    cache === undefined
      ? []
      : await Promise.all(Array.from({ length: processes }, () => startAsker(name, cache)));
  const before = await cost();
  const [{ twice }, ...told] = await Promise.all([produce(name), ...askers.map((ask) => ask())]);
  const after = await cost();
  const sum = (field) => told.reduce((total, one) => total + one[field], 0);
  const most = (field) => Math.max(0, ...told.map((one) => one[field]));
  const queue = new Queue(name, { connection: server.url });
  await queue.obliterate({ force: true });
  await queue.close();
  return {
    commands: after.commands - before.commands,
    cpu: after.cpu - before.cpu,
    sent: after.sent - before.sent,
    // Of one who waits for each answer.
    rate: told.length > 0 ? (calls / sum('asking')) * 1_000 : 0,
    median: most('median') * 1_000,
    slow: most('slow') * 1_000,
    took: most('took'),
    share: told.length > 0 ? sum('hits') / calls : 0,
    corrections: sum('corrections'),
    revalidations: sum('revalidations'),
    saved: sum('saved'),
    oldest: most('oldest'),
    twice,
  };
}

const runs = { nobody: [], without: [], with: [] };
for (let round = 1; round <= rounds; round += 1)
  for (const variant of Object.keys(variants)) {
    const run = await measure(variant, round);
    runs[variant].push(run);
    say(
      `${round} of ${rounds}, ${variant}: ${run.commands} commands, ${run.cpu.toFixed(0)} ms Redis CPU, ${(run.share * 100).toFixed(1)} % from memory`,
    );
  }

/** Median, lowest and highest of one figure; beyond what the same round took without anybody who asks. */
function spread(variant, field, beyond = false) {
  const list = runs[variant]
    .map((run, at) => run[field] - (beyond ? runs.nobody[at][field] : 0))
    .toSorted((a, b) => a - b);
  return { median: list[Math.floor(list.length / 2)], low: list[0], high: list.at(-1) };
}

const rows = [
  ['calls/s of one who awaits each', 'rate', false, 0],
  ['µs a call, median', 'median', false, 1],
  ['µs a call, 99th percentile', 'slow', false, 0],
  ['% of checks that never left the process', 'share', false, 1, 100],
  ['Redis commands, all', 'commands', false, 0],
  ['Redis commands for the checks', 'commands', true, 0],
  ['Redis CPU, ms, all', 'cpu', false, 0],
  ['Redis CPU, ms, for the checks', 'cpu', true, 0],
  ['KiB that Redis sent for the checks', 'sent', true, 0, 1 / 1_024],
  ['oldest answer from memory, ms', 'oldest', false, 0],
  ['corrections', 'corrections', false, 0],
  ['ids re-validated', 'revalidations', false, 0],
  ['commands saved, as stats() tells', 'saved', false, 0],
  ['jobs that were added too early', 'twice', false, 0],
];
/** Of ten checks nine never leave the process. */
const goal = 0.9;
const share = spread('with', 'share').low;
const oldest = spread('with', 'oldest').high;
/** ms, by default. */
const maxAge = 10_000;
const met = share >= goal && oldest <= maxAge;
const table = rows.map(([title, field, beyond, digits, factor = 1]) => {
  const cells = ['without', 'with'].map((variant) => {
    const figures = spread(variant, field, beyond);
    return Object.fromEntries(
      Object.entries(figures).map(([k, v]) => [k, Number((v * factor).toFixed(digits))]),
    );
  });
  return { title, without: cells[0], with: cells[1] };
});

if (json) {
  const settings = { processes, calls, ids, lives, seconds, rounds };
  console.log(JSON.stringify({ settings, table, met }, undefined, 2));
} else {
  console.log(
    `\n| ${processes} processes, ${calls} calls, ${ids} ids | without | with the cache |`,
  );
  console.log('|---|---:|---:|');
  for (const row of table)
    console.log(`| ${row.title} | ${cell(row.without)} | ${cell(row.with)} |`);
}
say(
  `\n${met ? 'met' : 'MISSED'}: at least ${goal * 100} % from memory (${(share * 100).toFixed(1)} %), none older than ${maxAge} ms (${oldest.toFixed(0)} ms)`,
);
redis.disconnect();
await server.stop();
