// How jobs, traits and outcomes are written down. A record is readable JSON with the name first:
// [name, data, timestamp, options that are not the default].
import { QueueError } from './errors.js';
import { maxRecordBytes, maxStackBytes, smallRecordBytes, type JobOptions } from './options.js';
import type { FailureText, OutcomeText, RecordText, TraitsText } from './script.js';

export interface JobRecord {
  readonly name: string;
  readonly data: unknown;
  readonly timestamp: number;
  readonly opts: JobOptions;
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

function limited<T extends string>(what: string, text: string): T {
  if (text.length * 3 > maxRecordBytes) {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxRecordBytes)
      throw new QueueError(
        'TOO_LARGE',
        `${what}: ${bytes} bytes, at most ${maxRecordBytes} are allowed`,
      );
  }
  return text as T;
}

/** The record's free slot: what a record must tell of itself. */
interface Extension {
  readonly data?: 'undefined';
}

/** The record of a job, and the bytes that it counts for. */
export function encodeRecord(record: JobRecord): { text: RecordText; bytes: number } {
  const { name, data, timestamp } = record;
  const opts = withoutDefaults(record.opts);
  const parts: unknown[] = [name, data, timestamp];
  if (opts !== undefined) parts.push(opts);
  // JSON has no undefined: the extension slot says that null stands for it.
  if (data === undefined) parts.splice(3, 1, opts ?? {}, { data: 'undefined' });
  let text: string;
  try {
    text = JSON.stringify(parts);
  } catch (cause) {
    throw new TypeError(`data of job ${JSON.stringify(name)} can't be written as JSON`, { cause });
  }
  return { text: limited('record', text), bytes: Buffer.byteLength(text) };
}

export function decodeRecord(id: string, text: string): JobRecord {
  try {
    const parts = JSON.parse(text) as [string, unknown, number, JobOptions?, Extension?];
    const [name, stored, timestamp, opts, extension] = parts;
    const data = extension?.data === 'undefined' ? undefined : stored;
    if (typeof name !== 'string' || typeof timestamp !== 'number')
      throw new TypeError('no name or time');
    return { name, data, timestamp, opts: opts ?? {} };
  } catch (cause) {
    throw new QueueError('UNREADABLE', `the record of job ${id} can't be read`, {
      cause,
      ids: [id],
    });
  }
}

/** What scripts must know of a job and is not the default; '' when there is nothing. */
export function encodeTraits(opts: JobOptions, bytes: number): TraitsText | '' {
  const size = bytes > smallRecordBytes;
  if (!size && !opts.lifo && !opts.removeOnFail) return '';
  return JSON.stringify({
    size: size ? bytes : undefined,
    lifo: opts.lifo || undefined,
    removeOnFail: opts.removeOnFail || undefined,
  }) as TraitsText;
}

export function decodeTraits(text: TraitsText | ''): { removeOnFail?: boolean } {
  return text === '' ? {} : (JSON.parse(text) as { removeOnFail?: boolean });
}

export interface Outcome {
  readonly returnvalue?: unknown;
  readonly processedOn?: number;
}

export function encodeOutcome(returnvalue: unknown, processedOn: number): OutcomeText {
  return limited('return value', JSON.stringify({ returnvalue, processedOn }));
}

export interface Failure {
  readonly failedReason: string;
  readonly stack?: string;
  readonly processedOn?: number;
}

/** A failed attempt on one line; message and stack are cut to their limit. */
export function encodeFailure(error: Error, processedOn?: number): FailureText {
  const failure: Failure = {
    failedReason: error.message.slice(0, maxStackBytes).toWellFormed(),
    stack: (error.stack ?? '').slice(0, maxStackBytes).toWellFormed(),
    ...(processedOn === undefined ? {} : { processedOn }),
  };
  return JSON.stringify(failure) as FailureText;
}

/** What is known of a finished or retried job: its result, or its failures, the newest first. */
export function decodeOutcome(state: string, text: string): Outcome & { failures: Failure[] } {
  if (text === '') return { failures: [] };
  if (state === 'completed') return { ...(JSON.parse(text) as Outcome), failures: [] };
  const lines = text.split('\n').filter((line) => line !== '');
  return { failures: lines.map((line) => JSON.parse(line) as Failure) };
}
