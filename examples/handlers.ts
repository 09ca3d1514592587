// What the jobs of each stage do.
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { UnrecoverableError, type Job } from 'lunaq';
import { filesIn, idOf, inChunks } from './files.js';
import { addMerges, type FileJob, type FolderJob, type FolderRead, type Stages } from './stages.js';
import { Sum, type Tally } from './tally.js';

/** Most jobs of one addBulk. */
const chunk = 1_000;

/** Reads a folder: adds a job for each file, and merges that depend on them. */
export async function readFolder(job: Job<FolderJob>, stages: Stages): Promise<FolderRead> {
  const leftOut = new Map<string, number>();
  const files = filesIn(job.data.folder, (reason) => {
    leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
  });
  const counts: Job<FileJob, Tally>[] = [];
  // A file's path is its job's id: when this job runs a second time, it adds nothing twice.
  for await (const paths of inChunks(files, chunk)) {
    const jobs = paths.map((path) => ({
      name: 'count',
      data: { path },
      opts: { jobId: idOf(path) },
    }));
    counts.push(...(await stages.count.addBulk(jobs)));
  }
  // A file that can't be counted does not keep the others from being merged.
  const { id } = await addMerges(stages.merge, counts, 'run');
  return { merge: id, leftOut: Object.fromEntries(leftOut) };
}

/** Counts the words of a file. */
export async function countFile(
  job: Job<FileJob>,
  _token: string,
  signal: AbortSignal,
): Promise<Tally> {
  // A file that can't be read throws: the attempt fails, and is repeated as the job's options say.
  const { path } = job.data;
  const bytes = await readFile(path, { signal });
  // No further attempt would make words of these.
  if (path.endsWith('.map')) throw new UnrecoverableError('a source map');
  if (bytes.includes(0)) throw new UnrecoverableError('binary');
  if (!isUtf8(bytes)) throw new UnrecoverableError('not UTF-8');
  const sum = new Sum();
  sum.addText(bytes.toString());
  return sum.tally;
}

/** Adds up what the jobs that it depends on have returned. Each result was accepted once, so the sums are exact. */
export async function mergeTallies(job: Job<null>): Promise<Tally> {
  const sum = new Sum();
  for (const { id, state, returnvalue, failedReason = state } of await job.parents()) {
    if (state === 'completed') sum.add(returnvalue as Tally);
    // A file system's error goes on with the path after a comma.
    else sum.addFailure(failedReason.split(',')[0] ?? '', id);
  }
  return sum.tally;
}
