// What is noted on jobs beside their life: progress, logs, metadata, other data. Whoever runs a job shows the token of its claim; on
// what nobody runs, anybody may note. Notes of the same moment travel together, in order.
import { Batcher } from './batcher.js';
import { shown, wholeNumber } from './checks.js';
import type { CodecPart, Codecs } from './codec.js';
import type { Connection } from './connection.js';
import { executeOne } from './execute.js';
import { asError, LeaseLostError, limited, QueueError, unreadable } from './errors.js';
import type { Job } from './job.js';
import { metaText, type JobOptions } from './job-options.js';
import { jsonOf } from './json.js';
import type { QueueKeys } from './keys.js';
import { maxLogRows, type Limits } from './limits.js';
import type { NumberedCalls } from './numbered-calls.js';
import { batchBytes, batchElements } from './options.js';
import { stampOf } from './record.js';
import {
  callOf,
  type JobId,
  type MetaText,
  type NoteText,
  type RecordText,
  type Token,
} from './script.js';
import * as scripts from './scripts.js';

/** How far a job is, in its handler's own terms. */
export type JobProgress = number | string | boolean | object;

/** Rows of a job's log. */
export interface JobLogs {
  readonly logs: string[];
  /** How many it has in all. */
  readonly count: number;
}

/** What notes need to know of a job. */
interface NotedJob {
  readonly id: JobId;
  /** Of the claim under which it is held, as far as is known. */
  readonly token: string | undefined;
  readonly opts: JobOptions;
  readonly name: string;
  readonly timestamp: number;
}

type Note = { readonly id: JobId; readonly token: Token | '' };
type ProgressNote = Note & { readonly value: NoteText };
type LogNote = Note & { readonly line: NoteText | ''; readonly keep: number };
type Rewriting = Note & {
  readonly head: string;
  readonly stamp: string;
  readonly record: RecordText | '';
  readonly meta: MetaText | '';
};
/** A word, or why nothing is known of one of a batch. */
type Noted = string | Error;

const waiting = { maxPending: 10_000, maxPendingBytes: 16 * 1024 * 1024 };
const many = { elements: batchElements, bytes: batchBytes, ...waiting };
/** Of what a call reads and writes again, 64 KiB or more for each: in all some ms of Redis. */
const few = { ...many, elements: 12 };

/** JSON as it is stored. Throws CODEC. */
function stored<T extends string>(json: T, part: CodecPart, id: string, codecs: Codecs): T {
  return (codecs.encodes ? (codecs.encode(json, part, id) ?? json) : json) as T;
}

/** Progress as it is stored. Throws TypeError, RangeError, TOO_LARGE, CODEC. */
export function progressText(
  progress: unknown,
  { progressBytes }: Limits,
  id: JobId,
  codecs: Codecs,
): NoteText {
  if (progress === null || typeof progress === 'bigint')
    throw new TypeError(
      `progress: expected a number, text, true, false or an object, got ${shown(progress)}`,
    );
  const json = limited('progress', jsonOf('progress', progress) as NoteText, progressBytes);
  return stored(json, 'progress', id, codecs);
}

/** Metadata as it is stored. Throws TypeError, TOO_LARGE, CODEC. */
export function annotation(
  meta: unknown,
  { metaBytes }: Limits,
  id: JobId,
  codecs: Codecs,
): MetaText {
  return stored(limited('meta', metaText(meta), metaBytes), 'meta', id, codecs);
}

const encoder = new TextEncoder();

/** A row of a log as JSON, its first bytes. */
function rowText(row: unknown, { logRowBytes }: Limits): NoteText {
  if (typeof row !== 'string') throw new TypeError(`row: expected a string, got ${shown(row)}`);
  if (row.length * 3 <= logRowBytes) return JSON.stringify(row) as NoteText;
  const { read } = encoder.encodeInto(row, new Uint8Array(logRowBytes));
  return JSON.stringify(row.slice(0, read)) as NoteText;
}

/** Throws when nothing was noted. */
function checkNoted(id: string, word: string): void {
  if (word === 'lost')
    throw new LeaseLostError(`job ${id} is no longer held under the claim that was shown`);
  if (word === 'active')
    throw new QueueError('JOB_ACTIVE', `job ${id} is being worked on: who runs it may note on it`, {
      ids: [id],
    });
  if (word === 'unknown') throw new QueueError('JOB_NOT_FOUND', `no job ${id}`, { ids: [id] });
}

export class Notes {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #calls: NumberedCalls;
  readonly #codecs: Codecs;
  #closed: Error | undefined;
  /** One sender each: numbered calls of one script go one after the other. */
  readonly #progress: Batcher<ProgressNote, Noted>;
  readonly #log: Batcher<LogNote, Noted>;
  readonly #rewrite: Batcher<Rewriting, Noted>;
  #onProgress: ((job: Job, progress: JobProgress) => void) | undefined;
  readonly limits: Limits;

