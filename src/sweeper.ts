// The maintenance of a queue, done by one of its workers at a time: what is due is promoted, expired or evicted, jobs of
// dead leases are reclaimed, dependents told, silent callers forgotten. Each call is bounded and repeated while it has more to do.
import type { Connection } from './connection.js';
import { sleep } from './deadline.js';
import { isPassing } from './errors.js';
import { executeOne } from './execute.js';
import type { Family } from './family.js';
import type { QueueKeys } from './keys.js';
import type { WorkerSettings } from './options.js';
import { Outages } from './outages.js';
import { encodeFailure, encodeReason } from './outcome.js';
import { failAge } from './record.js';
import type { Rota } from './rota.js';
import { callOf, type Age, type Call, type JobId } from './script.js';
import * as scripts from './scripts.js';

/** Most jobs of one step. */
const stepElements = 256;
/** Part of the time that evicting may take of the server, while it keeps up. */
const evictShare = 0.05;
/** Longest rest (ms) between two steps, after a slow one. */
const longestRest = 1_000;
/** Shortest rest (ms) until leases that were spared are looked at again. */
const shortestRest = 250;
/** Most jobs of a step that takes many commands for each. */
const shortStep = 128;
/** ms after which a silent caller and a worker that has gone are forgotten. */
const silence = 3_600_000;
/** ms between two steps through callers and workers. */
const tidyInterval = 60_000;

/** Name of a chore. */
const sparing = 'sparing';

export interface SweepHooks {
  /** A job was lost with its worker and may be claimed again. */
  readonly stalled: (id: JobId) => void;
  /** A job has failed that this worker did not run: it was lost too often, or has expired. */
  readonly condemned: (id: JobId, error: Error) => void;
  /** The next delayed job is due in so many ms. */
  readonly due: (ms: number) => void;
  /** Jobs have ended that no worker ran. */
  readonly ended: (as: 'failed' | 'cancelled', jobs: number) => void;
  /** Its period has passed again. */
  readonly tick: () => void;
  readonly error: (error: unknown) => void;
}

export class Sweeper {
  readonly #connection: Connection;
  readonly #queue: string;
  readonly #keys: QueueKeys;
  readonly #family: Family;
  readonly #settings: WorkerSettings;
  readonly #hooks: SweepHooks;
  readonly #rota: Rota;
  /** Leaves the rota; undefined while it is stopped. */
  #leave: (() => void) | undefined;
  #sweeping: Promise<boolean> | undefined;
  /** How far the pass through callers and workers has come. */
  #tidied = { cursor: '0', place: '0' };
  #tidiedAt = performance.now();
  #expiring: Promise<void> | undefined;
  /** What is done in the background, by name. */
  readonly #chores = new Map<string, Promise<void>>();
  #stopped = new AbortController();
  readonly #outages: Outages;

  constructor(
    connection: Connection,
    queue: string,
    family: Family,
    settings: WorkerSettings,
    rota: Rota,
    hooks: SweepHooks,
  ) {
    this.#connection = connection;
    this.#queue = queue;
    this.#keys = family.keysOf(queue);
    this.#family = family;
    this.#settings = settings;
    this.#rota = rota;
    this.#outages = new Outages(settings.lockDuration, settings.lockRenewTime);
    this.#hooks = hooks;
  }

  /**
   * Sweeps as soon as there is a connection, and then each period. Resolves to whether the first sweep found something to do, when that is
   * done: what it had to spare in leases that have ended, too.
   */
  async start(): Promise<boolean> {
    if (this.#leave) return false;
    this.#stopped = new AbortController();
    this.#leave = this.#rota.join(() => {
      this.#hooks.tick();
      void this.#tick();
    });
    await this.#connection.there(this.#stopped.signal);
    if (!this.#leave) return false;
    const found = await this.#tick();
    await this.#chores.get(sparing);
    return found;
  }

