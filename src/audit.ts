// Once per renewal a worker asks what is under its lease. Jobs that were asked to stop are told; what is under the lease but not in
// hand was claimed by a call whose answer never came: it is handed back.
import { strays } from './claimed.js';
import type { Connection } from './connection.js';
import type { QueueKeys } from './keys.js';
import type { Lease } from './lease.js';
import type { RoundTrip } from './round-trip.js';
import type { JobId, Token } from './script.js';
import type { RenewReply } from './scripts.js';

export interface AuditHooks {
  /** Jobs under this lease were asked to stop. */
  readonly stop: (ids: readonly JobId[], lease: Lease) => void;
  /** Whether the worker holds this job under this token, started or not. */
  readonly holds: (id: JobId, token: Token) => boolean;
  readonly giveBack: (id: JobId, token: Token) => void;
  /** It is over: what was under the lease and not in hand goes back, as far as it could be found. */
  readonly done: () => void;
  readonly error: (error: unknown) => void;
}

export class Audit {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #period: number;
  readonly #hooks: AuditHooks;
  #last = performance.now();
  /** Whether it is to be done at the next round trip, due or not. */
  asked = false;

  /** `period`: ms between two audits. */
  constructor(connection: Connection, keys: QueueKeys, period: number, hooks: AuditHooks) {
    this.#connection = connection;
    this.#keys = keys;
    this.#period = period;
    this.#hooks = hooks;
  }

  /**
   * Adds its call, if one is due or was asked for. `expected`: how many jobs should be under the lease when the calls before it
   * were done; `newest`: number of the newest claim that may have strays.
   */
  join(trip: RoundTrip, lease: Lease, expected: () => number, newest: () => number): void {
    const now = performance.now();
    if (!this.asked && now - this.#last < this.#period) return;
    this.#last = now;
    this.asked = false;
    const count = expected();
    trip.add(lease.renewal(), (reply) => this.#answered(lease, reply, count, newest()));
  }

  async #answered(
    lease: Lease,
    reply: RenewReply | undefined,
    expected: number,
    newest: number,
  ): Promise<void> {
    if (reply?.word === 'dead') lease.die();
    if (reply?.word !== 'alive') return;
    if (reply.stops.length > 0) this.#hooks.stop(reply.stops, lease);
    if (reply.held > expected) await this.#giveBackStrays(lease, newest).catch(this.#hooks.error);
    this.#hooks.done();
  }

  async #giveBackStrays(lease: Lease, newest: number): Promise<void> {
    for (const { id, token } of await strays(this.#connection, this.#keys, lease, newest))
      if (!this.#hooks.holds(id, token)) this.#hooks.giveBack(id, token);
  }
}
