// A client of ioredis as Lunaq wants it: what an application may say of its server, and the settings that are ours. Here and in execute.ts
// is all that Lunaq knows of ioredis.
import type { SecureContextOptions } from 'node:tls';
import { Redis, type RedisOptions } from 'ioredis';
import { isObject, shown } from './checks.js';
import { sleep, type Deadline } from './deadline.js';

export type { Redis as Client, RedisOptions } from 'ioredis';

/** An ioredis instance, typed by shape so that instances of other versions fit. */
export interface RedisInstance {
  readonly options: object;
  duplicate(override?: object): unknown;
}

/** Where Redis is: a URL, ioredis options, or an instance, whose settings are copied; it is not used itself. */
export type ConnectionOptions = string | RedisOptions | RedisInstance;

/** ms without an answer after which a socket counts as dead. */
export const socketTimeout = 5_000;

/** ioredis types its constructor by the reply mapping; Lua replies look the same in each. */
type Options = Omit<RedisOptions, 'replyMapping'>;

const overrides: Options = {
  // Unanswered commands are rejected at once, never resent behind our back; execute.ts decides.
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  // One command more that a user of Redis would need to be allowed.
  disableClientInfo: true,
  // What an application may have set for its own commands would stop or garble ours.
  lazyConnect: false,
  commandTimeout: undefined,
  stringNumbers: false,
  connectTimeout: 5_000,
  socketTimeout,
  retryStrategy: (attempt) =>
    Math.min(20 * 2 ** Math.min(attempt, 10), 1_000) * (0.75 + Math.random() / 2),
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
  // Subscribers are told of each new subscription, so we make them ourselves.
  autoResubscribe: false,
};

function isInstance(value: ConnectionOptions): value is RedisInstance {
  return typeof value === 'object' && typeof (value as RedisInstance).duplicate === 'function';
}

function make(target: ConnectionOptions, options: Options): Redis {
  if (isInstance(target)) return target.duplicate(options) as Redis;
  if (typeof target !== 'string') return new Redis({ ...(target as Options), ...options });
  try {
    return new Redis(target, options);
  } catch {
    // Without the cause, which quotes the URL, and so its password.
    throw new TypeError('connection: expected a URL such as redis://user:password@host:6379, got one that can not be read'); // prettier-ignore
  }
}

/** The server of a URL with other settings of TLS than a URL can tell. It is copied by those who connect, and does not by itself. */
export function overTls(url: string, tls: SecureContextOptions): RedisInstance {
  return make(url, { lazyConnect: true, tls });
}

/** Throws TypeError for what can't be. */
export function connect(target: ConnectionOptions, extra: Options = {}): Redis {
  const options = { ...overrides, ...extra };
  const redis = make(target, options);
  // What a refused AUTH or HELLO was sent with is in the error.
  redis.prependListener('error', (error: Error & { command?: { args?: unknown[] } }) => {
    if (error.command) error.command.args = [];
  });
  // Every call that waits for the connection listens.
  redis.setMaxListeners(0);
  if (redis.options.keyPrefix) {
    redis.disconnect();
    throw new TypeError(
      'connection.keyPrefix is not supported: use the `prefix` option of the queue',
    );
  }
  return redis;
}

/** Waits for its connection; false when the deadline came first, it was closed, or the server refuses the user. */
export async function whenReady(
  redis: Redis,
  deadline: Deadline,
  isRefused: () => boolean = () => false,
): Promise<boolean> {
  while (redis.status !== 'ready') {
    const left = deadline.left();
    if (left <= 0 || redis.status === 'end' || isRefused()) return false;
    const done = new AbortController();
    const stop = (): void => done.abort();
    redis.once('ready', stop).once('end', stop).once('error', stop);
    await sleep(left, done.signal);
    redis.off('ready', stop).off('end', stop).off('error', stop);
  }
  return true;
}

/** Throws TypeError for what is no connection. */
export function checkTarget(target: unknown): void {
  if (!isObject(target) && (typeof target !== 'string' || target === ''))
    throw new TypeError(
      `connection: expected a URL, or an ioredis instance or its options, got ${shown(target)}`,
    );
  // Pipelines of several queues, blocks and the lease thread need one server.
  if (typeof (target as { nodes?: unknown }).nodes === 'function')
    throw new TypeError('connection: expected one server, got an ioredis Cluster');
}

/** Options that say the same are the same server; those that can't be written down are told apart by identity. */
export function identityOf(target: ConnectionOptions): unknown {
  if (typeof target === 'string' || isInstance(target)) return target;
  if (Object.values(target).some((value) => typeof value === 'function')) return target;
  try {
    return JSON.stringify(target);
  } catch {
    return target;
  }
}