  async stop(): Promise<void> {
    this.#leave?.();
    this.#leave = undefined;
    this.#stopped.abort();
    await this.#sweeping;
    await this.#expiring;
    await Promise.all(this.#chores.values());
  }

  #tick(): Promise<boolean> {
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => {
        this.#hooks.error(error);
        return false;
      })
      .finally(() => {
        this.#sweeping = undefined;
      });
    return this.#sweeping;
  }

  #run<Reply>(call: Call<Reply>): Promise<Reply> {
    return executeOne(this.#connection, call);
  }

  /** Whether it found something to do. */
  async #sweep(): Promise<boolean> {
    if (!this.#connection.isReady) return false;
    const { stalledInterval: period } = this.#settings;
    const asked = performance.now();
    const { word, now, dueIn, chores } = await this.#run(
      callOf(scripts.sweep, this.#keys, { period }),
    );
    this.#outages.heard(now, asked, this.#lastOutage);
    if (word === 'early') return false;
    if (dueIn === 0) await this.#chore(() => this.#promote());
    else if (dueIn !== undefined) this.#hooks.due(dueIn);
    if (chores.reclaim > 0) await this.#chore(() => this.#reclaim());
    if (chores.expire > 0) await this.expire();
    if (chores.recheck > 0) await this.#chore(() => this.#recheck());
    if (chores.release > 0)
      this.#aside('telling', () => this.#family.track(this.#tellAll(), this.#hooks.error));
    if (chores.evict > 0) this.#aside('evicting', () => this.#evict());
    if (performance.now() - this.#tidiedAt >= tidyInterval) await this.#tidy();
    return dueIn === 0 || Object.values(chores).some((count) => count > 0);
  }

  async #tidy(): Promise<void> {
    const args = { ...this.#tidied, age: silence };
    this.#tidied = await this.#run(callOf(scripts.tidy, this.#keys, args));
    this.#tidiedAt = performance.now();
  }

  /** When the last outage that this worker knows of was over (ms, monotonic). */
  get #lastOutage(): number {
    return Math.max(this.#connection.connectedAt, this.#connection.troubledAt);
  }

  async #promote(): Promise<void> {
    const args = { limit: stepElements, timer: '' };
    for (;;) {
      const { moved, dueIn } = await this.#run(callOf(scripts.promote, this.#keys, args));
      if (moved === stepElements) continue;
      if (dueIn !== undefined) this.#hooks.due(dueIn);
      return;
    }
  }

  /** Takes jobs back from leases that have ended. What is to be spared for now follows as soon as it may. */
  async #reclaim(): Promise<void> {
    if (await this.#reclaimFair()) this.#aside(sparing, () => this.#reclaimSpared());
  }

  /** Whether jobs were left to leases that have ended. */
  async #reclaimFair(): Promise<boolean> {
    const latest = this.#outages.latestFair(this.#lastOutage);
    const { holding, spared } = await this.#run(callOf(scripts.lapse, this.#keys, { latest }));
    if (holding > 0) await this.#takeBack();
    return spared > 0;
  }

  async #reclaimSpared(): Promise<void> {
    const again = (error: unknown): boolean => {
      this.#hooks.error(error);
      return isPassing(error);
    };
    do {
      const grace = this.#outages.graceLeft(this.#lastOutage);
      await sleep(Math.max(shortestRest, grace), this.#stopped.signal);
    } while (this.#leave && (await this.#reclaimFair().catch(again)));
  }

  /** Takes all back from dead leases. */
  async #takeBack(): Promise<void> {
    let cursor = '0';
    do {
      const args = { cursor, losses: this.#settings.maxStalledCount };
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
    this.#family.tell(this.#queue, ids, (error) => this.#hooks.error(error));
  }

  /** Fails jobs that have not started by the end of their ttl, as many as there are. */
  expire(): Promise<void> {
    this.#expiring ??= this.#family.track(this.#expireAll(), this.#hooks.error).finally(() => {
      this.#expiring = undefined;
    });
    return this.#expiring;
  }

  async #expireAll(): Promise<void> {
    const args = { limit: shortStep, failure: encodeReason('expired') };
    for (;;) {
      const { expired, told } = await this.#run(callOf(scripts.expire, this.#keys, args));
      for (const id of expired) this.#hooks.condemned(id, new Error('expired'));
      this.#hooks.ended('failed', expired.length);
      this.#tell(told);
      if (expired.length === 0) return;
    }
  }

  async #recheck(): Promise<void> {
    while (await this.#family.recheck(this.#queue));
  }

  /** Does a chore. An error is told and keeps no other chore from being done, unless there is no server to do it. */
  async #chore(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isPassing(error)) throw error;
      this.#hooks.error(error);
    }
  }

  /** Does a chore in the background, once at a time, so that a long backlog keeps no other maintenance waiting. */
  #aside(chore: string, work: () => Promise<void>): void {
    if (this.#chores.has(chore)) return;
    const under = work()
      .catch((error: unknown) => this.#hooks.error(error))
      .finally(() => this.#chores.delete(chore));
    this.#chores.set(chore, under);
  }

  async #tellAll(): Promise<void> {
    while (this.#leave && (await this.#family.resume(this.#queue)));
  }

  /** Evicts all that is due, with pauses, so that claims hardly notice. */
  async #evict(): Promise<void> {
    const args = { limit: stepElements, completed: '', failed: '' } as const;
    while (this.#leave) {
      const start = performance.now();
      const { gone, seen, told } = await this.#run(callOf(scripts.evict, this.#keys, args));
      this.#tell(told);
      if (gone === 0 || seen < stepElements) return;
      const rest = (performance.now() - start) * (1 / evictShare - 1);
      await sleep(Math.min(rest, longestRest), this.#stopped.signal);
    }
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
