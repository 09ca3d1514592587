// How many jobs that were lost with a worker this one may take: one at first, doubling with each that ended
// well or has run for one lease period. A job lost twice is taken with no other.
import type { JobId } from './script.js';
import type { ClaimedRow } from './scripts.js';

export class Suspicion {
  #limit = 1;
  readonly #period: number;
  readonly #held = new Map<JobId, { losses: number; since: number; trusted: boolean }>();

  constructor(period: number) {
    this.#period = period;
  }

  /** What a claim of `want` jobs may take. */
  grant(want: number): { allowance: number; alone: 0 | 1 } {
    const now = performance.now();
    let fragile = false;
    for (const job of this.#held.values()) {
      if (!job.trusted && now - job.since >= this.#period) {
        job.trusted = true;
        this.#limit *= 2;
      }
      fragile ||= job.losses > 1;
    }
    const allowance = fragile ? 0 : Math.max(0, Math.min(want, this.#limit - this.#held.size));
    return { allowance, alone: allowance > 0 && this.#held.size === 0 ? 1 : 0 };
  }

  taken({ id, losses, suspect }: ClaimedRow): void {
    if (suspect) this.#held.set(id, { losses, since: performance.now(), trusted: false });
  }

  /** A job is no longer held; `well`: it did not take the worker with it. */
  ended(id: JobId, well: boolean): void {
    const job = this.#held.size > 0 ? this.#held.get(id) : undefined;
    if (!job) return;
    this.#held.delete(id);
    if (well && !job.trusted) this.#limit = Math.min(this.#limit * 2, 10_000);
  }

  forgetAll(): void {
    this.#held.clear();
  }
}
