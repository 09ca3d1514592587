// Every error that Lunaq throws for what happens at run time. Misuse (a wrong option) is a TypeError or
// RangeError at the call.
import { longestDelay, wholeNumber } from './checks.js';

/** What went wrong, as a word that stays the same between versions. */
export type QueueErrorCode =
  /** Too many jobs or bytes are waiting to be sent; nothing was added. Try again when some were. */
  | 'BACKPRESSURE'
  /** The queue, worker or connection was closed. */
  | 'CLOSED'
  /** What is stored of a job can't be decoded, or encoded: no codec of that name, an unknown key, damage. The job fails, others go on. */
  | 'CODEC'
  /** A handler goes on although its signal has fired: its job was settled without it. Comes as an `error` event. */
  | 'HANDLER_STUCK'
  /** The job is being worked on, so nobody else may remove or change it. */
  | 'JOB_ACTIVE'
  /** The job has finished, so it can't be cancelled. */
  | 'JOB_FINISHED'
  /** The job has not finished, so it can't be run again. */
  | 'JOB_NOT_FINISHED'
  /** No job with this id is stored. */
  | 'JOB_NOT_FOUND'
  /** Handlers were given by job name, and this name has none. */
  | 'NO_HANDLER'
  /** The user of the connection lacks a right, which the message names, or is not known to Redis; nothing was done. */
  | 'NO_PERMISSION'
  /** The queue keeps no stream of events to be read from a position: `queue.keepEvents(maxLength)`. */
  | 'NO_STREAM'
  /** Redis is out of memory; nothing was added. */
  | 'OUT_OF_MEMORY'
  /** The queue belongs to a newer major version of Lunaq. */
  | 'OUTDATED'
  /** A job to depend on failed, so its dependent can't be run again; retry that one first. */
  | 'PARENT_FAILED'
  /** A job to depend on is not stored; nothing was added. */
  | 'PARENT_UNKNOWN'
  /** Some jobs of one addBulk were not added; `outcomes` tells each. */
  | 'PARTIAL'
  /** The queue holds `maxLength` jobs that have not started; nothing was added. Try again when some have. */
  | 'QUEUE_FULL'
  /** Data, a result, or what is noted on a job is larger than the limit. */
  | 'TOO_LARGE'
  /** Redis answered with an error, given as `cause`. */
  | 'REDIS'
  /** No answer came in time; nothing was done. */
  | 'UNAVAILABLE'
  /** What is stored of a job could not be read; a job whose record it is fails, others go on. */
  | 'UNREADABLE'
  /** The server is too old to know the flags of scripts: Redis 7.0 or newer is needed, or Valkey; or it is one of a cluster. */
  | 'UNSUPPORTED_SERVER'
  /** A copy of the call went unanswered: it may have been done. Adding again under the same ids is safe. */
  | 'UNKNOWN_OUTCOME'
  /** The job did not finish within the time that was given to wait for it; it goes on. */
  | 'WAIT_TIMEOUT';

/** An error of the queue with a stable `code`. Errors of Redis pass as `cause`. */
export class QueueError extends Error {
  override readonly name: string = 'QueueError';
  readonly code: QueueErrorCode;
  /** Ids of the jobs that it is about, where there are any. */
  readonly ids: readonly string[];

  constructor(
    code: QueueErrorCode,
    message: string,
    options: ErrorOptions & { ids?: readonly string[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.ids = options.ids ?? [];
  }
}

/** Whether nobody need be told: there was no connection or no answer, for which the next try makes up, or all was closed meanwhile. */
export function isPassing(error: unknown): error is QueueError {
  if (!(error instanceof QueueError)) return false;
  return ['UNAVAILABLE', 'UNKNOWN_OUTCOME', 'CLOSED'].includes(error.code);
}

/** Outcome of one job of an `addBulk`: the stored job, or why it was not added. */
export type BulkOutcome<J> = { readonly job: J } | { readonly error: Error };

/** Some jobs of one `addBulk` were not added. */
export class BulkError<J = unknown> extends QueueError {
  override readonly name = 'BulkError';
  /** One for each job given, in order. */
  readonly outcomes: readonly BulkOutcome<J>[];

  constructor(outcomes: readonly BulkOutcome<J>[]) {
    const errors = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
    super(
      'PARTIAL',
      `${errors.length} of ${outcomes.length} jobs were not added: ${errors[0]?.message}`,
      {
        cause: errors[0],
      },
    );
    this.outcomes = outcomes;
  }
}

/** Thrown by a handler: the job fails at once, whatever attempts are left. */
export class UnrecoverableError extends Error {
  override readonly name = 'UnrecoverableError';

  constructor(message = 'Unrecoverable', options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * Thrown by a handler: the job is put off, no attempt is burnt.
 *
 * `throw new DelayedError(5_000)` puts it off for 5 s; without a time, until the one that `job.moveToDelayed(timestamp)` was told.
 */
export class DelayedError extends Error {
  override readonly name = 'DelayedError';
  /** ms from now; undefined when `job.moveToDelayed` has the time. */
  readonly delay: number | undefined;

  /** Throws RangeError for a delay that is no whole number of ms. */
  constructor(delay?: number, options?: ErrorOptions) {
    super('the job was put off', options);
    this.delay = delay === undefined ? undefined : wholeNumber('delay', delay, 0, longestDelay);
  }
}

/** The attempt took longer than the job's `timeout`: reason of its signal, and how the attempt fails. */
export class JobTimeoutError extends Error {
  override readonly name = 'JobTimeoutError';
}

/** The job was cancelled: reason of its signal, and what `waitUntilFinished` rejects with. */
export class JobCancelledError extends Error {
  override readonly name = 'JobCancelledError';
}

/** The job failed: what `waitUntilFinished` rejects with; its message is the job's `failedReason`. */
export class JobFailedError extends Error {
  override readonly name = 'JobFailedError';
}

/** Thrown by a codec: its message is told, so it must not quote what is encoded. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
}

/** The job is no longer under the claim that is shown: another worker may have it; results of this run, and what it notes, are refused. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** Something that is stored of a job is not what Lunaq writes. */
export function unreadable(what: string, id: string, cause?: unknown): QueueError {
  return new QueueError('UNREADABLE', `${what} of job ${id} can't be read`, {
    cause,
    ids: [id],
  });
}

/** A text of at most `most` bytes, or TOO_LARGE. */
export function limited<T extends string>(what: string, text: T, most: number): T {
  const bytes = text.length * 3 > most ? Buffer.byteLength(text) : 0;
  if (bytes > most)
    throw new QueueError('TOO_LARGE', `${what}: ${bytes} bytes, at most ${most} are allowed`);
  return text;
}

/** Whatever was thrown, as an Error whose message and stack are text. */
export function asError(thrown: unknown): Error {
  try {
    const { name, message, stack } = (thrown ?? {}) as Record<string, unknown>;
    const told = typeof message === 'string' && (stack === undefined || typeof stack === 'string');
    if (thrown instanceof Error && told) return thrown;
    const error = new Error(typeof message === 'string' ? message : String(thrown), {
      cause: thrown,
    });
    if (typeof name === 'string') error.name = name;
    return error;
  } catch {
    return new Error('something was thrown that can not be told as text', { cause: thrown });
  }
}
