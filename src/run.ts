// A job in hand: its handler runs, or its settle is not accepted yet; and how an attempt ends.
import type { Codecs } from './codec.js';
import type { Lease } from './lease.js';
import { DelayedError } from './errors.js';
import type { Job } from './job.js';
import { retentionOf, type JobOptions } from './job-options.js';
import { encodeFailure, encodeOutcome } from './outcome.js';
import { decodeHead } from './record.js';
import { decide, type Decision } from './retry.js';
import type { JobId, Token } from './script.js';
import type { ClaimedRow } from './scripts.js';
import type { Ending } from './settles.js';

/** ms by which a `DelayedError` puts a job off that nobody gave a time. */
const putOff = 1_000;

/** What the end of an attempt needs to know of its job. */
type RunJob = { readonly opts: JobOptions; readonly processedOn: number | undefined };

export class Run {
  readonly row: ClaimedRow;
  readonly token: Token;
  readonly lease: Lease;
  /** Server time (ms). */
  readonly claimedAt: number;
  /** Since when it waits in this worker for a slot, by the monotonic clock (ms). */
  waitsSince = 0;
  /** The job was handed back: what its handler ends with counts no more. */
  abandoned = false;
  /** Its end was decided: what the handler ends with from now on counts no more. */
  ended = false;
  /** Its end is on its way to Redis. */
  settling = false;
  /** Why the attempt fails, whatever its handler ends with: it took too long. */
  timedOut: Error | undefined;
  /** Why somebody asked the job to stop. */
  cancelled: Error | undefined;
  /** What it runs, once its record was read. */
  job: Job | undefined;
  /** The timer of its time-out, then that of its grace. */
  timer: NodeJS.Timeout | undefined;
  #abort: AbortController | undefined;
  #reason: Error | undefined;

  /** When it was claimed, by the monotonic clock (ms). */
  readonly #receivedAt: number;

  constructor(
    row: ClaimedRow,
    token: Token,
    lease: Lease,
    claimedAt: number,
    receivedAt: number = performance.now(),
  ) {
    this.#receivedAt = receivedAt;
    this.row = row;
    this.token = token;
    this.lease = lease;
    this.claimedAt = claimedAt;
  }

  get id(): JobId {
    return this.row.id;
  }

  /** Its ttl ended while it waited here for a free slot. */
  get expired(): boolean {
    const { ends } = this.row;
    return ends !== undefined && this.claimedAt + performance.now() - this.#receivedAt >= ends;
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

/** What the options of a job are, as far as its record can be read. */
export function optionsOf({ id, row, job }: Run): JobOptions | undefined {
  if (job) return job.opts;
  try {
    return decodeHead(id, row.record ?? '').opts;
  } catch {
    return undefined;
  }
}

/** The handler returned. Throws when the result can't be written as JSON, can't be encoded or is too large. */
export function completion(
  { id, token }: Run,
  job: RunJob,
  result: unknown,
  resultBytes: number,
  codecs: Codecs,
): Ending {
  const retention = retentionOf(job.opts.removeOnComplete);
  const nothing = retention.age === '0' && result === undefined;
  const outcome = nothing
    ? ''
    : encodeOutcome(result, job.processedOn ?? 0, resultBytes, id, codecs);
  return { kind: 'complete', item: { id, token, outcome }, retention };
}

/** The job was asked to stop, and has. Without a job, its record could not be read. */
export function stopped({ id, token }: Run, opts: JobOptions | undefined): Ending {
  return { kind: 'stop', item: { id, token }, retention: retentionOf(opts?.removeOnFail) };
}

/**
 * The attempt failed; `retry.ts` decides what follows. Without a job, its record could not be read or decoded: then it stays when it has
 * failed, whatever its retention, so that it can be put back for those who can.
 */
export function failed(
  run: Run,
  job: (RunJob & Pick<Job, 'delayedUntil'>) | undefined,
  error: Error,
  codecs: Codecs,
  ask: (attempts: number, type: string) => number | Promise<number>,
): Ending | Promise<Ending> {
  const { id, token } = run;
  if (error instanceof DelayedError || error.name === 'DelayedError')
    return { kind: 'delay', item: { id, token, delay: delayOf(error, job?.delayedUntil) } };
  const attempts = run.row.attempts + 1;
  const decision = decide(error, optionsOf(run) ?? {}, attempts, (type) => ask(attempts, type));
  const ending = (decided: Decision): Ending => ended(run, job, error, codecs, attempts, decided);
  return decision instanceof Promise ? decision.then(ending) : ending(decision);
}

/** ms by which a handler puts its job off. An error of another copy of Lunaq, or of BullMQ, may carry anything. */
function delayOf(error: Error & { delay?: unknown }, until: number | undefined): number {
  const { delay } = error;
  if (Number.isSafeInteger(delay) && (delay as number) >= 0) return delay as number;
  return until === undefined ? putOff : Math.max(0, until - Date.now());
}

/** The error of an attempt, which also tells why there is no other. */
function both(error: Error, why: Error): Error {
  const told = new Error(`${error.message}; ${why.message}`);
  return Object.assign(told, { name: error.name, stack: error.stack });
}

function ended(
  { id, token }: Run,
  job: RunJob | undefined,
  error: Error,
  codecs: Codecs,
  attempts: number,
  decision: Decision,
): Ending {
  const times = {
    ...(job?.processedOn ? { processedOn: job.processedOn } : {}),
    finishedOn: Date.now(),
  };
  const why = 'why' in decision ? decision.why : undefined;
  const failure = encodeFailure(why ? both(error, why) : error, times, id, codecs);
  if (decision.retry)
    return { kind: 'retry', item: { id, token, attempts, delay: decision.delay, failure } };
  const retention = retentionOf(job?.opts.removeOnFail);
  return { kind: 'fail', item: { id, token, attempts, failure }, retention };
}
