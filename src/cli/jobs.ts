// `lunaq add`, `requeue`, `cancel`, `remove`: commands that change jobs.
import { asError, QueueError } from '../errors.js';
import type { JobOptions, ParentFailurePolicy } from '../job-options.js';
import type { FinishedState } from '../scripts.js';
import { jsonOf } from './arguments.js';
import { UsageError } from './errors.js';
import { complain, line } from './output.js';
import type { Session } from './session.js';
import { plural } from './text.js';

export interface AddOptions {
  readonly id?: string;
  readonly delay?: number;
  readonly attempts?: number;
  readonly backoff?: number;
  readonly ttl?: number;
  readonly timeout?: number;
  readonly lifo?: boolean;
  readonly dependsOn?: readonly string[];
  readonly onParentFailure?: ParentFailurePolicy;
}

/** Adds a job and prints its id. */
export async function add(
  session: Session,
  queue: string,
  name: string,
  json: string | undefined,
  options: AddOptions,
): Promise<void> {
  const { id: jobId, ...rest } = options;
  const data = await jsonOf(json);
  const opts: JobOptions = jobId === undefined ? rest : { ...rest, jobId };
  const { id, duplicate } = await session.queue(queue).add(name, data, opts);
  if (duplicate) complain(`queue ${queue} has a job ${id} already: nothing was added`);
  session.out.print(line`${id}`);
  session.out.document({ queue, id, duplicate });
}

/** Does something to each job; tells which ones it could not be done to. The exit code. */
async function toEach(
  session: Session,
  queue: string,
  ids: readonly string[],
  verb: string,
  act: (id: string) => Promise<void>,
): Promise<number> {
  let code = 0;
  for (const id of ids) {
    try {
      await act(id);
    } catch (thrown) {
      if (!(thrown instanceof QueueError) || !thrown.ids.includes(id)) throw asError(thrown);
      const text = `queue ${queue}: ${thrown.message}`;
      session.out.document({ queue, id, [verb]: false, code: thrown.code, reason: thrown.message });
      complain(text);
      code = 1;
      continue;
    }
    session.out.print(line`${id} ${verb}`);
    session.out.document({ queue, id, [verb]: true });
  }
  return code;
}

export interface RequeueOptions {
  readonly all?: boolean;
  readonly state?: FinishedState;
  readonly count?: number;
}

/** Puts finished jobs back: those named, or those of a state. */
export async function requeue(
  session: Session,
  queue: string,
  ids: readonly string[],
  { all = false, state, count }: RequeueOptions,
): Promise<number> {
  if (ids.length > 0) {
    if (all || state !== undefined || count !== undefined)
      throw new UsageError('requeue: expected ids, or --all, --state, --count, not both');
    return await toEach(session, queue, ids, 'requeued', (id) => session.queue(queue).retryJob(id));
  }
  if (!all && count === undefined)
    throw new UsageError('requeue: expected ids of jobs, --all or --count');
  const which = state ?? 'failed';
  const requeued = await session
    .queue(queue)
    .retryJobs({ state: which, ...(count === undefined ? {} : { count }) });
  session.out.print(line`${plural(requeued, `${which} job`)} requeued`);
  session.out.document({ queue, state: which, requeued });
  return 0;
}

export async function cancel(
  session: Session,
  queue: string,
  ids: readonly string[],
  options: { reason?: string; dependents?: 'cancel' | 'release' },
): Promise<number> {
  return await toEach(session, queue, ids, 'cancelled', (id) =>
    session.queue(queue).cancel(id, options),
  );
}

export async function remove(
  session: Session,
  queue: string,
  ids: readonly string[],
): Promise<number> {
  return await toEach(session, queue, ids, 'removed', (id) => session.queue(queue).remove(id));
}
