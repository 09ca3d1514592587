// The maintenance of a queue, done by one of its workers at a time: what is due is promoted, expired or evicted, jobs of
// dead leases are reclaimed, dependents told, silent callers forgotten. Each call is bounded and repeated while it has more to do.
import type { Connection } from './connection.js';
import { sleep } from './deadline.js';
import { isPassing } from './errors.js';
import { executeOne } from './execute.js';
import type { Family } from './family.js';
import type { QueueKeys } from './keys.js';
import type { WorkerSettings } from './options.js';
import { encodeReason } from './outcome.js';
import { Reclaimer, type ReclaimHooks } from './reclaimer.js';
import type { Rota } from './rota.js';
import { callOf, type Call } from './script.js';
import * as scripts from './scripts.js';

/** Most jobs of one step. */
const stepElements = 256;
/** Part of the time that a long chore may take of the server, while it keeps up. */
const choreShare = 0.05;
/** Longest rest (ms) between two steps, after a slow one. */
const longestRest = 1_000;
/** Shortest rest (ms) until leases that were spared are looked at again. */
const shortestRest = 250;
/** Most jobs of a step that takes many commands for each. */
const shortStep = 128;
/** ms after which a silent caller and a worker that has gone are forgotten. */
const silence = 3_600_000;
/** How many of a sample are to be forgotten that another one is worth while. */
const tidyAgain = 25;

/** Name of a chore. */
const sparing = 'sparing';

export interface SweepHooks extends ReclaimHooks {
  /** The next delayed job is due in so many ms. */
  readonly due: (ms: number) => void;
  /** Eviction falls behind. */
  readonly crowded: () => void;
  /** Its period has passed again. */
  readonly tick: () => void;
}

export class Sweeper {
  readonly #connection: Connection;
  readonly #queue: string;
  readonly #keys: QueueKeys;
  readonly #family: Family;
  readonly #period: number;
  readonly #hooks: SweepHooks;
  readonly #rota: Rota;
  /** Leaves the rota; undefined while it is stopped. */
  #leave: (() => void) | undefined;
  #sweeping: Promise<boolean> | undefined;
  #expiring: Promise<void> | undefined;
  /** What is done in the background, by name. */
  readonly #chores = new Map<string, Promise<void>>();
  #stopped = new AbortController();
  readonly #reclaimer: Reclaimer;

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
    this.#period = settings.stalledInterval;
    this.#rota = rota;
    this.#reclaimer = new Reclaimer(connection, queue, family, settings, hooks);
    this.#hooks = hooks;
  }

  /**
   * Sweeps as soon as there is a connection, and then each period. Resolves to whether the first sweep found something to do, when that is
   * done: what it had to spare in leases that have ended, too. `whoever`: that one is made whoever has swept just before.
   */
  async start(whoever: boolean): Promise<boolean> {
    if (this.#leave) return false;
    this.#stopped = new AbortController();
    this.#leave = this.#rota.join(() => {
      this.#hooks.tick();
      void this.#tick();
    });
    await this.#connection.there(this.#stopped.signal);
    if (!this.#leave) return false;
    const found = await this.#tick(whoever ? 0 : this.#period);
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

  #tick(period = this.#period): Promise<boolean> {
    this.#sweeping ??= this.#sweep(period)
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
  async #sweep(period: number): Promise<boolean> {
    if (!this.#connection.isReady) return false;
    const asked = performance.now();
    const args = { period, ...this.#reclaimer.news };
    const { word, now, dueIn, steady, chores, crowded } = await this.#run(
      callOf(scripts.sweep, this.#keys, args),
    );
    this.#reclaimer.heard(now, asked, steady);
    if (word === 'early') return false;
    if (dueIn === 0) await this.#chore(() => this.#promote());
    else if (dueIn !== undefined) this.#hooks.due(dueIn);
    if (chores.reclaim > 0) await this.#chore(() => this.#reclaim());
    if (chores.expire > 0) await this.expire();
    if (chores.recheck > 0) await this.#chore(() => this.#recheck());
    if (chores.release > 0)
      this.#aside('telling', () => this.#family.track(this.#tellAll(), this.#hooks.error));
    if (chores.evict > 0) this.#aside('evicting', () => this.#evict());
    if (crowded) this.#hooks.crowded();
    if (word === 'untidy') this.#aside('tidying', () => this.#tidy());
    return dueIn === 0 || Object.values(chores).some((count) => count > 0);
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
    if (await this.#reclaimer.reclaim()) this.#aside(sparing, () => this.#reclaimSpared());
  }

  async #reclaimSpared(): Promise<void> {
    const again = (error: unknown): boolean => {
      this.#hooks.error(error);
      return isPassing(error);
    };
    do {
      // Somebody else may take them back sooner.
      const rest = Math.min(this.#period, this.#reclaimer.graceLeft);
      await sleep(Math.max(shortestRest, rest), this.#stopped.signal);
    } while (this.#leave && (await this.#reclaimer.reclaim().catch(again)));
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
      this.#family.tell(this.#queue, told, this.#hooks.error);
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

  #evict(): Promise<void> {
    const args = { limit: stepElements, completed: '', failed: '' } as const;
    return this.#gently(async () => {
      const { gone, seen, told } = await this.#run(callOf(scripts.evict, this.#keys, args));
      this.#family.tell(this.#queue, told, this.#hooks.error);
      return gone > 0 && seen === stepElements;
    });
  }

  #tidy(): Promise<void> {
    const call = callOf(scripts.tidy, this.#keys, { age: silence });
    return this.#gently(async () => (await this.#run(call)) >= tidyAgain);
  }

  /** Repeats a step while there is more to do, with pauses, so that claims hardly notice. */
  async #gently(step: () => Promise<boolean>): Promise<void> {
    while (this.#leave) {
      const start = performance.now();
      if (!(await step())) return;
      const rest = (performance.now() - start) * (1 / choreShare - 1);
      await sleep(Math.min(rest, longestRest), this.#stopped.signal);
    }
  }
}
