// Counts the words of every text file below a folder: one job per file, two worker processes.
//
//   npm start [-- [folder] [--redis URL]]
//
// Without --redis or REDIS_URL it starts a private Redis, which ends with it.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Queue } from 'lunaq';
import { someRedis, type SomeRedis } from 'lunaq/testing';
import { filesBelow, idOf, inChunks, printable, type FileJob } from './files.js';
import { WorkerPool } from './pool.js';
import { number, Progress } from './progress.js';
import { printReport, redisCpu } from './report.js';
import type { WordCounts } from './words.js';

const workerProcesses = 2;
/** Most jobs of one addBulk. */
const chunk = 1_000;

/** Counts all files below a folder; rejects when `stop` fires, or when no worker process is left. */
async function countFiles(folder: string, redis: SomeRedis, stop: AbortSignal): Promise<void> {
  const cpuBefore = await redisCpu(redis.url);
  // A queue for each folder: on a Redis that outlives this program, an interrupted run is gone on with.
  const name = `word-count-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
  const progress = new Progress(process.stdout);
  let said = '';
  const say = (message: string): void => {
    if (message !== said) progress.say(message);
    said = message;
  };
  const leftOut = new Map<string, number>();
  const leaveOut = (reason: string): void => {
    leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
  };

  // #region queue
  const queue = new Queue<FileJob, WordCounts>(name, {
    connection: redis.url,
    defaultJobOptions: { attempts: 3, backoff: { type: 'exponential', delay: 200 } },
  });
  queue.on('error', (error) => say(error.message));
  // #endregion
  const pool = new WorkerPool({
    size: workerProcesses,
    queue: name,
    redisUrl: redis.url,
    stop,
    lost: say,
  });

  /** Shows how far the queue is, and tells how many jobs are left. */
  async function show(): Promise<number> {
    stop.throwIfAborted();
    const { waiting, delayed, active, completed, failed } = await queue.getJobCounts();
    const left = waiting + delayed + active;
    progress.show({ done: completed + failed, left, failed });
    if (left > 0 && pool.alive === 0) throw new Error('no worker process is left');
    return left;
  }

  try {
    await show();

    // #region add
    // A file's path is its job's id, so adding a file again adds nothing.
    for await (const paths of inChunks(filesBelow(folder, leaveOut), chunk)) {
      await queue.addBulk(
        paths.map((path) => ({ name: 'count', data: { path }, opts: { jobId: idOf(path) } })),
      );
      await show();
    }
    // #endregion
    while ((await show()) > 0) await sleep(50, undefined, { signal: stop });

    const { jobs, seconds } = progress.end();
    const cpu = (await redisCpu(redis.url)) - cpuBefore;
    await printReport(queue, folder, leftOut);
    console.log(
      `${number(jobs)} jobs in ${number(seconds)} s: ${number(jobs / seconds)} jobs/s, ` +
        `${number(cpu / Math.max(1, jobs))} µs of Redis CPU per job`,
    );
    if (!redis.isPrivate) await queue.obliterate();
  } finally {
    progress.end();
    await pool.stop();
    await queue.close();
  }
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
