// A load on one queue, with a ledger: producers that note what was acknowledged, a worker that notes what ran and what was
// accepted. A fault comes over it; then it is judged, and told in one line:
//   fault=… jobs=… lost=… ran_twice=… accepted_twice=… refused=… recovery=… ms
import type { Redis } from 'ioredis';
import { defaultPrefix, queueKeys } from '../../src/keys.js';
import type { ConnectionOptions } from '../../src/client.js';
import { BulkError, QueueError } from '../../src/errors.js';
import type { WorkerOptions } from '../../src/options.js';
import type { Queue } from '../../src/queue.js';
import type { Worker } from '../../src/worker.js';
import { checkInvariants } from './invariants.js';
import { median, pause, until, type Live } from './live.js';

/** Times as many rounds of faults, for runs by hand. */
const factor = Number(process.env['LUNAQ_FAULT_ROUNDS'] ?? 1);
const batch = 10;
const producers = 2;
/** ms that a load may take to recover: much more than it takes, also on a busy machine. */
export const patience = 15_000;

/** ms that a test of a load may take. */
export const timeLimit = 40_000 * factor;

/** How often a fault is to come: `least` times, or by LUNAQ_FAULT_ROUNDS so many times that. */
export function rounds(least: number): number {
  return least * factor;
}

export interface LoadOptions {
  readonly connection?: ConnectionOptions;
  readonly worker?: WorkerOptions;
  /** ms that each handler takes. Default 2. */
  readonly work?: number;
  /** ms between two batches of one producer. Default 10. */
  readonly every?: number;
}

export interface Verdict {
  /** Acknowledged jobs. */
  readonly jobs: number;
  /** Acknowledged jobs that did not complete, as far as Redis knows. */
  readonly lost: readonly string[];
  readonly ranTwice: number;
  /** Jobs of which more than one completion was accepted. */
  readonly acceptedTwice: readonly string[];
  /** Jobs that were not added, by the code of the error. */
  readonly refused: ReadonlyMap<string, number>;
  /** Attempts that were counted as failed, and jobs that failed: no handler did. */
  readonly failures: number;
  /** Invariants that do not hold. */
  readonly violations: readonly string[];
}

/** Also where a server forgot something: no attempt was burnt, and what is left fits together. */
export const consistent = { failures: 0, violations: [] } satisfies Partial<Verdict>;
/** Nothing that was acknowledged is lost, and one completion of each job was accepted. */
export const unharmed = {
  ...consistent,
  lost: [],
  acceptedTwice: [],
} satisfies Partial<Verdict>;

export class Load {
  readonly queue: Queue;
  readonly worker: Worker;
  /** When jobs were acknowledged (monotonic clock, ms). */
  readonly acknowledged: Map<string, number> = new Map();
  /** When completions of a job were accepted. */
  readonly accepted: Map<string, number[]> = new Map();
  readonly #live: Live;
  readonly #every: number;
  readonly #runs: Map<string, number> = new Map();
  readonly #refused: Map<string, number> = new Map();
  readonly #recoveries: number[] = [];
  #producing: Promise<unknown>[] = [];
  /** Number of the next batch: the first part of its ids. */
  #next = 0;
  /** Number of the newest batch of which a job has completed. */
  #newest = -1;
  #on = true;

  constructor(live: Live, options: LoadOptions = {}) {
    this.#live = live;
    const { connection = live.as('everything'), work = 2 } = options;
    this.#every = options.every ?? 10;
    this.queue = live.queue({ connection });
    this.worker = live.worker(
      async ({ id }) => {
        this.#runs.set(id, (this.#runs.get(id) ?? 0) + 1);
        await pause(work);
      },
      { connection, concurrency: 20, ...options.worker },
    );
    this.worker.on('completed', ({ id }) => {
      this.accepted.set(id, [...(this.accepted.get(id) ?? []), performance.now()]);
      this.#newest = Math.max(this.#newest, Number.parseInt(id, 10) || 0);
    });
    this.produce();
  }

  /** Adds until `hush`. */
  produce(): void {
    this.#on = true;
    this.#producing = Array.from({ length: producers }, () => this.#produce());
  }

