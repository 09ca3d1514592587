// The jobs of one addBulk: their order, each behind those of the same call that it depends on, and what became of them.
import { shown } from './checks.js';
import { asError, BulkError, type BulkOutcome } from './errors.js';
import type { JobOptions, ParentRef } from './job-options.js';
import type { Limits } from './limits.js';

/** A job for `addBulk`. */
export interface BulkJob<Data = unknown, Name extends string = string> {
  name: Name;
  data: Data;
  opts?: BulkJobOptions<Data, Name>;
}

/** As for `add`; a job may also depend on others of the same call, named by their `jobId` or given as they are. */
export type BulkJobOptions<Data = unknown, Name extends string = string> = Omit<
  JobOptions,
  'dependsOn'
> & {
  dependsOn?: ParentRef | BulkJob<Data, Name> | readonly (ParentRef | BulkJob<Data, Name>)[];
};

/** The jobs of a call by place, and the order to add them in: no job before one that it depends on. */
export interface BulkPlan {
  readonly jobs: readonly PlannedJob[];
  readonly order: readonly number[];
}

/** One job, and the places of those of the same call that it depends on. */
interface PlannedJob {
  readonly job: BulkJob;
  /** Its parents in order: a place in the call, or a job that is stored already. */
  readonly parents: readonly (number | ParentRef)[];
}

const none: readonly never[] = [];

/** Throws TypeError for what is no list of jobs, RangeError for too many. Names and options are checked one by one. */
export function checkBulk(jobs: unknown, { bulkJobs }: Limits): void {
  if (!Array.isArray(jobs)) throw new TypeError(`jobs: expected a list, got ${shown(jobs)}`);
  if (jobs.length > bulkJobs)
    throw new RangeError(`jobs: expected at most ${bulkJobs} jobs, got ${jobs.length}`);
  for (let at = 0; at < jobs.length; at += 1) {
    const job = jobs[at] as unknown;
    if (typeof job !== 'object' || job === null)
      throw new TypeError(`jobs[${at}]: expected { name, data, opts }, got ${shown(job)}`);
    const { opts } = job as { opts?: unknown };
    if (opts !== undefined && (typeof opts !== 'object' || opts === null))
      throw new TypeError(`jobs[${at}].opts: expected an object, got ${shown(opts)}`);
    // As the argument of `add` is named: its options would be lost in silence.
    if ('options' in job) throw new TypeError(`jobs[${at}].options: expected the name opts`);
  }
}

function isBulkJob(ref: unknown): ref is BulkJob {
  return typeof ref === 'object' && ref !== null && 'name' in ref && !('id' in ref);
}

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** Finds each reference within the call. Throws TypeError for a job that is no part of it, RangeError for a cycle. */
export function planBulk(queue: string, jobs: readonly BulkJob[]): BulkPlan {
  if (jobs.every((job) => job.opts?.dependsOn === undefined))
    return { jobs: jobs.map((job) => ({ job, parents: none })), order: [...jobs.keys()] };
  const places = new Map<unknown, number>();
  for (const [at, job] of jobs.entries()) {
    places.set(job, at);
    const id = job.opts?.jobId;
    if (id !== undefined && !places.has(id)) places.set(id, at);
  }
  const placeOf = (ref: ParentRef | BulkJob): number | ParentRef => {
    if (isBulkJob(ref)) {
      const place = places.get(ref);
      if (place !== undefined) return place;
      throw new TypeError(`dependsOn: job ${JSON.stringify(ref.name)} is not part of this call`);
    }
    const own =
      typeof ref === 'string' ||
      !('queueName' in ref ? ref.queueName !== queue : ref.queue && ref.queue !== queue);
    return own ? (places.get(typeof ref === 'string' ? ref : ref.id) ?? ref) : ref;
  };
  const planned = jobs.map((job) => ({ job, parents: listOf(job.opts?.dependsOn).map(placeOf) }));
  return { jobs: planned, order: parentsFirst(planned) };
}

/** Looks down from each job without recursion: a chain may have thousands. */
function parentsFirst(jobs: readonly PlannedJob[]): number[] {
  const open = new Set<number>();
  const done = new Set<number>();
  for (const start of jobs.keys()) {
    const path: number[] = [start];
    while (path.length > 0) {
      const at = path.at(-1) as number;
      const within = (jobs[at]?.parents ?? []).filter((parent) => typeof parent === 'number');
      const cycle = done.has(at)
        ? undefined
        : within.find((parent) => open.has(parent) || parent === at);
      if (cycle !== undefined) throw cycleError(jobs, at);
      open.add(at);
      const next = within.find((parent) => !done.has(parent));
      if (next !== undefined && !done.has(at)) {
        path.push(next);
      } else {
        open.delete(at);
        done.add(at);
        path.pop();
      }
    }
  }
  return [...done];
}

function cycleError(jobs: readonly PlannedJob[], at: number): RangeError {
  const { name, opts } = jobs[at]?.job ?? { name: '' };
  const id = opts?.jobId === undefined ? '' : ` (${opts.jobId})`;
  return new RangeError(`dependsOn: job ${JSON.stringify(name)}${id} depends on itself`);
}

/** The jobs of one call when all have been added or refused. Throws BulkError when some were not added. */
export async function allAdded<J>(adds: readonly Promise<J>[]): Promise<J[]> {
  const outcomes = await Promise.all(
    adds.map((add) =>
      add.then(
        (job): BulkOutcome<J> => ({ job }),
        (thrown: unknown) => ({ error: asError(thrown) }),
      ),
    ),
  );
  const added = outcomes.flatMap((outcome) => ('job' in outcome ? [outcome.job] : []));
  if (added.length < outcomes.length) throw new BulkError(outcomes);
  return added;
}
