// A job as the ledger knows it: what was planned, what was told of it.
import type { Plan } from './load.js';

export interface Run {
  readonly token: string;
  /** When it was claimed (ms). */
  readonly claimed: number;
  readonly begun: number;
  readonly attempts: number;
  readonly by: string;
}

export interface Span {
  readonly from: number;
  to: number;
}

export class Entry {
  readonly name: string;
  readonly plan: Plan;
  readonly intended: number;
  /** When it was known to be there; undefined when it never was. */
  added: number | undefined;
  outcome: 'added' | 'unknown' | 'refused' | undefined;
  readonly runs: Run[] = [];
  /** Tokens under which a worker was told that the result was taken, and when; without those that Redis may have forgotten. */
  readonly done = new Map<string, number>();
  /** When that was told last. */
  doneAt: number | undefined;
  /** Tokens under which the handler has ended well, taken by the ledger or refused as stale. */
  readonly effects = new Set<string>();
  /** When its last attempt threw, by its number. */
  readonly threw = new Map<number, number>();
  readonly requeues: Span[] = [];
  /** When its cancel was asked for, and from when on it can't be claimed. */
  cancelling = Number.POSITIVE_INFINITY;
  cancelled: number | undefined;
  /** Something was done that may have ended it. */
  disturbed = false;

  constructor(name: string, plan: Plan, intended: number) {
    this.name = name;
    this.plan = plan;
    this.intended = intended;
  }

  /** Whether it may have been put back between two times. */
  requeuedBetween(from: number, to: number): boolean {
    return this.requeues.some((span) => span.from <= to && span.to >= from);
  }

  /** The run whose result was taken last, as far as that was told. */
  get completed(): string | undefined {
    return [...this.done.keys()].toSorted((a, b) => numberOf(a) - numberOf(b)).at(-1);
  }
}

/** The number in a token: the server's time of the claim in µs. */
export function numberOf(token: string): number {
  return Number(token.slice(token.indexOf(':') + 1));
}
