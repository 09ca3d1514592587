// For programs that need some Redis and don't mind which: examples and benches. A test that kills
// or flushes its server takes startRedis().
import { startRedis, type RedisServerOptions } from './server.js';

/** How to come by some Redis; the rest is for the private server, should one be started. */
export interface SomeRedisOptions extends RedisServerOptions {
  /** The program's arguments, of which `--redis URL` counts. Default: `process.argv.slice(2)`. */
  readonly argv?: readonly string[];
}

/** A Redis to use. */
export interface SomeRedis {
  /** For `new Redis(url)` of ioredis. */
  readonly url: string;
  /** Whether it was started for this program and ends with it. */
  readonly isPrivate: boolean;
  /** Ends a private server; leaves one that was there alone. */
  stop(): Promise<void>;
}

/**
 * The Redis at `--redis URL` or `--redis=URL`, else at `REDIS_URL`, else a private one.
 *
 * @throws TypeError if `--redis` has no URL; else as `startRedis()`
 */
export async function someRedis(options: SomeRedisOptions = {}): Promise<SomeRedis> {
  const { argv = process.argv.slice(2), ...serverOptions } = options;
  const env = serverOptions.env ?? process.env;
  const url = urlIn(argv) ?? env['REDIS_URL'];
  if (url) return { url, isPrivate: false, stop: async () => {} };
  const server = await startRedis(serverOptions);
  return { url: server.url, isPrivate: true, stop: () => server.stop() };
}

function urlIn(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => word === '--redis' || word.startsWith('--redis='));
  const word = argv[at];
  if (word === undefined) return undefined;
  const url = word === '--redis' ? argv[at + 1] : word.slice('--redis='.length);
  if (!url || url.startsWith('--')) throw new TypeError('--redis: expected a URL after it');
  return url;
}
