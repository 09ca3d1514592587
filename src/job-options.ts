// Every option of a job with its unit, default and limits.
import {
  knownOptions,
  longestTimer,
  longestDelay,
  queueNameOf,
  shown,
  textOf,
  wholeNumber,
  yesOrNo,
} from './checks.js';
import { jsonOf } from './json.js';
import { defaultLimits, maxLogRows, maxWaits, type Limits } from './limits.js';
import type { Age, MetaText } from './script.js';

/** Wait between two attempts. */
export interface Backoff {
  /** `fixed`: always `delay`; `exponential`: `delay` doubled with each failed attempt; else the worker's `backoffStrategy` decides. */
  type: 'fixed' | 'exponential' | (string & {});
  /** ms. Default 0. */
  delay?: number;
  /** Part of the wait that is drawn at random, 0 to 1. Default 0. */
  jitter?: number;
}

/** How long finished jobs stay. */
export interface KeepJobs {
  /** s after which this job goes. Default: never. */
  age?: number;
  /** How many of the queue's jobs in this state stay, the newest ones. Default: all. */
  count?: number;
}

/** A job to wait for: its id in the same queue, a job, or queue and id. */
export type ParentRef = string | { readonly id: string; readonly queue?: string } | JobRef;

/** A `Job`, as far as it tells where it is. */
export interface JobRef {
  readonly id: string;
  readonly queueName: string;
}

/** What becomes of a job one of whose parents did not complete. */
export type ParentFailurePolicy = 'fail' | 'run' | 'wait';

/** How a job is to be run. Those not given come from the queue's `defaultJobOptions`, then from here. */
export interface JobOptions {
  /** Custom id, 1 to 256 bytes without control characters. Adding an id that exists adds nothing. Default: generated. */
  jobId?: string;
  /** ms before the job may run, 50 years at most: a point of time is refused. Default 0. */
  delay?: number;
  /** Whether the job goes to the front of the queue. Default false. */
  lifo?: boolean;
  /** Most runs of the job, the first included. Default 1. */
  attempts?: number;
  /** Wait between two attempts: ms; a list of ms, the last one repeated; or type and delay. Default: none. */
  backoff?: number | readonly number[] | Backoff;
  /** ms that one attempt may take: then its signal fires, and it fails with a `JobTimeoutError`. Default: no limit. */
  timeout?: number;
  /** ms within which the job must have started; else it fails with `expired` and never runs. Default: no limit. */
  ttl?: number;
  /** How long the job stays when it completed: `true` not at all, a count, or age and count. Default false: for ever. */
  removeOnComplete?: boolean | number | KeepJobs;
  /** The same for one that failed or was cancelled; a count is of failed jobs. Default false: for ever. */
  removeOnFail?: boolean | number | KeepJobs;
  /** Jobs that must complete before this one may run, 1,000 at most. Default: none. */
  dependsOn?: ParentRef | readonly ParentRef[];
  /**
   * When one of them fails, is cancelled or removed: `fail` fails this one too, `run` counts it as done, `wait` waits until it has
   * completed after all. Default `fail`.
   */
  onParentFailure?: ParentFailurePolicy;
  /** What the job is, for people, 4 KiB at most (`limits`). Default: none. */
  description?: string;
  /** What belongs to the job beside its data: an object, as JSON 64 KiB at most (`limits`). `job.updateMeta` changes it. Default `{}`. */
  meta?: JobMeta;
  /** How many rows of its log stay, the newest ones, 1,000 at most. Default 1,000. */
  keepLogs?: number;
}

/** What belongs to a job beside its data. */
export type JobMeta = Record<string, unknown>;

/** A parent by the name of its queue. */
export interface ParentId {
  readonly queue: string;
  readonly id: string;
}

function parentId(queue: string, ref: ParentRef): ParentId {
  if (typeof ref === 'string') return { queue, id: ref };
  return { id: ref.id, queue: 'queueName' in ref ? ref.queueName : (ref.queue ?? queue) };
}

/** The parents of a job, each once. `queue` is the job's own. */
export function parentsOf(queue: string, { dependsOn }: JobOptions): readonly ParentId[] {
  if (dependsOn === undefined) return [];
  const refs = Array.isArray(dependsOn)
    ? (dependsOn as readonly ParentRef[])
    : [dependsOn as ParentRef];
  const parents = new Map<string, ParentId>();
  for (const ref of refs) {
    const parent = parentId(queue, ref);
    parents.set(`${parent.queue}\t${parent.id}`, parent);
  }
  return [...parents.values()];
}

function checkParent(ref: unknown, limits: Limits): void {
  if (typeof ref === 'string') {
    textOf('dependsOn', ref, limits.idBytes);
    return;
  }
  if (typeof ref !== 'object' || ref === null)
    throw new TypeError(`dependsOn: expected an id, a job, or { queue, id }, got ${shown(ref)}`);
  const { id, queue, queueName } = ref as Record<string, unknown>;
  textOf('dependsOn.id', id, limits.idBytes);
  if (queue !== undefined || queueName !== undefined)
    queueNameOf('dependsOn.queue', queueName ?? queue);
}

