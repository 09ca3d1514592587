// How jobs, traits and outcomes are written down. A record is readable JSON with the name first:
// [name, data, timestamp, options that are not the default]. What the job was annotated with since stands on a line behind it, so
// that neither is lost when the other changes, and whoever gets the record has both.
import { limited, QueueError } from './errors.js';
import { retentionOf, type JobMeta, type JobOptions } from './job-options.js';
import { jsonOf } from './json.js';
import { defaultLimits, maxStackBytes } from './limits.js';
import { smallRecordBytes } from './options.js';
import { revive } from './revive.js';
import type { Age, FailureText, OutcomeText, RecordText, TraitsText } from './script.js';

export interface JobRecord {
  readonly name: string;
  readonly data: unknown;
  readonly timestamp: number;
  readonly opts: JobOptions;
  /** What `updateMeta` has put in the place of the option. */
  readonly meta?: JobMeta;
}

const defaults: { [K in keyof JobOptions]: JobOptions[K] } = {
  delay: 0,
  lifo: false,
  attempts: 1,
  backoff: 0,
  removeOnComplete: false,
  removeOnFail: false,
};

function withoutDefaults(opts: JobOptions): JobOptions | undefined {
  let kept: Record<string, unknown> | undefined;
  for (const option in opts) {
    const value = opts[option as keyof JobOptions];
    if (option === 'jobId' || value === undefined || value === defaults[option as keyof JobOptions])
      continue;
    kept ??= {};
    kept[option] = value;
  }
  return kept;
}

/** The record's free slot: what a record must tell of itself. */
interface Extension {
  readonly data?: 'undefined';
}

/** JSON of options as records have them, '' for none; of those that many jobs share, made once. */
const sharedOptions = new WeakMap<JobOptions, string>();

function encodeOptions(opts: JobOptions): string {
  const kept = withoutDefaults(opts);
  return kept === undefined ? '' : JSON.stringify(kept);
}

/** Options that many jobs will share, and that nobody changes any more. */
export function shareOptions(given: JobOptions): JobOptions {
  const opts = { ...given };
  sharedOptions.set(opts, encodeOptions(opts));
  return opts;
}

/** Few names, few milliseconds: the head and the end of the last record are, as a rule, those of the next. */
const last = { name: '', head: '["",', timestamp: 0, rest: '', end: ',0]' };

function heading(name: string): string {
  if (name !== last.name) {
    last.name = name;
    last.head = `[${JSON.stringify(name)},`;
  }
  return last.head;
}

function ending(timestamp: number, rest: string): string {
  if (timestamp !== last.timestamp || rest !== last.rest) {
    last.timestamp = timestamp;
    last.rest = rest;
    last.end = `,${timestamp}${rest}]`;
  }
  return last.end;
}

/**
 * The record of a job, and the bytes that it counts for. Throws TypeError or RangeError for data that JSON can't hold, TOO_LARGE for more
 * than `dataBytes` of it.
 */
export function encodeRecord(
  record: JobRecord,
  dataBytes: number = defaultLimits.dataBytes,
): { text: RecordText; bytes: number } {
  const { name, data, timestamp, opts } = record;
  const options = sharedOptions.get(opts) ?? encodeOptions(opts);
  // JSON has no undefined: the extension slot says that null stands for it.
  const rest =
    data === undefined ? `,${options || '{}'},{"data":"undefined"}` : options && `,${options}`;
  const json = data === undefined ? 'null' : limited('data', jsonOf('data', data), dataBytes);
  const text = heading(name) + json + ending(timestamp, rest);
  // Of short ones their size matters little, and counting bytes takes longer than to write them.
  const bytes = text.length * 3 <= smallRecordBytes ? text.length : Buffer.byteLength(text);
  return { text: text as RecordText, bytes };
}

