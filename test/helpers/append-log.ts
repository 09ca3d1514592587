// The append-only file of a server: the part of it that grows, and its rewriting.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { RedisServer } from '../../src/testing/server.js';

function numberOf(file: string): number {
  return Number(/\.(\d+)\.incr\.aof$/.exec(file)?.[1] ?? 0);
}

export function growingLog({ folder }: RedisServer): string {
  const logs = join(folder, 'appendonlydir');
  const files = readdirSync(logs).toSorted((a, b) => numberOf(a) - numberOf(b));
  return join(logs, files.at(-1) ?? '');
}

export function bytesOf(file: string): number {
  return statSync(file).size;
}

/** Resolves when the file is not being rewritten, nor is to be. */
export async function logIsWritten(redis: Redis): Promise<void> {
  while (/aof_rewrite_(?:in_progress|scheduled):1/.test(await redis.info('persistence')))
    await pause(10);
}

/** Writes the file anew: what Redis left in it that does not belong there is gone then. RELIABILITY.md says when that is needed. */
export async function rewriteLog(redis: Redis): Promise<void> {
  await logIsWritten(redis);
  await redis.bgrewriteaof();
  await logIsWritten(redis);
}