function checkParents(dependsOn: unknown, limits: Limits): void {
  const refs: unknown[] = Array.isArray(dependsOn) ? dependsOn : [dependsOn];
  if (refs.length > limits.parents)
    throw new RangeError(`dependsOn: expected at most ${limits.parents} jobs, got ${refs.length}`);
  for (const ref of refs) checkParent(ref, limits);
}

function checkBackoff(backoff: unknown): void {
  if (typeof backoff === 'number') {
    wholeNumber('backoff', backoff, 0, longestDelay);
    return;
  }
  if (Array.isArray(backoff)) {
    if (backoff.length < 1 || backoff.length > maxWaits)
      throw new RangeError(`backoff: expected 1 to ${maxWaits} waits, got ${backoff.length}`);
    for (const wait of backoff as unknown[]) wholeNumber('backoff', wait, 0, longestDelay);
    return;
  }
  if (typeof backoff !== 'object' || backoff === null)
    throw new TypeError(
      `backoff: expected ms, a list of ms, or { type, delay, jitter }, got ${shown(backoff)}`,
    );
  knownOptions(backoff, ['type', 'delay', 'jitter']);
  const { type, delay, jitter } = backoff as Partial<Backoff>;
  textOf('backoff.type', type);
  wholeNumber('backoff.delay', delay ?? 0, 0, longestDelay);
  if (jitter !== undefined && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 1))
    throw new RangeError(`backoff.jitter: expected a number from 0 to 1, got ${shown(jitter)}`);
}

function checkRetention(option: string, value: unknown): void {
  if (typeof value === 'number') {
    wholeNumber(option, value, 0);
  } else if (typeof value === 'object' && value !== null) {
    const keep = value as KeepJobs;
    knownOptions(keep, ['age', 'count']);
    if (keep.age !== undefined) wholeNumber(`${option}.age`, keep.age, 0, longestAge);
    if (keep.count !== undefined) wholeNumber(`${option}.count`, keep.count, 0);
  } else {
    yesOrNo(option, value);
  }
}

const longestAge = 100 * 365 * 24 * 3_600;
const policies: readonly unknown[] = ['fail', 'run', 'wait'] satisfies ParentFailurePolicy[];

function checkPolicy(value: unknown): void {
  if (!policies.includes(value))
    throw new TypeError(`onParentFailure: expected fail, run or wait, got ${shown(value)}`);
}

function checkDescription(value: unknown, { descriptionBytes }: Limits): void {
  if (typeof value !== 'string')
    throw new TypeError(`description: expected a string, got ${shown(value)}`);
  const bytes = Buffer.byteLength(value);
  if (bytes > descriptionBytes)
    throw new RangeError(`description: expected at most ${descriptionBytes} bytes, got ${bytes}`);
}

/** Metadata as JSON. Throws TypeError for what is no plain object. */
export function metaText(meta: unknown): MetaText {
  if (Object.prototype.toString.call(meta) !== '[object Object]')
    throw new TypeError(`meta: expected an object, got ${shown(meta)}`);
  const text = jsonOf('meta', meta);
  if (!text.startsWith('{')) throw new TypeError('meta: expected an object, got one with toJSON');
  return text as MetaText;
}

function checkMeta(value: unknown, { metaBytes }: Limits): void {
  const bytes = Buffer.byteLength(metaText(value));
  if (bytes > metaBytes)
    throw new RangeError(`meta: expected at most ${metaBytes} bytes, got ${bytes}`);
}

type Check = (value: unknown, limits: Limits) => unknown;

const checks: { [K in keyof Required<JobOptions>]: Check } = {
  jobId: (value, { idBytes }) => textOf('jobId', value, idBytes),
  delay: (value) => wholeNumber('delay', value, 0, longestDelay),
  lifo: (value) => yesOrNo('lifo', value),
  attempts: (value) => wholeNumber('attempts', value, 1),
  backoff: checkBackoff,
  timeout: (value) => wholeNumber('timeout', value, 1, longestTimer),
  ttl: (value) => wholeNumber('ttl', value, 1, longestDelay),
  removeOnComplete: (value) => checkRetention('removeOnComplete', value),
  removeOnFail: (value) => checkRetention('removeOnFail', value),
  dependsOn: checkParents,
  onParentFailure: checkPolicy,
  description: checkDescription,
  meta: checkMeta,
  keepLogs: (value) => wholeNumber('keepLogs', value, 0, maxLogRows),
};

const known = Object.keys(checks);

/** Checks the options of a job. */
export function checkJobOptions(options: JobOptions, limits: Limits = defaultLimits): void {
  knownOptions(options, known);
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) checks[option as keyof JobOptions](value, limits);
  }
}

/** How long a finished job stays, as scripts are told. */
export interface Retention {
  /** ms as text: '0' not at all, '' for ever. */
  readonly age: Age | '';
  /** How many of its state stay; undefined for all. */
  readonly count: number | undefined;
}

const forEver: Retention = { age: '', count: undefined };
const notAtAll: Retention = { age: '0' as Age, count: undefined };

export function retentionOf(option: boolean | number | KeepJobs | undefined): Retention {
  if (option === undefined || option === false) return forEver;
  if (option === true || option === 0) return notAtAll;
  if (typeof option === 'number') return { age: '', count: option };
  const { age, count } = option;
  if (count === 0) return notAtAll;
  return { age: age === undefined ? '' : (String(age * 1_000) as Age), count };
}
