// What one client has counted of one queue since it was made, in memory: counting must cost a job nothing worth mentioning. What is
// counted here is told to Redis by reports.ts.

/** How many jobs, and how long they took. */
export interface Counters {
  /** Jobs added. */
  readonly added: number;
  /** Runs that began. */
  readonly started: number;
  /** Those of them that were the first of their job. */
  readonly firstStarts: number;
  /** Jobs that completed. */
  readonly completed: number;
  /** Jobs that failed for good: by their last attempt, lost too often, or expired. */
  readonly failed: number;
  /** Attempts that failed and will be repeated. */
  readonly retried: number;
  /** Jobs that were cancelled. */
  readonly cancelled: number;
  /**
   * ms from adding to the first start, a `delay` not counted, of all first starts together. A job that was put off or put back without a
   * failed attempt starts as one that never did.
   */
  readonly waitTime: number;
  /** ms that handlers ran, all together; those that still run included, as far as they were told. */
  readonly runTime: number;
}

/** In the order of the rows of `counters`. New ones come last: rows of clients that don't know them keep them. */
const names = [
  'added',
  'started',
  'firstStarts',
  'completed',
  'failed',
  'retried',
  'cancelled',
  'waitTime',
  'runTime',
] as const satisfies readonly (keyof Counters)[];

/** What ends jobs by the batch. */
export type BatchCount = 'added' | 'completed' | 'failed' | 'retried' | 'cancelled';

export class Tally implements Counters {
  added = 0;
  started = 0;
  firstStarts = 0;
  completed = 0;
  failed = 0;
  retried = 0;
  cancelled = 0;
  waitTime = 0;
  /** How many handlers run. */
  running = 0;
  /** The ends of runs less their beginnings. */
  #runTime = 0;
  #condemned = 0;
  /** Called when jobs are counted by the batch. */
  onCount: (() => void) | undefined;

  count(name: BatchCount, jobs: number): void {
    if (jobs === 0) return;
    this[name] += jobs;
    this.onCount?.();
  }

  /** Jobs have failed that no handler of this client ran. */
  condemn(jobs: number): void {
    this.#condemned += jobs;
    this.count('failed', jobs);
  }

  /** How many of the failed ones no handler of this client ran. */
  get condemned(): number {
    return this.#condemned;
  }

  /** A handler begins. Times are those of the monotonic clock (ms). */
  begins(now: number): void {
    this.started += 1;
    this.running += 1;
    this.#runTime -= now;
  }

  /** A handler has ended. */
  ends(now: number): void {
    this.running -= 1;
    this.#runTime += now;
  }

  /** ms that handlers ran, those that still run included: no job needs to remember when it began. */
  get runTime(): number {
    return Math.max(0, Math.floor(this.#runTime + this.running * performance.now()));
  }

  /** A job is there whose handler begins. */
  waited(job: {
    readonly attemptsMade: number;
    readonly stalledCounter: number;
    readonly processedOn: number | undefined;
    readonly timestamp: number;
    readonly opts: { readonly delay?: number };
  }): void {
    if (job.attemptsMade > 0 || job.stalledCounter > 0) return;
    this.firstStarts += 1;
    // Two clocks: the server's and the producer's.
    const wait = (job.processedOn ?? 0) - job.timestamp - (job.opts.delay ?? 0);
    if (wait > 0) this.waitTime += wait;
  }

  /** All of them, in order. */
  sums(): number[] {
    return names.map((name) => this[name]);
  }
}

/** What is in `sums` beyond `before`, as `report` takes it; '' for nothing. */
export function difference(sums: readonly number[], before: readonly number[]): string {
  const counts = sums.map((sum, at) => Math.max(0, sum - (before[at] ?? 0)));
  return counts.some((count) => count > 0) ? counts.join(' ') : '';
}

/** Reads a row of `counters`: a minute, then the counts. */
export function readCounters(row: string): { minute: number; counters: Counters } {
  const [minute = 0, ...counts] = row.split(' ').map(Number);
  const entries = names.map((name, at) => [name, counts[at] ?? 0]);
  return { minute, counters: Object.fromEntries(entries) };
}
