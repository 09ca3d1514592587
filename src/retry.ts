// Where a retry is decided: what becomes of a job whose attempt has failed.
import { asError, UnrecoverableError } from './errors.js';
import type { Job } from './job.js';
import type { JobOptions } from './job-options.js';

/**
 * Decides how many ms to wait after a failed attempt, this one counted in `attemptsMade`; -1 fails the job. What it throws fails the
 * job too.
 */
export type BackoffStrategy = (
  attemptsMade: number,
  type: string,
  error: Error,
  job: Job,
) => number | Promise<number>;

/** Longest wait between two attempts: 365 days. */
const longestWait = 365 * 24 * 3_600 * 1_000;

/** ms to wait after `failed` failed attempts; undefined when only a strategy knows. */
export function backoffDelay(
  backoff: JobOptions['backoff'],
  failed: number,
  random: () => number = Math.random,
): number | undefined {
  if (backoff === undefined) return 0;
  if (typeof backoff === 'number') return Math.min(backoff, longestWait);
  if (Array.isArray(backoff)) {
    const waits = backoff as readonly number[];
    return Math.min(waits[Math.min(failed, waits.length) - 1] ?? 0, longestWait);
  }
  const { type, delay = 0, jitter = 0 } = backoff as Exclude<typeof backoff, readonly number[]>;
  if (type !== 'fixed' && type !== 'exponential') return undefined;
  // Bounded before anything is multiplied by it: 0 times infinity is no time.
  const doubled = delay * 2 ** Math.min(failed - 1, 100);
  const full = Math.min(type === 'fixed' ? delay : doubled, longestWait);
  return Math.round(full * (1 - jitter) + full * jitter * random());
}

/** Another attempt after `delay` ms, or the end; `why` when it is not only the attempt that makes the end. */
export type Decision =
  | { readonly retry: true; readonly delay: number }
  | { readonly retry: false; readonly why?: Error };

/** Decides after a failed attempt; `failed` counts it in. A promise only where a strategy is asked. */
export function decide(
  error: Error,
  opts: JobOptions,
  failed: number,
  ask: (type: string) => number | Promise<number>,
): Decision | Promise<Decision> {
  const hopeless = error instanceof UnrecoverableError || error.name === 'UnrecoverableError';
  if (hopeless || failed >= (opts.attempts ?? 1)) return { retry: false };
  const delay = backoffDelay(opts.backoff, failed);
  if (delay !== undefined) return { retry: true, delay };
  return asked(ask, (opts.backoff as { type: string }).type);
}

async function asked(
  ask: (type: string) => number | Promise<number>,
  type: string,
): Promise<Decision> {
  try {
    const delay = await ask(type);
    if (delay === -1) return { retry: false };
    if (!Number.isInteger(delay) || delay < 0)
      throw new RangeError(`backoffStrategy: expected whole ms or -1, got ${delay}`);
    return { retry: true, delay: Math.min(delay, longestWait) };
  } catch (cause) {
    const message = `the wait for the next attempt could not be decided: backoff type ${type}: ${asError(cause).message}`;
    return { retry: false, why: new Error(message, { cause }) };
  }
}
