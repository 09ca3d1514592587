// The lease under which a worker holds jobs of one queue: opened when there is something to hold, and a new one when it has died.
import type { Connection } from './connection.js';
import { asError } from './errors.js';
import { executeOne } from './execute.js';
import type { QueueKeys } from './keys.js';
import { Lease } from './lease.js';
import type { WorkerSettings } from './options.js';
import type { Token } from './script.js';
import type { SettleResult } from './settles.js';

export interface LeaseHooks {
  /** A lease was opened. */
  readonly leased: () => void;
  /** The lease was found dead: jobs under it may be with another worker. */
  readonly leaseLost: (lease: Lease) => void;
  /** The lease was renewed, and held so many jobs then; `asked`: some of these to stop, which may be over by now. */
  readonly renewed: (lease: Lease, held: number, asked: boolean) => void;
  readonly error: (error: unknown) => void;
}

export class LeaseHolder {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #settings: WorkerSettings;
  readonly #hooks: LeaseHooks;
  #lease: Lease | undefined;

  constructor(
    connection: Connection,
    keys: QueueKeys,
    settings: WorkerSettings,
    hooks: LeaseHooks,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#settings = settings;
    this.#hooks = hooks;
  }

  /** The last one that was opened, dead or not. */
  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** The lease, unless it was found dead. */
  get live(): Lease | undefined {
    return this.#lease?.dead === false ? this.#lease : undefined;
  }

  /** Throws OUTDATED, UNAVAILABLE, UNKNOWN_OUTCOME. */
  async open(): Promise<void> {
    const { leased, leaseLost, renewed } = this.#hooks;
    const lease = await Lease.open(
      this.#connection,
      this.#keys,
      this.#settings,
      (of, held, stops) => renewed(of, held, stops.length > 0),
    );
    this.#lease = lease;
    leased();
    lease.signal.addEventListener('abort', () => leaseLost(lease));
  }

  /** Asks the server; renews it, too. */
  async lives(): Promise<boolean> {
    const { live } = this;
    if (!live) return false;
    const { word } = await executeOne(this.#connection, live.renewal());
    if (word === 'dead') live.die();
    return word === 'alive';
  }

  /** To a copy of a settle, `lost` may be the echo of the first one, which was applied: so it was if the lease still lives. */
  async echo(): Promise<(token: Token) => SettleResult> {
    const { lease } = this;
    const lives = await this.lives().catch(this.#hooks.error);
    return (token) => {
      if (typeof lives !== 'boolean') return 'unknown';
      return lives && lease?.holds(token) ? 'settled' : 'lost';
    };
  }

  /** Gives the lease back. */
  async close(): Promise<void> {
    try {
      await this.#lease?.close();
    } catch (error) {
      this.#hooks.error(asError(error));
    }
  }
}
