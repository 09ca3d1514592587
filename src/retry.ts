// Where a retry is decided: what becomes of a job whose attempt has failed.
import { UnrecoverableError } from './errors.js';
import type { JobOptions } from './options.js';

/** Wait between two attempts. */
export interface Backoff {
  /** `fixed`: always `delay`; `exponential`: `delay` doubled with each failed attempt. */
  type: 'fixed' | 'exponential';
  /** ms. Default 0. */
  delay?: number;
  /** Part of the wait that is drawn at random, 0 to 1. Default 0. */
  jitter?: number;
}

/** Longest wait between two attempts: 365 days. */
const longestWait = 365 * 24 * 3_600 * 1_000;

/** ms to wait after `failed` failed attempts. */
export function backoffDelay(
  backoff: JobOptions['backoff'],
  failed: number,
  random: () => number = Math.random,
): number {
  if (backoff === undefined) return 0;
  const {
    type,
    delay = 0,
    jitter = 0,
  } = typeof backoff === 'number' ? { type: 'fixed' as const, delay: backoff } : backoff;
  // Bounded before anything is multiplied by it: 0 times infinity is no time.
  const doubled = delay * 2 ** Math.min(failed - 1, 100);
  const full = Math.min(type === 'fixed' ? delay : doubled, longestWait);
  return Math.round(full * (1 - jitter) + full * jitter * random());
}

/** Another attempt after `delay` ms, or the end. */
export type Decision = { readonly retry: true; readonly delay: number } | { readonly retry: false };

/** Decides after a failed attempt; `failed` counts it in. */
export function decide(error: Error, opts: JobOptions, failed: number): Decision {
  const hopeless = error instanceof UnrecoverableError || error.name === 'UnrecoverableError';
  if (hopeless || failed >= (opts.attempts ?? 1)) return { retry: false };
  return { retry: true, delay: backoffDelay(opts.backoff, failed) };
}
