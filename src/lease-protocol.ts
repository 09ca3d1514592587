// What the main thread and the lease thread tell each other.

/** Where and as whom the thread connects. */
export interface ThreadTarget {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  /** TLS options that can be sent to a thread; undefined for a plain connection. */
  readonly tls: object | undefined;
  /** Who knows where the master is; undefined when there are none, or none that the thread can ask. */
  readonly sentinels: ThreadSentinels | undefined;
}

export interface ThreadSentinels {
  readonly places: readonly { host: string; port: number }[];
  /** Name of the master. */
  readonly name: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Addresses as they are seen from here, by `host:port` as sentinels tell them. */
  readonly natMap: Readonly<Record<string, { host: string; port: number }>> | undefined;
}

export interface ThreadData {
  readonly target: ThreadTarget;
  readonly script: { readonly sha: string; readonly source: string };
  /** Monotonic time (ms) at which the event loop of the main thread was last seen alive. */
  readonly alive: SharedArrayBuffer;
}

export interface LeaseOrder {
  readonly lease: string;
  /** Arguments of renew: number of keys, the keys, the lease, its period. */
  readonly argv: readonly string[];
  /** ms between two renewals. */
  readonly every: number;
  /** ms without a sign of life of the main thread after which renewing stops. */
  readonly maxBlocked: number;
}

export type ToThread =
  | {
      readonly kind: 'endpoint';
      readonly endpoint: { host: string; port: number } | { path: string };
    }
  | { readonly kind: 'keep'; readonly order: LeaseOrder }
  | { readonly kind: 'drop'; readonly lease: string };

export type FromThread =
  /** A lease was found dead. */
  | { readonly kind: 'dead'; readonly lease: string }
  /** The server does not let the thread renew; by the first word of what it said. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** A lease was renewed; it holds so many jobs, of which these were asked to stop. */
  | {
      readonly kind: 'holds';
      readonly lease: string;
      readonly held: number;
      readonly stops: readonly string[];
    };
