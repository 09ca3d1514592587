// Counts the words of every text file below a folder, in three stages: read each folder, count each file, merge the counts. Two
// worker processes serve them.
//
//   npm start [-- [folder] [--redis URL]]
//
// Without --redis or REDIS_URL it starts a private Redis, which ends with it.
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { someRedis, type SomeRedis } from 'lunaq/testing';
import { foldersBelow, idOf, inChunks, printable } from './files.js';
import { WorkerPool } from './pool.js';
import { number, Progress } from './progress.js';
import { printReport, redisCpu } from './report.js';
import { addMerges, queueNames, stageNames, Stages, type FolderRead } from './stages.js';
import type { Tally } from './tally.js';

const workerProcesses = 2;
/** Most jobs of one addBulk. */
const chunk = 1_000;

// #region pipeline
/** Adds the jobs of the first and the last stage, and waits for the last job's result. */
async function tallyOf(folder: string, stages: Stages): Promise<[Tally, FolderRead[]]> {
  const reads: FolderRead[] = [];
  for await (const paths of inChunks(foldersBelow(folder), chunk)) {
    const jobs = await stages.read.addBulk(
      paths.map((path) => ({ name: 'read', data: { folder: path }, opts: { jobId: idOf(path) } })),
    );
    reads.push(...(await Promise.all(jobs.map((job) => job.waitUntilFinished()))));
  }
  // By now there is a merge for each folder: they are merged, too.
  const merges = reads.map(({ merge }) => ({ id: merge, queueName: stages.merge.name }));
  const last = await addMerges(stages.merge, merges, 'fail');
  return [await last.waitUntilFinished(), reads];
}
// #endregion

/** Counts all files below a folder; rejects when `stop` fires, or when no worker process is left. */
async function countFiles(folder: string, redis: SomeRedis, stop: AbortSignal): Promise<void> {
  const cpuBefore = await redisCpu(redis.url);
  const progress = new Progress(process.stdout);
  let said = '';
  const say = (message: string): void => {
    if (message !== said) progress.say(message);
    said = message;
  };

  const names = queueNames(folder);
  const stages = new Stages(names, redis.url, (error) => say(error.message));
  const pool = new WorkerPool({
    size: workerProcesses,
    args: stageNames.map((stage) => names[stage]),
    redisUrl: redis.url,
    stop,
    lost: say,
  });
  const over = new AbortController();

  /** Shows how far the stages are. */
  async function show(): Promise<void> {
    const counts = await Promise.all(
      stageNames.map(async (stage) => [stage, await stages[stage].getJobCounts()] as const),
    );
    progress.show(Object.fromEntries(counts));
  }

  /** Shows it again and again; rejects when it can't go on. */
  async function watch(): Promise<never> {
    for (;;) {
      stop.throwIfAborted();
      await show();
      if (pool.alive === 0) throw new Error('no worker process is left');
      await sleep(50, undefined, { signal: AbortSignal.any([stop, over.signal]) });
    }
  }

  try {
    await show();
    const [tally, reads] = await Promise.race([tallyOf(folder, stages), watch()]);
    await show();

    const { jobs, seconds } = progress.total;
    const cpu = (await redisCpu(redis.url)) - cpuBefore;
    await printReport(folder, tally, leftOutOf(reads), stages.count);
    console.log(
      `${number(jobs)} jobs in ${number(seconds)} s: ${number(jobs / seconds)} jobs/s, ` +
        `${number(cpu / Math.max(1, jobs))} µs of Redis CPU per job`,
    );
    await pool.stop();
    if (!redis.isPrivate) await Promise.all(stageNames.map((stage) => stages[stage].obliterate()));
  } finally {
    over.abort();
    await pool.stop();
    await stages.close();
  }
}

/** How many files were left out, by reason. */
function leftOutOf(reads: readonly FolderRead[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { leftOut } of reads)
    for (const [reason, count] of Object.entries(leftOut))
      sums.set(reason, (sums.get(reason) ?? 0) + count);
  return sums;
}

async function main(stop: AbortSignal): Promise<void> {
  const { positionals } = parseArgs({
    options: { redis: { type: 'string' } },
    allowPositionals: true,
  });
  const folder = resolve(positionals[0] ?? dirname(import.meta.dirname));
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new Error(`no folder ${printable(folder)}`);

  const redis = await someRedis();
  try {
    const server = redis.isPrivate ? 'a private Redis' : 'the given Redis';
    console.log(
      `Counting words below ${printable(folder)} with ${workerProcesses} worker processes and ${server}`,
    );
    await countFiles(folder, redis, stop);
  } finally {
    await redis.stop();
  }
}

const stop = new AbortController();
function stopWith(exitCode: number): void {
  process.exitCode = exitCode;
  stop.abort();
}
// A second Ctrl-C ends it at once.
process.once('SIGINT', () => stopWith(130)).once('SIGTERM', () => stopWith(143));
// As when piped into `head`: nobody reads on.
process.stdout.on('error', () => stopWith(1));

try {
  await main(stop.signal);
} catch (error) {
  if (stop.signal.aborted) console.log('Stopped');
  else {
    process.exitCode = 1;
    console.error(error instanceof Error ? error.message : error);
  }
}