  /** Adds no more; resolves when each add was answered. */
  async hush(): Promise<void> {
    this.#on = false;
    await Promise.all(this.#producing);
  }

  async #produce(): Promise<void> {
    while (this.#on && !this.#live.ending) {
      const number = this.#next;
      this.#next += 1;
      const ids = Array.from({ length: batch }, (_, i) => `${number}-${i}`);
      const jobs = ids.map((jobId) => ({ name: 'job', data: number, opts: { jobId } }));
      const added = this.queue.addBulk(jobs).then(
        () => ids,
        (error: unknown) => this.#refusals(ids, error),
      );
      for (const id of await added) this.acknowledged.set(id, performance.now());
      await pause(this.#every);
    }
  }

  /** Counts what was refused; the ids of what was not. */
  #refusals(ids: readonly string[], thrown: unknown): string[] {
    if (!(thrown instanceof BulkError)) throw thrown;
    return ids.filter((_, at) => {
      const outcome = thrown.outcomes[at];
      if (!outcome || 'job' in outcome) return true;
      const code = outcome.error instanceof QueueError ? outcome.error.code : outcome.error.name;
      this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
      return false;
    });
  }

  /** Whether all of these jobs were acknowledged, or their first completion accepted, after this time: it may be in what a server forgot. */
  onlyAfter(time: number, { lost, acceptedTwice }: Verdict): boolean {
    const added = lost.every((id) => (this.acknowledged.get(id) ?? 0) > time);
    return added && acceptedTwice.every((id) => (this.accepted.get(id)?.[0] ?? 0) > time);
  }

  /** Jobs that were refused with this code. */
  refused(code: string): number {
    return this.#refused.get(code) ?? 0;
  }

  /** Waits until so many more jobs have completed. */
  async flows(jobs = 200): Promise<void> {
    const goal = this.accepted.size + jobs;
    await until(() => this.accepted.size >= goal, patience, `${jobs} more jobs completed`);
  }

  /** Waits until a job that is added from now on has completed: everything works again. How long that took is told with the verdict. */
  async recovers(since = performance.now()): Promise<void> {
    const from = this.#next;
    await until(() => this.#newest >= from, patience, 'a job added after the fault completed');
    this.#recoveries.push(performance.now() - since);
  }

  /**
   * Ends the load once all that Redis knows of has completed, and judges it.
   */
  async judge(fault: string, redis: Redis = this.#live.redis): Promise<Verdict> {
    await this.hush();
    const { name } = this.queue;
    const keys = queueKeys(name, defaultPrefix);
    const open = async (): Promise<number> => {
      const { waiting, active, delayed } = await this.queue.getJobCounts();
      return waiting + active + delayed;
    };
    await until(async () => (await open()) === 0, patience, 'all jobs have ended');
    await this.worker.close();
    const completed = new Set(await redis.zrange(keys.completed, '0', '-1'));
    const verdict: Verdict = {
      jobs: this.acknowledged.size,
      lost: [...this.acknowledged.keys()].filter((id) => !completed.has(id)),
      ranTwice: [...this.#runs.values()].filter((count) => count > 1).length,
      acceptedTwice: [...this.accepted].filter(([, times]) => times.length > 1).map(([id]) => id),
      refused: this.#refused,
      failures: (await redis.hlen(keys.attempts)) + (await redis.zcard(keys.failed)),
      violations: await checkInvariants(redis, name),
    };
    tellFault(fault, verdict, this.#recoveries);
    return verdict;
  }
}

/** Prints the line of a fault. `recoveries`: ms, of each time that it came. */
export function tellFault(
  fault: string,
  { jobs, lost, ranTwice, acceptedTwice, refused }: Omit<Verdict, 'failures' | 'violations'>,
  recoveries: readonly number[],
): void {
  const codes = [...refused].map(([code, count]) => `${code}:${count}`).join(',');
  const longest = recoveries.length > 0 ? Math.max(...recoveries).toFixed(0) : '-';
  const middle = recoveries.length > 2 ? `, median ${median(recoveries).toFixed(0)}` : '';
  const of = recoveries.length > 1 ? ` (longest of ${recoveries.length}${middle})` : '';
  console.log(
    `fault=${fault} jobs=${jobs} lost=${lost.length} ran_twice=${ranTwice} ` +
      `accepted_twice=${acceptedTwice.length} refused=${codes || 0} recovery=${longest} ms${of}`,
  );
}
