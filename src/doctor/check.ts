// What a check is, and what is found by it.
import type { KeyNamer } from '../keys.js';

/** `broken`: an invariant does not hold. `warning`: all is whole, but somebody should look. */
export type Severity = 'broken' | 'warning';

/** How a finding is told, whoever has found it. */
export interface Finding {
  /** A word that stays the same between versions. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, one sentence, with the number of jobs, rows or leases that it was found of. */
  readonly message: (count: number) => string;
  /** What to do, one sentence; `key('waiting')` is the full name of that key. */
  readonly remedy: (key: KeyNamer) => string;
}

/** One check of a job, a lease, a row, or the queue. */
export interface Check<Facts> extends Finding {
  /** Maintenance mends it: it counts only when it outlives several sweeps. */
  readonly heals?: true;
  /**
   * Undefined when all is well. Else what was found, in a few words: it is reported when the very same is found at the second look.
   */
  readonly finds: (facts: Facts) => string | undefined;
}

/** One thing that is wrong with a queue. */
export interface Problem {
  /** A word that stays the same between versions. */
  readonly code: string;
  readonly severity: Severity;
  /** How many jobs, rows or leases it was found of. */
  readonly count: number;
  /** The first 100 of them. */
  readonly ids: readonly string[];
  /** What is wrong, one sentence. */
  readonly message: string;
  /** What to do, one sentence. */
  readonly remedy: string;
}

/** Most ids of a problem. */
const mostIds = 100;
/** Most suspicions of one check that are kept: memory is bounded however broken a queue is. */
export const mostKept = 10_000;

export function problemOf(
  finding: Finding,
  count: number,
  ids: readonly string[],
  key: KeyNamer,
): Problem {
  const { code, severity, message, remedy } = finding;
  return {
    code,
    severity,
    count,
    ids: ids.slice(0, mostIds),
    message: message(count),
    remedy: remedy(key),
  };
}

/** `1 job is`, `3 jobs are`. */
export function some(count: number, one: string, verb = 'is'): string {
  const plural: Record<string, string> = { is: 'are', has: 'have', waits: 'wait', was: 'were' };
  return count === 1 ? `1 ${one} ${verb}` : `${count} ${one}s ${plural[verb] ?? verb}`;
}

/** Maintenance is late by more than this (ms) only when something is wrong. */
export const overdueAfter = 60_000;

export function isCount(text: string | undefined): boolean {
  return text !== undefined && /^[1-9]\d*$/.test(text);
}
