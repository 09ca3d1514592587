// What the public API tells of a queue and of one of its jobs, and what the model would tell.
import type { Queue } from '../../src/index.js';
import { sorted, type Job, type QueueState } from './state.js';

const states = ['waiting', 'active', 'delayed', 'deferred', 'completed', 'failed', 'cancelled'] as const; // prettier-ignore

/** Of these the order is that of their times, the oldest first. */
const timed = ['delayed', 'completed', 'failed', 'cancelled'] as const;

export async function lookAt(queue: Queue, id: string): Promise<unknown> {
  const job = await queue.getJob(id);
  const dependents: string[] = [];
  for await (const child of job?.dependents() ?? []) dependents.push(`${child.queue} ${child.id}`);
  const scanned = async (state: (typeof states)[number]): Promise<string[]> => {
    const ids = new Set<string>();
    for await (const one of queue.scan(state)) ids.add(one.id);
    return [...ids].toSorted();
  };
  const idsIn = async (state: (typeof states)[number]): Promise<string[]> =>
    await queue.getJobIds(state, { asc: true });
  return {
    counts: await queue.getJobCounts(),
    unstarted: await queue.count(),
    scanned: await Promise.all(states.map(scanned)),
    paused: await queue.isPaused(),
    has: [await queue.has(id), ...(await queue.hasMany([id, 'nobody']))],
    state: await queue.getJobState(id),
    position: await queue.getJobPosition(id),
    ordered: await Promise.all(timed.map(idsIn)),
    active: (await idsIn('active')).toSorted(),
    waiting: (await queue.getJobs('waiting')).map((one) => one.id as string).toSorted(),
    logs: await queue.getJobLogs(id),
    job: job && {
      state: await job.getState(),
      blockers: (await job.blockers()).length,
      name: job.name,
      data: job.data,
      attemptsMade: job.attemptsMade,
      reason: job.failedReason,
      returnvalue: job.returnvalue,
      progress: job.progress,
      meta: job.meta,
      description: job.description,
      finished: job.finishedOn !== undefined,
      parents: (await job.parents()).map(({ queue: of, id: parent, blocking }) => ({ of, parent, blocking })), // prettier-ignore
      dependents: dependents.toSorted(),
    },
  };
}

function jobSeen(job: Job): unknown {
  const { spec, state } = job;
  const blocking = (of: string, parent: string): boolean =>
    [...job.open].some((edge) => edge.parent.queue === of && edge.parent.id === parent);
  const heard = (of: string, parent: string): boolean =>
    job.heard.some((one) => one.parent.queue === of && one.parent.id === parent);
  return {
    state,
    blockers: job.open.size,
    name: spec.name,
    data: job.data,
    attemptsMade: (job.attempts ?? 0) + (state === 'completed' ? 1 : 0),
    reason: state === 'completed' ? undefined : job.reasons[0],
    returnvalue: job.result?.value,
    progress: job.progress ?? 0,
    meta: job.meta ?? spec.opts.meta ?? {},
    description: spec.opts.description,
    finished: state === 'completed' || state === 'failed' || state === 'cancelled',
    parents: spec.parents
      .map(({ queue: of, id: parent }) => ({ of, parent, blocking: blocking(of, parent) }))
      .filter(({ of, parent, blocking: open }) => open || heard(of, parent)),
    dependents: [...job.dependents].map(({ child }) => `${child.queue} ${child.id}`).toSorted(),
  };
}

/** How many are before a job that waits; those that were lost with a worker come first. */
function positionOf({ jobs, suspects, waiting }: QueueState, id: string): number | undefined {
  if (jobs.get(id)?.state !== 'waiting') return undefined;
  if (suspects.has(id)) return sorted(suspects).indexOf(id);
  const place = waiting.lastIndexOf(id);
  return place < 0 ? undefined : suspects.size + place;
}

export function modelSees(queue: QueueState, id: string): unknown {
  const jobs = [...queue.jobs.values()];
  const idsIn = (state: string): string[] =>
    jobs.filter((job) => job.state === state).map(({ spec }) => spec.id).toSorted(); // prettier-ignore
  const job = queue.jobs.get(id);
  const logs = job?.logs ?? [];
  return {
    counts: Object.fromEntries(states.map((state) => [state, idsIn(state).length])),
    unstarted: ['waiting', 'delayed', 'deferred'].flatMap(idsIn).length,
    scanned: states.map(idsIn),
    paused: queue.paused,
    has: [job !== undefined, job !== undefined, false],
    state: job?.state ?? 'unknown',
    position: positionOf(queue, id),
    ordered: timed.map((state) => sorted(queue[state])),
    active: idsIn('active'),
    waiting: idsIn('waiting'),
    logs: { logs, count: logs.length },
    job: job && jobSeen(job),
  };
}
