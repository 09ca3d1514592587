// Claim-ahead: jobs that were claimed but wait for a free slot of this worker, so that short handlers get full
// batches at any concurrency. As many are claimed ahead as started within the last 10 ms, so none for long handlers;
// what has not started after 50 ms is handed back, so that no idle worker waits for it.
import type { Lease } from './lease.js';
import { batchElements } from './options.js';
import type { Run } from './run.js';
import type { JobId, Token } from './script.js';

/** ms over which starts are counted. */
const horizon = 10;
/** ms that a job may wait here. */
const patience = 50;

/** How fast one worker starts jobs, and so how many are worth claiming ahead. */
export class Pace {
  /** When a job started last, by the monotonic clock (ms). */
  at = 0;
  #starts = 0;
  #windowFrom = 0;
  #pace = 0;

  /** A job starts. */
  count(): void {
    const now = performance.now();
    const elapsed = now - this.#windowFrom;
    this.#starts += 1;
    this.at = now;
    if (elapsed < horizon) return;
    this.#pace = elapsed > 2 * horizon ? 0 : Math.floor((this.#starts * horizon) / elapsed);
    this.#windowFrom = now;
    this.#starts = 0;
  }

  /** How many more to claim than can start now when `size` wait already; none while that is more than half of what is worth it. */
  room(size: number): number {
    const idle = performance.now() - this.#windowFrom;
    const target = idle > 2 * horizon ? 0 : Math.min(2 * batchElements, this.#pace);
    return size > target / 2 ? 0 : target - size;
  }

  reset(): void {
    this.#pace = 0;
  }
}

/** What one worker has claimed ahead of one queue. */
export class Ahead {
  readonly #pace: Pace;
  readonly #giveBack: (job: Run) => void;
  #jobs: Run[] = [];
  #next = 0;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pace: Pace, giveBack: (job: Run) => void) {
    this.#pace = pace;
    this.#giveBack = giveBack;
  }

  /** How many jobs wait. */
  get size(): number {
    return this.#jobs.length - this.#next;
  }

  add(jobs: readonly Run[]): void {
    if (jobs.length === 0) return;
    this.#jobs = [...this.#jobs.slice(this.#next), ...jobs];
    this.#next = 0;
    this.#since = performance.now();
    this.#timer ??= setTimeout(() => this.#check(), patience);
  }

  /** The next job to start, if there is one. */
  shift(): Run | undefined {
    const job = this.#jobs[this.#next];
    if (!job) return undefined;
    this.#next += 1;
    this.#pace.count();
    return job;
  }

  #check(): void {
    this.#timer = undefined;
    if (this.size === 0) return;
    const left = this.#since + patience - performance.now();
    if (left > 0) this.#timer = setTimeout(() => this.#check(), left);
    else this.giveBack();
  }

  /** Hands back what has not started, in order. */
  giveBack(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pace.reset();
    for (const job of this.#jobs.splice(0).slice(this.#next)) this.#giveBack(job);
    this.#next = 0;
  }

  /** Forgets what is under a lease that died. */
  drop(lease: Lease): void {
    this.#jobs = this.#jobs.slice(this.#next).filter((job) => job.lease !== lease);
    this.#next = 0;
  }

  /** Takes one out that is not to start; by its token or, without one, whatever token it has. */
  remove(id: JobId, token?: Token): Run | undefined {
    const at = this.#jobs.findIndex(
      (job, place) =>
        place >= this.#next && job.id === id && (token === undefined || job.token === token),
    );
    return at < 0 ? undefined : this.#jobs.splice(at, 1)[0];
  }

  holds(id: JobId, token: Token): boolean {
    return this.#jobs.some((job, at) => at >= this.#next && job.id === id && job.token === token);
  }

  heldUnder(lease: Lease): number {
    return this.#jobs.filter((job, at) => at >= this.#next && job.lease === lease).length;
  }
}
