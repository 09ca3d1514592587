// Lets time pass for queues by writing it into their keys: whatever is stored with a time is so much older then.
import type { Redis } from 'ioredis';
import { pairs, scanKeys } from '../helpers/keyspace.js';

/** Sorted sets whose scores are times. Leases are not among them: workers that live renew theirs. */
const timed = new Set(['suspects', 'delayed', 'deferred', 'expiring', 'completed', 'failed', 'cancelled', 'evicting']); // prettier-ignore

/** The server's time (ms). */
export async function serverTime(redis: Redis): Promise<number> {
  const [seconds = 0, micros = 0] = (await redis.time()).map(Number);
  return seconds * 1_000 + Math.floor(micros / 1_000);
}

/** All queues of a prefix are `ms` older. */
export async function letPass(redis: Redis, prefix: string, ms: number): Promise<void> {
  for (const key of await scanKeys(redis, `${prefix}:{`)) {
    const noun = key.slice(key.lastIndexOf(':') + 1);
    if (timed.has(noun)) await shiftScores(redis, key, ms);
    if (noun === 'traits') await shiftTraits(redis, key, ms);
  }
}

async function shiftScores(redis: Redis, key: string, ms: number): Promise<void> {
  const flat = (await redis.zrange(key, '0', '-1', 'WITHSCORES')).flat();
  const rows = pairs(flat).flatMap(([id, score]) => [Number(score) - ms, id]);
  if (rows.length > 0) await redis.zadd(key, ...rows);
}

/** When a deferred job may run, and when one that has not started expires, is kept with its traits. */
async function shiftTraits(redis: Redis, key: string, ms: number): Promise<void> {
  for (const [id, text] of Object.entries(await redis.hgetall(key))) {
    const older = text.replaceAll(
      /"(due|ends)":(\d+)/g,
      (_, what: string, at: string) => `"${what}":${Number(at) - ms}`,
    );
    if (older !== text) await redis.hset(key, id, older);
  }
}
