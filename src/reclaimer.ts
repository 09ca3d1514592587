// Takes jobs back from workers that have died: their leases are declared dead, and what these held may be claimed again, but for jobs
// that were lost too often, or were asked to stop, which end.
import type { Connection } from './connection.js';
import { executeOne } from './execute.js';
import type { Family } from './family.js';
import type { QueueKeys } from './keys.js';
import type { WorkerSettings } from './options.js';
import { Outages } from './outages.js';
import { encodeFailure } from './outcome.js';
import { failAge } from './record.js';
import { callOf, type Age, type Call, type JobId } from './script.js';
import * as scripts from './scripts.js';

export interface ReclaimHooks {
  /** A job was lost with its worker and may be claimed again. */
  readonly stalled: (id: JobId) => void;
  /** A job has failed that this worker did not run. */
  readonly condemned: (id: JobId, error: Error) => void;
  /** Jobs have ended that no worker ran. */
  readonly ended: (as: 'failed' | 'cancelled', jobs: number) => void;
  readonly error: (error: unknown) => void;
}

export class Reclaimer {
  readonly #connection: Connection;
  readonly #queue: string;
  readonly #keys: QueueKeys;
  readonly #family: Family;
  readonly #losses: number;
  readonly #hooks: ReclaimHooks;
  readonly #outages: Outages;
  /** When the last sweep was asked for that has told of outages (ms, monotonic). */
  #toldAt = performance.now();

  constructor(
    connection: Connection,
    queue: string,
    family: Family,
    { maxStalledCount, lockDuration, lockRenewTime }: WorkerSettings,
    hooks: ReclaimHooks,
  ) {
    this.#connection = connection;
    this.#queue = queue;
    this.#keys = family.keysOf(queue);
    this.#family = family;
    this.#losses = maxStalledCount;
    this.#hooks = hooks;
    this.#outages = new Outages(lockDuration, lockRenewTime);
  }

  /** What a sweep tells of outages. */
  get news(): { gap: number; outage: 0 | 1 } {
    return { gap: this.#outages.gap, outage: this.#connection.troubledAt > this.#toldAt ? 1 : 0 };
  }

  /**
   * A sweep was answered with the server's time (ms). `asked`: when it was asked for (ms, monotonic); `steady`: for how long (ms) sweeps have
   * followed each other, undefined when it was too early.
   */
  heard(now: number, asked: number, steady: number | undefined): void {
    if (steady !== undefined) this.#toldAt = asked;
    this.#outages.heard(now, asked, this.#lastOutage, steady ?? 0);
  }

  /** ms until no lease that has ended is to be spared; 0 or less when none is. */
  get graceLeft(): number {
    return this.#outages.graceLeft(this.#lastOutage);
  }

  /** When the last outage that this worker knows of was over (ms, monotonic). */
  get #lastOutage(): number {
    return Math.max(this.#connection.connectedAt, this.#connection.troubledAt);
  }

  #run<Reply>(call: Call<Reply>): Promise<Reply> {
    return executeOne(this.#connection, call);
  }

  /** Takes all jobs back that it may. Resolves to whether some were left to leases that have ended and are to be spared for now. */
  async reclaim(): Promise<boolean> {
    for (;;) {
      const latest = this.#outages.latestFair(this.#lastOutage);
      const call = callOf(scripts.lapse, this.#keys, { latest });
      const { holding, spared, more } = await this.#run(call);
      if (holding > 0) await this.#takeBack();
      if (!more) return spared > 0;
    }
  }

  /** Takes all back from dead leases. */
  async #takeBack(): Promise<void> {
    let cursor = '0';
    do {
      const args = { cursor, losses: this.#losses };
      const page = await this.#run(callOf(scripts.reclaim, this.#keys, args));
      cursor = page.cursor;
      for (const id of page.suspects) this.#hooks.stalled(id);
      await this.#condemn(page.over.filter(({ settle }) => settle === 'fail'));
      await this.#stop(page.over.filter(({ settle }) => settle === 'stop'));
    } while (cursor !== '0');
    // Those that hold nothing now go.
    await this.#run(callOf(scripts.lapse, this.#keys, { latest: 0 }));
  }

  /** Fails jobs that were lost too often, under the tokens of their dead leases. */
  async #condemn(jobs: readonly OverJob[]): Promise<void> {
    const error = new Error('job stalled more than allowable limit');
    delete error.stack;
    const failure = encodeFailure(error);
    for (const [age, group] of byAge(jobs)) {
      const items = group.map(({ id, token, attempts }) => ({ id, token, attempts, failure }));
      const words = await this.#run(callOf(scripts.fail, this.#keys, { age }, items));
      for (const [at, { id }] of group.entries())
        if (words[at] !== 'lost') this.#hooks.condemned(id, error);
      this.#hooks.ended('failed', words.filter((word) => word !== 'lost').length);
      this.#tell(group.filter((_, at) => words[at] === 'releasing').map(({ id }) => id));
    }
  }

  /** Ends jobs that were asked to stop and then lost, in the same way. */
  async #stop(jobs: readonly OverJob[]): Promise<void> {
    for (const [age, group] of byAge(jobs)) {
      const items = group.map(({ id, token }) => ({ id, token }));
      const words = await this.#run(callOf(scripts.stop, this.#keys, { age }, items));
      this.#hooks.ended('cancelled', words.filter((word) => word !== 'lost').length);
      this.#tell(group.filter((_, at) => words[at] === 'releasing').map(({ id }) => id));
    }
  }

  #tell(ids: readonly JobId[]): void {
    this.#family.tell(this.#queue, ids, this.#hooks.error);
  }
}

type OverJob = ReturnType<typeof scripts.reclaim.parse>['over'][number];

/** Jobs by how long they stay when they have failed. */
function byAge(jobs: readonly OverJob[]): Map<Age | '', OverJob[]> {
  const groups = new Map<Age | '', OverJob[]>();
  for (const job of jobs) {
    const age = failAge(job.traits);
    const group = groups.get(age);
    if (group) group.push(job);
    else groups.set(age, [job]);
  }
  return groups;
}
