// One running worker's right to hold jobs. A lease is opened under a fresh id, kept alive by the renewer,
// and closed; once dead it never lives again, so a worker that goes on opens a new one.
import { Caller, randomText } from './caller.js';
import type { Connection } from './connection.js';
import { deadlineIn } from './deadline.js';
import { execute, executeOne } from './execute.js';
import { LeaseLostError, QueueError } from './errors.js';
import type { QueueKeys } from './keys.js';
import type { WorkerSettings } from './options.js';
import { registration } from './registry.js';
import { Renewer } from './renewer.js';
import { callOf, type Call, type JobId, type LeaseId, type Token } from './script.js';
import * as scripts from './scripts.js';

/**
 * With `:` and 16 digits a token is longer than 64 bytes, so `active` is never a listpack, which Redis searches from end to end:
 * with up to 512 jobs in hand each cost about twice the Redis CPU.
 */
const leaseIdLength = 48;

export class Lease {
  readonly caller: Caller;
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #period: number;
  readonly #renewer: Renewer;
  readonly #lost = new AbortController();
  readonly #over = new AbortController();

  private constructor(connection: Connection, keys: QueueKeys, caller: Caller, period: number) {
    this.#connection = connection;
    this.#keys = keys;
    this.caller = caller;
    this.#period = period;
    this.#renewer = Renewer.of(connection);
  }

  /**
   * Opens a lease under a fresh id; `onHolds` hears at renewals how many jobs it holds, and which of them were asked to stop. Throws
   * OUTDATED, UNAVAILABLE, UNKNOWN_OUTCOME; another call draws another id.
   */
  static async open(
    connection: Connection,
    keys: QueueKeys,
    settings: WorkerSettings,
    onHolds: (lease: Lease, held: number, stops: readonly JobId[]) => void,
  ): Promise<Lease> {
    const { lockDuration: period, lockRenewTime: every, maxBlockedTime: maxBlocked } = settings;
    const caller = new Caller(randomText(leaseIdLength) as LeaseId);
    const lease = new Lease(connection, keys, caller, period);
    const args = { lease: caller.id, period, schema: scripts.schemaVersion };
    const [answer] = await execute(
      connection,
      [callOf(scripts.open, keys, args), ...registration(connection, keys)],
      deadlineIn(period),
    );
    if ('error' in answer) throw answer.error;
    if (answer.reply === 'outdated')
      throw new QueueError('OUTDATED', 'the queue belongs to a newer major version of Lunaq');
    const call = callOf(scripts.renew, keys, { lease: caller.id, period });
    lease.#renewer.keep({
      lease: caller.id,
      call,
      every,
      maxBlocked,
      onDead: () => lease.die(),
      onHolds: (held, stops) => onHolds(lease, held, stops),
    });
    return lease;
  }

  get id(): LeaseId {
    return this.caller.id;
  }

  /** Fires when the lease is found dead. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Fires when the jobs under it are this worker's no longer: it was found dead, or they were all handed back. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** The jobs under it were all handed back. */
  giveUp(reason: Error): void {
    this.#over.abort(reason);
  }

  get dead(): boolean {
    return this.#lost.signal.aborted;
  }

  holds(token: Token | string): boolean {
    return token.startsWith(`${this.id}:`);
  }

  /** The call that renews it, and tells how many jobs it holds. */
  renewal(): Call<scripts.RenewReply> {
    return callOf(scripts.renew, this.#keys, { lease: this.id, period: this.#period });
  }

  /** It was found dead: whoever holds it is told. */
  die(): void {
    if (this.dead) return;
    void this.#renewer.drop(this.id);
    const reason = new LeaseLostError(
      'the lease of this worker is dead: another worker may have this job',
    );
    this.#lost.abort(reason);
    this.#over.abort(reason);
  }

  /** Gives it back; what it still holds is left to reclaim. Of a dead one, only what tells of it goes. */
  async close(): Promise<void> {
    await this.#renewer.drop(this.id);
    const call = callOf(scripts.close, this.#keys, { lease: this.id }, this.caller.rows());
    await executeOne(this.#connection, call, deadlineIn(this.#period)).catch(() => undefined);
  }
}
