// `lunaq job`: all that is known of one job.
import type { Job } from '../job.js';
import type { ParentId } from '../job-options.js';
import type { ParentJob } from '../store.js';
import { CommandError } from './errors.js';
import { line, type Output } from './output.js';
import type { Session } from './session.js';
import { span, toJson } from './text.js';

/** Most dependents and lines of the log that are shown. */
const most = 100;

/** Shows one job. */
export async function showJob(session: Session, queueName: string, id: string): Promise<void> {
  const queue = session.queue(queueName);
  const job = await queue.getJob(id);
  if (!job)
    throw new CommandError(`no job ${JSON.stringify(id)} in queue ${JSON.stringify(queueName)}`);
  const state = await job.getState();
  const parents = job.opts.dependsOn === undefined ? [] : await job.parents();
  const dependents = await firstOf(job.dependents());
  const { logs, count: logCount } = await queue.getJobLogs(id, 0, most - 1, false);
  const found = { state, parents, dependents, logs: logs.toReversed(), logCount };
  session.out.document(everything(job, found));
  if (!session.out.json) print(session.out, job, found);
}

interface Found {
  readonly state: string;
  readonly parents: readonly ParentJob[];
  readonly dependents: readonly ParentId[];
  /** The newest lines, the oldest of them first. */
  readonly logs: readonly string[];
  /** How many lines there are in all. */
  readonly logCount: number;
}

async function firstOf<T>(all: AsyncIterable<T>): Promise<T[]> {
  const first: T[] = [];
  for await (const one of all) {
    first.push(one);
    if (first.length === most) break;
  }
  return first;
}

function everything(job: Job, { state, parents, dependents, logs, logCount }: Found): object {
  return {
    queue: job.queueName,
    id: job.id,
    name: job.name,
    state,
    data: job.data,
    opts: job.opts,
    timestamp: job.timestamp,
    description: job.description,
    meta: job.meta,
    progress: job.progress,
    processedOn: job.processedOn,
    finishedOn: job.finishedOn,
    attemptsMade: job.attemptsMade,
    returnvalue: job.returnvalue,
    failedReason: job.failedReason,
    history: job.history,
    parents,
    dependents,
    logs,
    logCount,
  };
}

/** A time of one clock or another, and how long ago it was. */
function moment(ms: number | undefined): string | undefined {
  if (ms === undefined || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return undefined;
  const ago = Date.now() - ms;
  return `${new Date(ms).toISOString()} (${ago < 0 ? `in ${span(-ago)}` : `${span(ago)} ago`})`;
}

function jobName({ queue, id, state }: ParentId & { readonly state?: string }): string {
  return state === undefined ? `${queue} ${id}` : `${queue} ${id} ${state}`;
}

/** JSON, of one that was set. */
function value(given: unknown): string | undefined {
  return given === undefined ? undefined : toJson(given);
}

function print(out: Output, job: Job, found: Found): void {
  const { state, parents, dependents, logs, logCount } = found;
  const { dependsOn: _, description, meta, ...opts } = job.opts;
  const facts: [label: string, text: string | undefined][] = [
    ['queue', job.queueName],
    ['id', job.id],
    ['name', job.name],
    ['state', state],
    ['about', description],
    ['data', value(job.data)],
    ['options', Object.keys(opts).length > 0 ? value(opts) : undefined],
    [
      'meta',
      meta === undefined && Object.keys(job.meta).length === 0 ? undefined : value(job.meta),
    ],
    ['added', moment(job.timestamp)],
    ['started', moment(job.processedOn)],
    ['finished', moment(job.finishedOn)],
    ['attempts', `${job.attemptsMade} of ${job.opts.attempts ?? 1}`],
    ['progress', job.progress === 0 ? undefined : value(job.progress)],
    ['result', value(job.returnvalue)],
    ['reason', job.failedReason],
    ...parents.map((parent): [string, string] => ['parent', jobName(parent)]),
    ...dependents.map((child): [string, string] => ['dependent', jobName(child)]),
  ];
  for (const [label, text] of facts)
    if (text !== undefined) out.print(line`${out.style('dim', label.padEnd(10))} ${text}`);
  for (const { failedReason, stack = failedReason, finishedOn } of job.history) {
    out.print(
      line`${out.style('dim', 'failure'.padEnd(10))} ${out.style('red', moment(finishedOn) ?? '')}`,
    );
    for (const text of stack.split('\n')) out.print(line`  ${text}`);
  }
  if (logs.length > 0) {
    const left = logCount > logs.length ? `, the last ${logs.length} of ${logCount} lines` : '';
    out.print(line`${out.style('dim', `log${left}`)}`);
    for (const text of logs) out.print(line`  ${text}`);
  }
}
