// Claim-ahead: jobs that were claimed but wait for a free slot of this worker, so that short handlers get full
// batches at any concurrency. As many are claimed ahead as started within the last 10 ms of work, so none for long handlers;
// what has not started after 50 ms is handed back, so that no idle worker waits for it. A handler that blocks the event loop
// keeps what was claimed ahead while it blocks: after one, none is claimed ahead for ten times as long.
import type { Lease } from './lease.js';
import { tokenNumber } from './claimed.js';
import { batchElements } from './options.js';
import type { Run } from './run.js';
import type { JobId, Token } from './script.js';

/** ms over which starts are counted, and ms of work that are claimed ahead. */
const horizon = 10;
/** ms that a job is believed to take at least. */
const shortest = 0.005;
/** ms that a job may wait here. */
const patience = 50;
/** ms without a handler after which what was seen counts no more. */
const memory = 1_000;
/** ms of CPU that are used while jobs wait only by a handler that blocks the event loop: a machine that is busy otherwise gives none. */
const blockage = 2 * patience;
/** How many times as long as the event loop was blocked nothing is claimed ahead. */
const penance = 10;

/** Time (ms) in which one worker works at jobs: not that without a handler, nor that in which the process was given no core. */
class WorkClock {
  #before = 0;
  /** Since when handlers run; undefined while none does. */
  #since: number | undefined;
  #loop = performance.eventLoopUtilization();
  #cpu = process.cpuUsage();
  #measuredAt = Number.NEGATIVE_INFINITY;

  get stopped(): boolean {
    return this.#since === undefined;
  }

  start(now: number): void {
    if (now - this.#measuredAt > horizon) this.#measure(now);
    this.#since = now;
  }

  stop(now: number): void {
    this.#before = this.at(now);
    this.#since = undefined;
  }

  at(now: number): number {
    if (this.#since === undefined) return this.#before;
    const passed = now - this.#since;
    if (passed < horizon) return this.#before + passed;
    this.#before += Math.max(0, passed - this.#measure(now));
    this.#since = now;
    return this.#before;
  }

  /** Since it was called last: while the event loop was busy without using the CPU, it waited for a core (ms). */
  #measure(now: number): number {
    this.#measuredAt = now;
    const { active } = performance.eventLoopUtilization(this.#loop);
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#loop = performance.eventLoopUtilization();
    this.#cpu = process.cpuUsage();
    return Math.max(0, active - (user + system) / 1_000);
  }
}

/** How fast one worker starts jobs, and so how many are worth claiming ahead. */
export class Pace {
  /** When a job started last, by the monotonic clock (ms). */
  at = Number.NEGATIVE_INFINITY;
  readonly #work = new WorkClock();
  #restsUntil = 0;
  #starts = 0;
  /** When the starts began to be counted, by the work clock, and by the monotonic one. */
  #windowFrom = 0;
  #openedAt = 0;
  #pace = 0;

  /** A job starts now. */
  count(now: number): void {
    if (this.#work.stopped) {
      if (now - this.at > memory) {
        this.reset();
        this.#openedAt = now;
        this.#starts = 0;
      }
      this.#work.start(now);
    }
    this.#starts += 1;
    this.at = now;
    const worked = this.#work.at(now) - this.#windowFrom;
    if (worked < horizon && now - this.#openedAt < horizon) return;
    const each = Math.max(worked / this.#starts, shortest);
    this.#pace = worked > 2 * horizon ? 0 : Math.floor(horizon / each);
    this.#windowFrom += worked;
    this.#openedAt = now;
    this.#starts = 0;
  }

  /**
   * No handler runs any more. The time until the next start says nothing of how long jobs take: where many workers share a machine or
   * a server, each waits longer for its claims than its jobs run, and would else claim ever less.
   */
  idle(now: number): void {
    if (!this.#work.stopped) this.#work.stop(now);
  }

  /** How many more to claim than can start now when `size` wait already; none while that is more than half of what is worth it. */
  room(size: number): number {
    const now = performance.now();
    const resting = now < this.#restsUntil || this.#work.at(now) - this.#windowFrom > 2 * horizon;
    const target = resting ? 0 : Math.min(2 * batchElements, this.#pace);
    return size > target / 2 ? 0 : target - size;
  }

  reset(): void {
    this.#pace = 0;
  }

  /** Nothing is worth claiming ahead for so many ms. */
  rest(ms: number): void {
    this.#restsUntil = Math.max(this.#restsUntil, performance.now() + ms);
  }
}

/** What one worker has claimed ahead of one queue. */
export class Ahead {
  readonly #pace: Pace;
  readonly #giveBack: (job: Run) => void;
  #jobs: Run[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What this process had used of the CPU when the timer was set. */
  #cpu: NodeJS.CpuUsage | undefined;

  constructor(pace: Pace, giveBack: (job: Run) => void) {
    this.#pace = pace;
    this.#giveBack = giveBack;
  }

  get #waiting(): Run[] {
    return this.#jobs.slice(this.#next);
  }

  /** Number of the claim of the first that is no suspect. */
  get oldest(): number | undefined {
    const job = this.#jobs[this.#next + this.suspects];
    return job && tokenNumber(job.token);
  }

  /** How many jobs wait. */
  get size(): number {
    return this.#jobs.length - this.#next;
  }

  /** How many of them were lost with a worker before. */
  get suspects(): number {
    let at = this.#next;
    while (this.#jobs[at]?.row.suspect) at += 1;
    return at - this.#next;
  }

  /** Suspects, which come alone, go before all others: they were claimed for a slot that is free. */
  add(jobs: readonly Run[]): void {
    if (jobs.length === 0) return;
    const now = performance.now();
    for (const job of jobs) job.waitsSince = now;
    const first = this.#waiting;
    const others = first.splice(jobs[0]?.row.suspect ? this.suspects : first.length);
    this.#jobs = [...first, ...jobs, ...others];
    this.#next = 0;
    if (!this.#timer) this.#await(patience);
  }

  /**
   * The next job to start. None when it has waited for too long: the event loop was blocked, and the next handler may block it as well
   * before anything can be handed back.
   */
  shift(): Run | undefined {
    const job = this.#jobs[this.#next];
    if (!job) return undefined;
    const now = performance.now();
    if (now - job.waitsSince > patience) {
      this.#overdue();
      return undefined;
    }
    this.#next += 1;
    this.#pace.count(now);
    return job;
  }

  #check(): void {
    this.#timer = undefined;
    if (this.size === 0) return;
    const waited = performance.now() - Math.min(...this.#waiting.map((job) => job.waitsSince));
    if (waited < patience) this.#await(patience - waited);
    else this.#overdue();
  }

  #await(ms: number): void {
    this.#timer = setTimeout(() => this.#check(), ms);
    this.#cpu = process.cpuUsage();
  }

  #overdue(): void {
    const { user, system } = process.cpuUsage(this.#cpu);
    const used = (user + system) / 1_000;
    if (used > blockage) this.#pace.rest(penance * used);
    this.giveBack();
  }

  /** Hands back what has not started, in order. */
  giveBack(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pace.reset();
    const jobs = this.#waiting;
    this.#jobs = [];
    this.#next = 0;
    for (const job of jobs) this.#giveBack(job);
  }

  /** Forgets what is under a lease that died. */
  drop(lease: Lease): void {
    this.#jobs = this.#waiting.filter((job) => job.lease !== lease);
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