export function decodeRecord(id: string, text: string): JobRecord {
  try {
    const end = text.endsWith(']') ? text.length : text.indexOf('\n');
    const parts = revive(text.slice(0, end)) as [string, unknown, number, JobOptions?, Extension?];
    const [name, stored, timestamp, opts, extension] = parts;
    const data = extension?.data === 'undefined' ? undefined : stored;
    if (typeof name !== 'string' || typeof timestamp !== 'number')
      throw new TypeError('no name or time');
    const record = { name, data, timestamp, opts: opts ?? {} };
    return end === text.length ? record : { ...record, meta: revive(text.slice(end)) as JobMeta };
  } catch (cause) {
    throw new QueueError('UNREADABLE', `the record of job ${id} can't be read`, {
      cause,
      ids: [id],
    });
  }
}

/** What scripts must know of a job and is not the default. They find these by pattern; a child has a delay here, others in the call. */
interface Traits {
  readonly size: number | undefined;
  readonly lifo: true | undefined;
  readonly ttl: number | undefined;
  /** ms for which it stays when it failed. */
  readonly failAge: number | undefined;
  readonly child: true | undefined;
  /** Jobs of the same call will depend on it: it is watched from the start. */
  readonly parent: true | undefined;
  readonly delay: number | undefined;
}

/** '' when there is nothing to tell. */
export function encodeTraits(
  opts: JobOptions,
  bytes: number,
  family?: { child?: boolean; parent?: boolean },
): TraitsText | '' {
  const size = bytes > smallRecordBytes;
  const plain = opts.removeOnFail === undefined || opts.removeOnFail === false;
  if (!size && !opts.lifo && plain && !opts.ttl && !family?.child && !family?.parent) return '';
  const { age } = retentionOf(opts.removeOnFail);
  const traits: Traits = {
    size: size ? bytes : undefined,
    lifo: opts.lifo || undefined,
    ttl: opts.ttl,
    failAge: age === '' ? undefined : Number(age),
    child: family?.child || undefined,
    parent: family?.parent || undefined,
    delay: (family?.child && opts.delay) || undefined,
  };
  const text = JSON.stringify(traits);
  return text === '{}' ? '' : (text as TraitsText);
}

/** How long a job with these traits stays when it failed. */
export function failAge(traits: TraitsText | ''): Age | '' {
  // Read as scripts read it: what can't be parsed tells nothing, and stops nobody.
  return (/"failAge":(\d+)/.exec(traits)?.[1] ?? '') as Age | '';
}

export interface Outcome {
  readonly returnvalue?: unknown;
  readonly processedOn?: number;
}

/** Throws TypeError or RangeError for a result that JSON can't hold, TOO_LARGE for more than `resultBytes` of it. */
export function encodeOutcome(
  returnvalue: unknown,
  processedOn: number,
  resultBytes: number = defaultLimits.resultBytes,
): OutcomeText {
  if (returnvalue === undefined) return JSON.stringify({ processedOn }) as OutcomeText;
  const json = limited('returnvalue', jsonOf('returnvalue', returnvalue), resultBytes);
  return `{"returnvalue":${json},"processedOn":${processedOn}}` as OutcomeText;
}

/** A failed attempt, or why a job was cancelled. */
export interface Failure {
  readonly failedReason: string;
  /** Its first 4 KiB. */
  readonly stack?: string;
  /** When the attempt began (server's ms). */
  readonly processedOn?: number;
  /** When it ended (ms). */
  readonly finishedOn?: number;
}

/** A failed attempt on one line; message and stack are cut to their limit. */
export function encodeFailure(
  error: Error,
  times: Pick<Failure, 'processedOn' | 'finishedOn'> = {},
): FailureText {
  const failure: Failure = {
    failedReason: error.message.slice(0, maxStackBytes).toWellFormed(),
    stack: (error.stack ?? '').slice(0, maxStackBytes).toWellFormed(),
    ...times,
  };
  return JSON.stringify(failure) as FailureText;
}

/** Why a job ended without having been run: a reason, no stack. */
export function encodeReason(failedReason: string): FailureText {
  return JSON.stringify({
    failedReason: failedReason.slice(0, maxStackBytes).toWellFormed(),
  }) as FailureText;
}

export function decodeOutcome(text: string): Outcome {
  return text === '' ? {} : (revive(text) as Outcome);
}

/** Failures of a job, the newest first. */
export function decodeFailures(text: string): Failure[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => revive(line) as Failure);
}
