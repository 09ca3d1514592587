// Where the time goes, in Node and in the server: each side in a process of its own under V8's sampling profiler, the server watched
// meanwhile. Profiles and flame graphs are left in bench/results/profile/, what is printed in bench/results/profile.json.
//
//   npm run bench:profile -- [--only ROLE] [--jobs N] [--redis URL] [--no-clinic] [--no-perf]
//
//   --only ROLE   producer, worker or both (both in one process)
//   --jobs N      jobs of each side, a fifth of which is for warming up
//   --redis URL   that server instead of a private one (REDIS_URL does the same); perf looks at private servers alone
//   --no-clinic   no flame graphs
//   --no-perf     no look into the server
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import * as scripts from '../dist/scripts.js';
import { someRedis } from '../dist/testing/index.js';
import { connect } from './connect.mjs';
import { environmentOf } from './environment.mjs';
import { numberIn } from './info.mjs';
import { open, pattern } from './libraries/lunaq.mjs';
import { summaryOf } from './profile/cpu-profile.mjs';
import { flame } from './profile/flame.mjs';
import { watchProcess } from './profile/perf.mjs';
import { sampled } from './profile/sampled.mjs';
import { ServerWatch, watchedServer } from './profile/server-watch.mjs';
import { sides } from './profile/sides.mjs';
import { sideText } from './profile/text.mjs';
import { flagsOrExit, parseFlags, UsageError, wholeNumber } from './usage.mjs';
import { addBulks } from './workload.mjs';

/**
 * @typedef {object} SideFound
 * @property {import('./profile/sides.mjs').Side} side
 * @property {{ jobs: number, jobsPerSecond: number, userMicros: number, systemMicros: number }} load without its warm-up
 * @property {import('./profile/cpu-profile.mjs').ProfileSummary} profile
 * @property {import('./profile/server-watch.mjs').ServerUse} server
 * @property {import('./profile/perf.mjs').PerfFound | import('./profile/perf.mjs').PerfMissing} perf
 * @property {string} cpuProfile file in bench/results
 * @property {string} [flame] file in bench/results
 */

const here = import.meta.dirname;
const results = join(here, 'results');
const folder = join(results, 'profile');
const summaryFile = 'profile.json';
const program = join(here, 'profile/side.mjs');
const functionsShown = 25;
/** Bytes of the JSON of a job's data. */
const bytes = 63;
/** Jobs for a flame graph, which every sample makes larger. */
const flameJobs = 100_000;
const roles = ['producer', 'worker', 'both'];

const fewest = 1_000;

const { values, jobsGiven } = await flagsOrExit(readFlags);

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interrupted.abort());
const { signal } = interrupted;
const server = await someRedis({ config: watchedServer });
try {
  const redis = await connect(server.url);
  try {
    await profileAll(redis);
  } finally {
    redis.disconnect();
  }
} finally {
  await server.stop();
}

function readFlags() {
  const { values: given } = parseFlags({
    options: {
      only: { type: 'string' },
      jobs: { type: 'string' },
      redis: { type: 'string' },
      'no-clinic': { type: 'boolean', default: false },
      'no-perf': { type: 'boolean', default: false },
    },
  });
  const { only, jobs } = given;
  if (only !== undefined && !roles.includes(only))
    throw new UsageError(`--only: expected ${roles.join(', ')}, got ${only}`);
  return {
    values: given,
    jobsGiven: jobs === undefined ? undefined : wholeNumber('--jobs', jobs, fewest),
  };
}

async function profileAll(redis) {
  const environment = await environmentOf(redis);
  console.log(`Lunaq ${environment.lunaq}, ${environment.server}, Node ${environment.node}`);
  await mkdir(folder, { recursive: true });
  const found = [];
  for (const side of sides) {
    if (values.only && side.role !== values.only) continue;
    const one = await profileOne(redis, side);
    found.push(one);
    console.log(`\n${sideText(one)}\n`);
    if (one.flame) console.log(`flame graph, for a browser: ${shown(one.flame)}`);
    console.log(`profile, for Chrome's developer tools: ${shown(one.cpuProfile)}`);
  }
  const text = `${JSON.stringify({ environment, sides: found }, null, 2)}\n`;
  await writeFile(join(results, summaryFile), text);
  console.log(`\nall of it: ${shown(summaryFile)}`);
}

/** A file in bench/results as seen from here. */
function shown(file) {
  return relative(process.cwd(), join(results, file));
}

/** @returns {Promise<SideFound>} */
async function profileOne(redis, side) {
  const jobs = jobsGiven ?? side.jobs;
  const watch = new ServerWatch(redis, server.isPrivate, scriptNames());
  const { sample, perf, use } = await withQueue(redis, side, jobs, async (args, env) => {
    await watch.begin();
    const looking = await lookIn(redis, side);
    let seen;
    let taken;
    try {
      taken = await sampled(folder, side.id, args, { env, signal });
    } finally {
      seen = await looking.stop();
    }
    return { sample: taken, perf: seen, use: await watch.end(jobs) };
  });
  const load = JSON.parse(sample.printed);
  const summary = summaryOf(sample.profile, load);
  return {
    side,
    load,
    profile: { ...summary, functions: summary.functions.slice(0, functionsShown) },
    server: use,
    perf,
    cpuProfile: relative(results, sample.file),
    ...(values['no-clinic'] || side.role === 'both'
      ? {}
      : { flame: await flameOf(redis, side, jobs) }),
  };
}

async function flameOf(redis, side, jobs) {
  const few = Math.min(jobs, flameJobs);
  const page = await withQueue(redis, side, few, (args, env) =>
    flame(join(folder, `${side.id}-flame`), args, { env, signal }),
  );
  return relative(results, page);
}

/** Gives `act` what it takes to run a side; a worker finds its jobs in the queue. Nothing of it stays on the server. */
async function withQueue(redis, side, jobs, act) {
  const queue = `p${randomBytes(3).toString('hex')}`;
  try {
    if (side.role === 'worker') {
      const target = await open({ url: server.url, queue, bytes });
      await addBulks(target, jobs);
      await target.close();
    }
    const args = [program, side.id, '--jobs', String(jobs), '--queue', queue];
    return await act(args, { ...process.env, REDIS_URL: server.url });
  } finally {
    for await (const keys of redis.scanStream({ match: pattern(queue), count: 1_000 }))
      if (keys.length > 0) await redis.unlink(...keys);
  }
}

/** perf, if it may look. */
async function lookIn(redis, side) {
  if (values['no-perf']) return noLook('--no-perf was given');
  if (!server.isPrivate) return noLook('the server was given, so its process may be anywhere');
  const pid = numberIn(await redis.info('server'), 'process_id');
  return await watchProcess(pid, join(folder, `${side.id}.perf`));
}

function noLook(missing) {
  return { stop: async () => ({ missing }) };
}

function scriptNames() {
  return new Map(
    Object.values(scripts)
      .filter(({ sha }) => sha !== undefined)
      .map(({ sha, name }) => [sha, name]),
  );
}
