// One sample: one load in a process of its own, so that CPU and heap are one library's alone. Prints one line of JSON.
//
//   node bench/sample.mjs <library> <point> [--jobs N] [--queue NAME] [--redis URL]
//
// A point is the id of one in questions/, or one written as JSON. Without --redis and REDIS_URL it starts the server that the point
// wants, without DATABASE_URL a Postgres if the library wants one. For a profile: node --cpu-prof bench/sample.mjs lunaq add-process-100
import { connect } from './connect.mjs';
import { libraryOf } from './libraries/index.mjs';
import { pointOf } from './questions/index.mjs';
import { startServer } from './servers.mjs';
import { flagsOrExit, parseFlags, UsageError, wholeNumber } from './usage.mjs';

/**
 * @typedef {Record<string, unknown> & {
 *   id: string,
 *   label: string,
 *   x?: number,
 *   kind: string,
 *   jobs: Record<string, number>,
 *   width?: number,
 *   adds?: number,
 *   bytes?: number,
 *   server?: string,
 *   quick?: boolean,
 * }} Point one thing to measure; `jobs` says which libraries take part and how many each gets
 *
 * @typedef {object} Context what a kind gets
 * @property {Point} point
 * @property {number} jobs
 * @property {string} library
 * @property {(options: TargetOptions) => Promise<Target>} open
 * @property {string} url
 * @property {string | undefined} databaseUrl
 * @property {import('ioredis').Redis} redis the bench's own connection
 * @property {string} queue
 *
 * @typedef {Record<string, number | boolean>} Figures
 *
 * @typedef {object} TargetOptions
 * @property {string} url
 * @property {string} [databaseUrl]
 * @property {string} queue
 * @property {number} bytes of the JSON of a job's data
 * @property {boolean} [plain] no job option at all, ids as each library makes them
 * @property {boolean} [kept] handlers return `result`, finished jobs stay with it
 * @property {number} [delay] ms that jobs are delayed
 * @property {boolean} [fails] handlers throw, failed jobs stay
 *
 * @typedef {object} Listener
 * @property {(data: { index: number }) => void} deliver what the handler does
 * @property {() => void} completed a completion was acknowledged; with `fails`, a failure
 * @property {(error: Error) => void} broken
 *
 * @typedef {object} Target a queue of one of the libraries
 * @property {(index: number) => Promise<unknown>} [add] all but the floor have it
 * @property {(from: number, to: number) => Promise<unknown>} addBulk
 * @property {(jobs: number) => Promise<unknown>} [addAll] in place of one `add` a job
 * @property {(concurrency: number, listener: Listener) => Promise<{ run(): Promise<void>, close(): Promise<void> }>} worker not
 *   running yet; `run` ends with it
 * @property {() => Promise<number>} left jobs in whatever state
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Library what a module in libraries/ exports
 * @property {(options: TargetOptions) => Promise<Target>} open
 * @property {(queue: string) => string} [pattern] of the keys to remove afterwards; `queue` may end with `*`
 * @property {() => Promise<string>} [version] of what is no package of npm's
 * @property {(redis: import('ioredis').Redis, queue: string) => Promise<void>} [forget] removes what else queues of that beginning have left
 * @property {() => Promise<string | undefined>} [missing] why it can't be measured here
 * @property {true} [needsPostgres]
 * @property {readonly string[]} [meaningless] figures that say nothing of this library, such as `nodeMicros` where another process works
 */

const { values, library, module, point, jobs } = await flagsOrExit(readFlags);
const { open, needsPostgres, meaningless = [] } = module;
const { run } = await import(`./kinds/${point.kind}.mjs`);

const started = [];
try {
  const url = values.redis ?? process.env.REDIS_URL ?? (await urlOf(point.server ?? 'redis'));
  const databaseUrl =
    process.env.DATABASE_URL ?? (needsPostgres ? await urlOf('postgres') : undefined);
  const redis = await connect(url);
  try {
    const queue = values.queue ?? 'bench';
    const context = { point, jobs, library, open, url, databaseUrl, redis, queue };
    const figures = await run(context);
    for (const figure of meaningless) delete figures[figure];
    console.log(JSON.stringify(figures));
  } finally {
    redis.disconnect();
  }
} finally {
  for (const server of started) await server.stop();
}

async function readFlags() {
  const { values: given, positionals } = parseFlags({
    allowPositionals: true,
    options: { jobs: { type: 'string' }, queue: { type: 'string' }, redis: { type: 'string' } },
  });
  if (positionals.length !== 2)
    throw new UsageError(
      `expected a library and a point, got ${positionals.join(' ') || 'nothing'}`,
    );
  const [name, id] = positionals;
  const found = await libraryOf(name);
  const wanted = pointOf(id);
  const count = given.jobs ?? wanted.jobs[name];
  if (count === undefined)
    throw new UsageError(`--jobs: expected a number, since ${wanted.id} has none for ${name}`);
  return {
    values: given,
    library: name,
    module: found,
    point: wanted,
    jobs: wholeNumber('--jobs', String(count)),
  };
}

async function urlOf(name) {
  const server = await startServer(name);
  started.push(server);
  return server.url;
}
