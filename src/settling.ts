// The settles of one round trip to a queue: what waits is sent, and each answer goes to who waits for it.
import type { QueueKeys } from './keys.js';
import { batchElements } from './options.js';
import type { LeaseHolder } from './lease-holder.js';
import type { RoundTrip } from './round-trip.js';
import type { JobId, ScriptName } from './script.js';
import type { SettleWord } from './scripts.js';
import { Settles, type SettleCall } from './settles.js';

export interface SettlingHooks {
  /** So many settles of a kind were accepted. */
  readonly settled: (by: ScriptName, jobs: number) => void;
  /** Jobs have ended whose dependents are to be told. */
  readonly ended: (ids: readonly JobId[]) => void;
}

export class Settling {
  readonly settles = new Settles();
  readonly #keys: QueueKeys;
  readonly #holder: LeaseHolder;
  readonly #hooks: SettlingHooks;

  constructor(keys: QueueKeys, holder: LeaseHolder, hooks: SettlingHooks) {
    this.#keys = keys;
    this.#holder = holder;
    this.#hooks = hooks;
  }

  /** Sends what waits; returns how many jobs that is. */
  join(trip: RoundTrip): number {
    let jobs = 0;
    for (const settle of this.settles.take(this.#keys)) {
      jobs += settle.size;
      trip.add(settle.call, (reply, resent) => this.#answered(settle, reply, resent));
    }
    const eviction = jobs > 0 ? this.settles.eviction(this.#keys) : undefined;
    trip.add(eviction, (reply) => {
      if (!reply) return;
      this.settles.crowded &&= reply.gone > 0 && reply.seen === batchElements;
      if (reply.told.length > 0) this.#hooks.ended(reply.told);
    });
    return jobs;
  }

  async #answered(
    { call, resolve }: SettleCall,
    reply: readonly SettleWord[] | undefined,
    resent: boolean,
  ): Promise<void> {
    if (!reply) return resolve(() => 'unknown');
    const echo = resent && reply.includes('lost') ? await this.#holder.echo() : undefined;
    const told: JobId[] = [];
    let settled = 0;
    resolve((index, { id, token }) => {
      const word = reply[index] ?? 'unknown';
      const result = word === 'lost' && echo ? echo(token) : word;
      if (result === 'releasing') told.push(id);
      else if (result !== 'settled') return result;
      settled += 1;
      return 'settled';
    });
    this.#hooks.settled(call.script.name, settled);
    if (told.length > 0) this.#hooks.ended(told);
  }
}
