// Great numbers of jobs, written by the server itself; and which calls of scripts took long meanwhile.
import type { Redis } from 'ioredis';
import * as scripts from '../../src/scripts.js';

/** Writes rows 1 to `count` of a key: ids are `prefix` and the number in six digits. */
export async function fill(
  redis: Redis,
  kind: 'hash' | 'zset' | 'list',
  key: string,
  prefix: string,
  count: number,
  /** The value of a hash; the score in a sorted set. */
  value: string | number = '',
): Promise<void> {
  const write = {
    hash: `redis.call('HSET', KEYS[1], id, ARGV[3])`,
    zset: `redis.call('ZADD', KEYS[1], ARGV[3], id)`,
    list: `redis.call('RPUSH', KEYS[1], id)`,
  }[kind];
  const script = `for n = 1, ARGV[2] do local id = ARGV[1] .. string.format('%06d', n) ${write} end`;
  await redis.eval(script, 1, key, prefix, count, value);
}

/** The id that `fill` gave to row n. */
export function nth(prefix: string, n: number): string {
  return prefix + String(n).padStart(6, '0');
}

const names = new Map(
  Object.values(scripts).flatMap((script) =>
    typeof script === 'object' && 'sha' in script ? [[script.sha, script.name] as const] : [],
  ),
);

export interface Slow {
  /** Calls of scripts over 10 ms, by name. */
  readonly calls: readonly string[];
  /** ms of the slowest. */
  readonly slowest: number;
}

/** Calls of our scripts that took Redis more than 10 ms while `action` ran. */
export async function slowCalls(redis: Redis, action: () => Promise<unknown>): Promise<Slow> {
  await redis.config('SET', 'slowlog-log-slower-than', 10_000);
  await redis.config('SET', 'slowlog-max-len', 10_000);
  await redis.slowlog('RESET');
  await action();
  const entries = (await redis.slowlog('GET', 10_000)) as [number, number, number, string[]][];
  const ours = entries.flatMap(([, , micros, [, sha = '']]) => {
    const name = names.get(sha);
    return name === undefined ? [] : [{ name, ms: micros / 1_000 }];
  });
  return {
    calls: ours.map(({ name }) => name),
    slowest: Math.max(0, ...ours.map(({ ms }) => ms)),
  };
}
