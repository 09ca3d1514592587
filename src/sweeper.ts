// The maintenance of a queue, done by one of its workers at a time: what is due is promoted, jobs of dead
// leases are reclaimed, silent callers forgotten. Each call is bounded and repeated while it has more to do.
import type { Connection } from './connection.js';
import { executeOne } from './execute.js';
import type { QueueKeys } from './keys.js';
import type { WorkerSettings } from './options.js';
import { decodeTraits, encodeFailure } from './record.js';
import { callOf, type Call, type JobId } from './script.js';
import * as scripts from './scripts.js';

const promoteElements = 256;
/** ms after which the calls of a silent caller are forgotten. */
const callAge = 3_600_000;
/** ms between two steps through the calls. */
const tidyInterval = 60_000;
/** How far (ms) the server's clock may run against ours between two sweeps before it counts as a jump. */
const clockTolerance = 1_000;

export interface SweepHooks {
  /** A job was lost with its worker and may be claimed again. */
  readonly stalled: (id: JobId) => void;
  /** A job was lost too often and has failed. */
  readonly condemned: (id: JobId, error: Error) => void;
  /** The next delayed job is due in so many ms. */
  readonly due: (ms: number) => void;
  readonly error: (error: unknown) => void;
}

export class Sweeper {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #settings: WorkerSettings;
  readonly #hooks: SweepHooks;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #tidyCursor = '0';
  #tidiedAt = performance.now();
  /** Server time less ours at the last sweep. */
  #offset: number | undefined;
  /** Monotonic time before which no lease is declared dead. */
  #trustAfter = 0;

  constructor(
    connection: Connection,
    keys: QueueKeys,
    settings: WorkerSettings,
    hooks: SweepHooks,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#settings = settings;
    this.#hooks = hooks;
  }

  start(): void {
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#tick(), this.#settings.stalledInterval);
    this.#tick();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#sweeping;
  }

  #tick(): void {
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => this.#hooks.error(error))
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  #run<Reply>(call: Call<Reply>): Promise<Reply> {
    return executeOne(this.#connection, call);
  }

  async #sweep(): Promise<void> {
    if (!this.#connection.isReady) return;
    const { stalledInterval: period } = this.#settings;
    const { word, now, dueIn, lapsed } = await this.#run(
      callOf(scripts.sweep, this.#keys, { period }),
    );
    this.#watchClock(now);
    if (word === 'early') return;
    if (dueIn === 0) await this.#promote();
    else if (dueIn !== undefined) this.#hooks.due(dueIn);
    if (lapsed > 0) await this.#reclaim();
    if (performance.now() - this.#tidiedAt >= tidyInterval) await this.#tidy();
  }

  async #tidy(): Promise<void> {
    const args = { cursor: this.#tidyCursor, age: callAge };
    this.#tidyCursor = await this.#run(callOf(scripts.tidy, this.#keys, args));
    this.#tidiedAt = performance.now();
  }

  /** After an outage or a jump of the server's clock, workers get one lease period to renew. */
  #watchClock(now: number): void {
    const { lockDuration } = this.#settings;
    const offset = now - performance.now();
    const jumped = this.#offset !== undefined && Math.abs(offset - this.#offset) > clockTolerance;
    this.#offset = offset;
    if (jumped) this.#trustAfter = performance.now() + lockDuration;
  }

  #mayExpire(): boolean {
    const { connectedAt } = this.#connection;
    return (
      performance.now() >= Math.max(this.#trustAfter, connectedAt + this.#settings.lockDuration)
    );
  }

  async #promote(): Promise<void> {
    const args = { limit: promoteElements };
    for (;;) {
      const { moved, dueIn } = await this.#run(callOf(scripts.promote, this.#keys, args));
      if (moved === promoteElements) continue;
      if (dueIn !== undefined) this.#hooks.due(dueIn);
      return;
    }
  }

  async #reclaim(): Promise<void> {
    const expire = this.#mayExpire() ? 1 : 0;
    if ((await this.#run(callOf(scripts.lapse, this.#keys, { expire }))) === 0) return;
    let cursor = '0';
    do {
      const args = { cursor, losses: this.#settings.maxStalledCount };
      const page = await this.#run(callOf(scripts.reclaim, this.#keys, args));
      cursor = page.cursor;
      for (const id of page.suspects) this.#hooks.stalled(id);
      if (page.over.length > 0) await this.#condemn(page.over);
    } while (cursor !== '0');
    await this.#run(callOf(scripts.lapse, this.#keys, { expire: 0 }));
  }

  async #condemn(jobs: ReturnType<typeof scripts.reclaim.parse>['over']): Promise<void> {
    const error = new Error('job stalled more than allowable limit');
    delete error.stack;
    const failure = encodeFailure(error);
    const items = jobs.map(({ id, token, traits, attempts }) => {
      const forget = decodeTraits(traits).removeOnFail === true;
      return { id, token, attempts, failure: forget ? ('' as const) : failure };
    });
    const words = await this.#run(callOf(scripts.fail, this.#keys, {}, items));
    for (const [index, { id }] of jobs.entries())
      if (words[index] === 'settled') this.#hooks.condemned(id, error);
  }
}