  constructor(
    connection: Connection,
    keys: QueueKeys,
    calls: NumberedCalls,
    limits: Limits,
    codecs: Codecs,
  ) {
    this.limits = limits;
    this.#connection = connection;
    this.#keys = keys;
    this.#calls = calls;
    this.#codecs = codecs;
    this.#progress = new Batcher<ProgressNote, Noted>(
      [(items) => calls.send(scripts.progress, {}, items)],
      many,
    );
    this.#log = new Batcher<LogNote, Noted>([(items) => calls.send(scripts.log, {}, items)], few);
    this.#rewrite = new Batcher([(items) => this.#rewriteAll(items)], few);
  }

  /** Large records take several calls, one after the other. What one of them has done stays done when the next one fails. */
  async #rewriteAll(items: readonly Rewriting[]): Promise<readonly Noted[]> {
    const words: string[] = [];
    while (words.length < items.length) {
      const left = items.slice(words.length);
      try {
        const answers = await this.#calls.send(scripts.rewrite, {}, left);
        const again = answers.indexOf('again');
        words.push(...(again < 0 ? answers : answers.slice(0, again)));
      } catch (thrown) {
        return [...words, ...left.map(() => asError(thrown))];
      }
    }
    return words;
  }

  async #note<More>(
    batcher: Batcher<Note & More, Noted>,
    job: NotedJob,
    more: More,
    bytes: number,
  ): Promise<string> {
    if (this.#closed) {
      // Not at once: a handler that goes on and on would leave no room for anything else.
      await new Promise(setImmediate);
      throw this.#closed;
    }
    const { id, token } = job;
    const word = await batcher.add({ id, token: (token ?? '') as Token | '', ...more }, bytes);
    if (word instanceof Error) throw word;
    checkNoted(id, word);
    return word;
  }

  /** The listener is told when a job that has these notes has told its progress. There is one at most. */
  listen(onProgress: (job: Job, progress: JobProgress) => void): void {
    this.#onProgress = onProgress;
  }

  async progress(job: Job, progress: JobProgress, value: NoteText): Promise<void> {
    await this.#note(this.#progress, job, { value }, Buffer.byteLength(value));
    this.#onProgress?.(job, progress);
  }

  /** Adds a row to the job's log, 4 KiB of it. Returns how many it has. */
  async log(job: NotedJob, row: unknown): Promise<number> {
    const line = stored(rowText(row, this.limits), 'log', job.id, this.#codecs);
    return await this.#shorten(job, line, job.opts.keepLogs ?? maxLogRows);
  }

  /** Leaves the newest rows of the job's log. */
  async clearLogs(job: NotedJob, keepLogs: unknown = 0): Promise<void> {
    const rows = Math.min(wholeNumber('keepLogs', keepLogs, 0), maxLogRows);
    await this.#shorten(job, '', rows);
  }

  async #shorten(job: NotedJob, line: NoteText | '', keep: number): Promise<number> {
    const word = await this.#note(this.#log, job, { line, keep }, Buffer.byteLength(line));
    return Number(word);
  }

  /** Rows of a log from position `start` to `end`, both included; negative ones count from the end. */
  async logs(id: JobId, start: number, end: number, asc: boolean): Promise<JobLogs> {
    const text = await executeOne(this.#connection, callOf(scripts.logs, this.#keys, { id }));
    // The first one counts them.
    const lines = text.split('\n').slice(1, -1);
    if (!asc) lines.reverse();
    const page = end === -1 ? lines.slice(start) : lines.slice(start, end + 1);
    return {
      logs: page.map((line) => this.#row(line, id)),
      count: lines.length,
    };
  }

  #row(line: string, id: JobId): string {
    const row = this.#codecs.read(line, 'log', id);
    if (typeof row !== 'string') throw unreadable('log', id);
    return row;
  }

  /** Replaces a job's record, or its metadata; '' leaves either as it is. */
  async rewrite(job: NotedJob, record: RecordText | '', meta: MetaText | ''): Promise<void> {
    const bytes = Buffer.byteLength(record) + Buffer.byteLength(meta);
    const identity = {
      head: `${JSON.stringify([job.name]).slice(0, -1)},`,
      stamp: stampOf(job.timestamp),
    };
    await this.#note(this.#rewrite, job, { ...identity, record, meta }, bytes);
  }

  /** Refuses further notes, and resolves when none is under way. */
  async close(reason: Error): Promise<void> {
    this.#closed = reason;
    await Promise.all([this.#progress.idle(), this.#log.idle(), this.#rewrite.idle()]);
  }
}
