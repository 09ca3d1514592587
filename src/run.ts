// A job in hand: its handler runs, or its settle is not accepted yet; and how an attempt ends.
import type { Lease } from './lease.js';
import type { JobOptions } from './options.js';
import { encodeFailure, encodeOutcome } from './record.js';
import { decide } from './retry.js';
import type { JobId, Token } from './script.js';
import type { ClaimedRow } from './scripts.js';
import type { Ending } from './settles.js';

/** What the end of an attempt needs to know of its job. */
type RunJob = { readonly opts: JobOptions; readonly processedOn: number | undefined };

export class Run {
  readonly row: ClaimedRow;
  readonly token: Token;
  readonly lease: Lease;
  /** Server time (ms). */
  readonly claimedAt: number;
  /** The job was handed back: what its handler ends with counts no more. */
  abandoned = false;
  #abort: AbortController | undefined;
  #reason: Error | undefined;

  constructor(row: ClaimedRow, token: Token, lease: Lease, claimedAt: number) {
    this.row = row;
    this.token = token;
    this.lease = lease;
    this.claimedAt = claimedAt;
  }

  get id(): JobId {
    return this.row.id;
  }

  /** Made when it is first asked for: most handlers don't look at it. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#reason) this.#abort.abort(this.#reason);
    return this.#abort.signal;
  }

  /** Tells the handler that it runs in vain. */
  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#abort?.abort(this.#reason);
  }
}

/** The handler returned. Throws when the result can't be written as JSON or is too large. */
export function completion({ id, token }: Run, job: RunJob, result: unknown): Ending {
  const forget = job.opts.removeOnComplete === true;
  const outcome = forget ? '' : encodeOutcome(result, job.processedOn ?? 0);
  return { kind: 'complete', item: { id, token, outcome } };
}

/** The attempt failed; `retry.ts` decides what follows. Without a job, its record could not be read. */
export function failed({ id, token, row }: Run, job: RunJob | undefined, error: Error): Ending {
  const attempts = row.attempts + 1;
  const failure = encodeFailure(error, job?.processedOn);
  const decision = decide(error, job?.opts ?? {}, attempts);
  if (decision.retry)
    return { kind: 'retry', item: { id, token, attempts, delay: decision.delay, failure } };
  const forget = job?.opts.removeOnFail === true;
  return { kind: 'fail', item: { id, token, attempts, failure: forget ? '' : failure } };
}
