// How the ends of jobs are written down: results, and failed attempts a line each. What users have given is encoded on request; times, and
// what Lunaq itself says, stay plain.
import { isObject } from './checks.js';
import { Codecs } from './codec.js';
import { asError, limited, QueueError, unreadable } from './errors.js';
import { jsonOf } from './json.js';
import { defaultLimits, maxStackBytes } from './limits.js';
import { revive } from './revive.js';
import type { FailureText, OutcomeText } from './script.js';

export interface Outcome {
  readonly returnvalue?: unknown;
  readonly processedOn?: number;
}

/** What stands for a part of an outcome or a failure that is encoded. */
interface Encoded {
  readonly encoded?: string;
}

/** Throws TypeError or RangeError for a result that JSON can't hold, TOO_LARGE for more than `resultBytes` of it, CODEC. */
export function encodeOutcome(
  returnvalue: unknown,
  processedOn: number,
  resultBytes: number = defaultLimits.resultBytes,
  id = '',
  codecs = Codecs.none,
): OutcomeText {
  if (returnvalue === undefined) return JSON.stringify({ processedOn }) as OutcomeText;
  const json = limited('returnvalue', jsonOf('returnvalue', returnvalue), resultBytes);
  const encoded = codecs.encodes ? codecs.encode(json, 'result', id) : undefined;
  if (encoded) return JSON.stringify({ encoded, processedOn }) as OutcomeText;
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

type FailureTimes = Pick<Failure, 'processedOn' | 'finishedOn'>;

/** What codecs themselves could not do is told to everybody. */
function isTellable(error: Error): boolean {
  return error instanceof QueueError && error.code === 'CODEC';
}

/** A failed attempt on one line; message and stack are cut to their limit. Does not throw: what can't be encoded is not told. */
export function encodeFailure(
  error: Error,
  times: FailureTimes = {},
  id = '',
  codecs = Codecs.none,
): FailureText {
  const failedReason = error.message.slice(0, maxStackBytes).toWellFormed();
  const stack = (error.stack ?? '').slice(0, maxStackBytes).toWellFormed();
  if (!codecs.encodes || isTellable(error))
    return JSON.stringify({ failedReason, stack, ...times }) as FailureText;
  try {
    return reasonText({ failedReason, stack }, times, id, codecs);
  } catch (thrown) {
    return encodeFailure(asError(thrown), times);
  }
}

/** Why a job ended without having been run: a reason, no stack. Throws CODEC. */
export function encodeReason(failedReason: string, id = '', codecs = Codecs.none): FailureText {
  const reason = { failedReason: failedReason.slice(0, maxStackBytes).toWellFormed() };
  return reasonText(reason, {}, id, codecs);
}

function reasonText(
  reason: Pick<Failure, 'failedReason' | 'stack'>,
  times: FailureTimes,
  id: string,
  codecs: Codecs,
): FailureText {
  const encoded = codecs.encodes ? codecs.encode(JSON.stringify(reason), 'failure', id) : undefined;
  const told = encoded === undefined ? reason : { encoded };
  return JSON.stringify({ ...told, ...times }) as FailureText;
}

function isFailure(told: Partial<Record<keyof Failure, unknown>>): told is Failure {
  const { failedReason, stack = '' } = told;
  return typeof failedReason === 'string' && typeof stack === 'string';
}

/** An object in JSON, of which a part may be encoded. Throws UNREADABLE. */
function rowOf(text: string, part: 'result' | 'failure', id: string): object {
  let row: unknown;
  try {
    row = revive(text);
  } catch (cause) {
    throw unreadable(part, id, cause);
  }
  if (!isObject(row)) throw unreadable(part, id);
  return row;
}

/** What `encodeOutcome` has written. Throws UNREADABLE, CODEC. */
export function decodeOutcome(text: string, id = '', codecs = Codecs.none): Outcome {
  if (text === '') return {};
  const { encoded, ...outcome } = rowOf(text, 'result', id) as Outcome & Encoded;
  if ('returnvalue' in outcome) codecs.allowPlain('result', id);
  if (encoded === undefined) return outcome;
  return { returnvalue: codecs.decode(encoded, 'result', id), ...outcome };
}

/** Failures of a job, the newest first. Throws UNREADABLE, CODEC. */
export function decodeFailures(text: string, id = '', codecs = Codecs.none): Failure[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line): Failure => {
    const { encoded, ...plain } = rowOf(line, 'failure', id) as Encoded;
    const told = encoded === undefined ? {} : (codecs.decode(encoded, 'failure', id) as object);
    const failure = { ...told, ...plain };
    if (!isFailure(failure)) throw unreadable('failure', id);
    return failure;
  });
}
