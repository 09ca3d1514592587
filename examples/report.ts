// What came of all files, and what it cost.
import { relative } from 'node:path';
import { Redis } from 'ioredis';
import type { Queue } from 'lunaq';
import { printable } from './files.js';
import { number } from './progress.js';
import type { FileJob } from './stages.js';
import type { Tally } from './tally.js';
import { addCounts } from './words.js';

const topWords = 15;

/** Prints the top words, the failed files by reason, what was left out, and the totals. */
export async function printReport(
  folder: string,
  tally: Tally,
  leftOut: ReadonlyMap<string, number>,
  files: Queue<FileJob, Tally>,
): Promise<void> {
  const sums = new Map<string, number>();
  addCounts(sums, tally.counts);
  console.log('\nTop words');
  for (const [word, count] of sorted(sums).slice(0, topWords)) printRow(count, word);

  const failed = tally.failed.toSorted((a, b) => b.count - a.count || byName(a.reason, b.reason));
  if (failed.length > 0) console.log('\nFailed');
  for (const { reason, count, samples } of failed) {
    printRow(count, `${printable(reason)}, such as`);
    for (const id of samples) {
      const job = await files.getJob(id);
      console.log(`${' '.repeat(14)}${printable(relative(folder, job?.data.path ?? id))}`);
    }
  }

  if (leftOut.size > 0) console.log('\nLeft out');
  for (const [reason, count] of sorted(leftOut)) printRow(count, reason);

  const { words, different, missing } = tally;
  const atLeast = missing > 0 ? 'at least ' : '';
  console.log(
    `\n${number(words)} words, ${atLeast}${number(different)} different ones, in ${number(tally.files)} files`,
  );
  if (missing > 0) console.log(`There were too many to keep all: counts may lack up to ${missing}`);
}

function printRow(count: number, text: string): void {
  console.log(`${number(count).padStart(12)}  ${text}`);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** Entries with the largest first, equal ones by name. */
function sorted(entries: ReadonlyMap<string, number>): [string, number][] {
  return [...entries].toSorted(([a, x], [b, y]) => y - x || byName(a, b));
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
