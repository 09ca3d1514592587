// Keeps leases alive: on a thread where the connection's options can be sent to one, else by timers of the
// main thread. One renewer, and one thread, for all workers on the same connection.
import { isIP } from 'node:net';
import { Worker as Thread } from 'node:worker_threads';
import type { Connection } from './connection.js';
import { executeOne } from './execute.js';
import { leaseThreadSource } from './generated/lease-thread.js';
import type {
  FromThread,
  ThreadData,
  ThreadSentinels,
  ThreadTarget,
  ToThread,
} from './lease-protocol.js';
import type { Call, JobId } from './script.js';
import { renew, type RenewReply } from './scripts.js';
import { warn } from './warnings.js';

export interface KeptLease {
  readonly lease: string;
  readonly call: Call<RenewReply>;
  /** ms between two renewals. */
  readonly every: number;
  /** ms without a turn of the event loop after which it is no longer renewed. */
  readonly maxBlocked: number;
  /** The lease was found dead. */
  readonly onDead: () => void;
  /** It was renewed and holds so many jobs, of which these were asked to stop; nothing is told while it holds none. */
  readonly onHolds: (held: number, stops: readonly JobId[]) => void;
}

const renewers = new WeakMap<Connection, Renewer>();
const aliveInterval = 250;

/** Sentinels behind TLS, and addresses that a function translates, are left to main. */
function sentinelsOf(options: Connection['options']): ThreadSentinels | undefined {
  const { sentinels, name, sentinelTLS, natMap, sentinelUsername, sentinelPassword } = options;
  if (!sentinels || !name || sentinelTLS || typeof natMap === 'function') return undefined;
  return {
    places: sentinels.map(({ host = '127.0.0.1', port = 26_379 }) => ({ host, port })),
    name,
    username: sentinelUsername ?? undefined,
    password: sentinelPassword ?? undefined,
    natMap,
  };
}

function sendable(options: Connection['options']): ThreadTarget | undefined {
  const { username, password, db, tls, sentinels } = options;
  const target = {
    username: username ?? undefined,
    password: password ?? undefined,
    db: db ?? 0,
    // The certificate names the host that the options name, not the address that the thread is given; addresses are no names.
    tls: tls && { ...(isIP(options.host ?? '') === 0 && { servername: options.host }), ...tls },
    sentinels: sentinelsOf(options),
  };
  // A context of OpenSSL is cloned as an empty object.
  if (options.Connector || (sentinels && tls) || tls?.secureContext) return undefined;
  try {
    structuredClone(target);
    return target;
  } catch {
    return undefined;
  }
}

export class Renewer {
  readonly #connection: Connection;
  readonly #leases = new Map<string, { kept: KeptLease; timer: NodeJS.Timeout | undefined }>();
  readonly #target: ThreadTarget | undefined;
  readonly #alive = new SharedArrayBuffer(8);
  #thread: Thread | undefined;
  #pulse: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;
  /** The server has refused the thread: leases are renewed here, too, since nobody knows when that ends. */
  #refused = false;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#target = sendable(connection.options);
    if (!this.#target)
      warn(
        'LUNAQ_NO_THREAD',
        'connection options that a thread can not be given: leases are renewed on the main thread, where a handler that blocks the event loop loses its jobs',
      );
  }

  static of(connection: Connection): Renewer {
    const renewer = renewers.get(connection) ?? new Renewer(connection);
    renewers.set(connection, renewer);
    return renewer;
  }

  keep(kept: KeptLease): void {
    this.#leases.set(kept.lease, { kept, timer: undefined });
    if (!this.#target) {
      this.#later(kept);
      return;
    }
    this.#start(this.#target);
    if (this.#refused) this.#later(kept);
    const { lease, every, maxBlocked } = kept;
    this.#tell({
      kind: 'keep',
      order: { lease, every, maxBlocked, argv: kept.call.argv.map(String) },
    });
  }

  /** Stops renewing a lease; the thread ends with the last one. */
  async drop(lease: string): Promise<void> {
    clearTimeout(this.#leases.get(lease)?.timer);
    this.#leases.delete(lease);
    this.#tell({ kind: 'drop', lease });
    if (this.#leases.size > 0) return;
    clearInterval(this.#pulse);
    this.#unlisten?.();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  #tell(message: ToThread): void {
    this.#thread?.postMessage(message);
  }

  #start(target: ThreadTarget): void {
    if (this.#thread) return;
    const workerData: ThreadData = {
      target,
      script: { sha: renew.sha, source: renew.source },
      alive: this.#alive,
    };
    const thread = new Thread(
      new URL(`data:text/javascript,${encodeURIComponent(leaseThreadSource)}`),
      {
        name: 'lunaq-lease',
        workerData,
        execArgv: [],
        stdout: false,
      },
    );
    thread.unref();
    thread.on('message', (message: FromThread) => {
      if (message.kind === 'refused') return this.#refuse(message.reason);
      const { kept } = this.#leases.get(message.lease) ?? {};
      if (message.kind === 'holds') kept?.onHolds(message.held, message.stops as readonly JobId[]);
      else this.#dead(message.lease);
    });
    // A thread that died is replaced when the next lease is opened; until then leases are renewed here.
    thread.on('error', () => {
      this.#thread = undefined;
      for (const { kept } of this.#leases.values()) this.#later(kept);
    });
    this.#thread = thread;
    this.#beat();
    this.#pulse = setInterval(() => this.#beat(), aliveInterval).unref();
    const point = (): void => {
      const endpoint = this.#connection.endpoint();
      if (endpoint) this.#tell({ kind: 'endpoint', endpoint });
    };
    this.#unlisten = this.#connection.listen({ onReady: point });
    point();
  }

  #refuse(reason: string): void {
    if (this.#refused) return;
    this.#refused = true;
    warn(
      'LUNAQ_NO_THREAD',
      `the server has refused the connection of the lease thread (${reason}): leases are renewed on the main thread, where a handler that blocks the event loop loses its jobs`,
    );
    for (const { kept } of this.#leases.values()) this.#later(kept);
  }

  #beat(): void {
    new Float64Array(this.#alive)[0] = Number(process.hrtime.bigint() / 1_000_000n);
  }

  #dead(lease: string): void {
    const entry = this.#leases.get(lease);
    this.#leases.delete(lease);
    entry?.kept.onDead();
  }

  #later(kept: KeptLease): void {
    const entry = this.#leases.get(kept.lease);
    if (!entry) return;
    entry.timer = setTimeout(() => void this.#renewHere(kept), kept.every).unref();
  }

  async #renewHere(kept: KeptLease): Promise<void> {
    try {
      const reply = await executeOne(this.#connection, kept.call);
      if (reply.word === 'dead') return this.#dead(kept.lease);
      if (reply.held !== 0 || reply.stops.length > 0) kept.onHolds(reply.held, reply.stops);
    } catch {
      // No answer: the next renewal tells.
    }
    this.#later(kept);
  }
}
