// The three stages of the pipeline: a queue each, what their jobs are given and return, and the merges.
import { createHash } from 'node:crypto';
import { Queue, type Job, type JobOptions, type JobRef, type ParentFailurePolicy } from 'lunaq';
import { idOf } from './files.js';
import type { Tally } from './tally.js';

export interface FolderJob {
  readonly folder: string;
}

export interface FileJob {
  readonly path: string;
}

/** What came of reading a folder. */
export interface FolderRead {
  /** Id of the merge job that will have the words of its files. */
  readonly merge: string;
  /** How many files were left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
}

export const stageNames = ['read', 'count', 'merge'] as const;
export type StageName = (typeof stageNames)[number];

/** Most jobs that one merge adds up; a job may depend on 1,000. */
const mergeSize = 250;

/** Each folder to count has queues of its own: on a Redis that outlives the program, an interrupted run is gone on with. */
export function queueNames(folder: string): Record<StageName, string> {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 8);
  return { read: `read-${hash}`, count: `count-${hash}`, merge: `merge-${hash}` };
}

export class Stages {
  readonly read: Queue<FolderJob, FolderRead>;
  readonly count: Queue<FileJob, Tally>;
  readonly merge: Queue<null, Tally>;

  constructor(
    names: Record<StageName, string>,
    connection: string,
    onError: (error: Error) => void,
  ) {
    const defaultJobOptions: JobOptions = {
      attempts: 3,
      backoff: { type: 'exponential', delay: 200 },
      timeout: 60_000,
    };
    this.read = new Queue(names.read, { connection, defaultJobOptions });
    this.count = new Queue(names.count, { connection, defaultJobOptions });
    this.merge = new Queue(names.merge, { connection, defaultJobOptions });
    this.read.on('error', onError);
    this.count.on('error', onError);
    this.merge.on('error', onError);
  }

  async close(): Promise<void> {
    await Promise.all(stageNames.map((stage) => this[stage].close()));
  }
}

// #region merges
/** Adds merges of at most 250 jobs each, then merges of these, until one is left; gives that. */
export async function addMerges(
  queue: Queue<null, Tally>,
  jobs: readonly JobRef[],
  onParentFailure: ParentFailurePolicy,
): Promise<Job<null, Tally>> {
  const merges = await queue.addBulk(
    groupsOf(jobs, mergeSize).map((dependsOn) => {
      // Its parents make its id: adding it again adds nothing.
      const jobId = idOf(['merge', ...dependsOn.map(({ id }) => id)].join('\n'));
      return { name: 'merge', data: null, opts: { jobId, dependsOn, onParentFailure } };
    }),
  );
  const [last] = merges;
  return last && merges.length === 1 ? last : await addMerges(queue, merges, 'fail');
}
// #endregion

/** The items in order, some at a time; one empty group if there are none. */
function groupsOf<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = [items.slice(0, size)];
  for (let start = size; start < items.length; start += size)
    groups.push(items.slice(start, start + size));
  return groups;
}
