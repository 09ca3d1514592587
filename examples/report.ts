// What came of all files, read back from the queue, and what it cost.
import { relative } from 'node:path';
import { Redis } from 'ioredis';
import type { Job, Queue } from 'lunaq';
import { printable, type FileJob } from './files.js';
import { number } from './progress.js';
import { addCounts, type WordCounts } from './words.js';

const pageSize = 500;
const topWords = 15;
const samplePaths = 3;

// #region finished
/** All jobs that ended in one state, a page at a time. */
async function* finished(
  queue: Queue<FileJob, WordCounts>,
  state: 'completed' | 'failed',
): AsyncGenerator<Job<FileJob, WordCounts>> {
  for (let start = 0; ; start += pageSize) {
    const jobs = await queue.getJobs(state, { start, end: start + pageSize - 1 });
    if (jobs.length === 0) return;
    yield* jobs;
  }
}

/** The words of all files. Each result was accepted once, so the sums are exact even if a job ran twice. */
async function sumWords(queue: Queue<FileJob, WordCounts>): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for await (const job of finished(queue, 'completed')) addCounts(sums, job.returnvalue ?? {});
  return sums;
}
// #endregion

/** Prints the top words, the failed files by reason, what was left out, and the totals. */
export async function printReport(
  queue: Queue<FileJob, WordCounts>,
  folder: string,
  leftOut: ReadonlyMap<string, number>,
): Promise<void> {
  const sums = await sumWords(queue);
  console.log('\nTop words');
  for (const [word, count] of sorted(sums, (n) => n).slice(0, topWords)) printRow(count, word);

  const failed = new Map<string, string[]>();
  for await (const { failedReason = 'unknown', data } of finished(queue, 'failed')) {
    // A file system's error goes on with the path after a comma.
    const [reason = ''] = failedReason.split(',');
    const paths = failed.get(reason);
    if (paths) paths.push(data.path);
    else failed.set(reason, [data.path]);
  }
  if (failed.size > 0) console.log('\nFailed');
  for (const [reason, paths] of sorted(failed, (all) => all.length)) {
    printRow(paths.length, `${printable(reason)}, such as`);
    for (const path of paths.toSorted().slice(0, samplePaths))
      console.log(`${' '.repeat(14)}${printable(relative(folder, path))}`);
  }

  if (leftOut.size > 0) console.log('\nLeft out');
  for (const [reason, count] of sorted(leftOut, (n) => n)) printRow(count, reason);

  const total = [...sums.values()].reduce((sum, count) => sum + count, 0);
  console.log(`\n${number(total)} words, ${number(sums.size)} different ones`);
}

function printRow(count: number, text: string): void {
  console.log(`${number(count).padStart(12)}  ${text}`);
}

/** Entries with the largest first, equal ones by name. */
function sorted<T>(entries: ReadonlyMap<string, T>, size: (value: T) => number): [string, T][] {
  return [...entries].toSorted(([a, x], [b, y]) => size(y) - size(x) || (a < b ? -1 : 1));
}

/** CPU time that the server has used so far, in µs. */
export async function redisCpu(url: string): Promise<number> {
  const redis = new Redis(url, { retryStrategy: () => null });
  const info = await new Promise<string>((resolve, reject) => {
    redis.once('error', reject);
    redis.info('cpu').then(resolve, reject);
  }).finally(() => redis.disconnect());
  const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):(\S+)/gm)].map(([, text]) =>
    Number(text),
  );
  return seconds.reduce((sum, part) => sum + part, 0) * 1e6;
}
