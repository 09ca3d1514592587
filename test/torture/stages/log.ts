// The append-only file of a server: the part of it that grows.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisServer } from '../../../src/testing/server.js';

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
