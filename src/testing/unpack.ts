// A server out of the distribution's own packages, kept in a folder of the cache that several processes may want to fill at once. The
// lock beside it merely saves them from downloading the same thing; whoever loses the rename takes the winner's folder.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { libraryPath, unpackPackages, type Tools } from './packages.js';

/** An unpacked server and the variables it wants. */
export interface UnpackedServer {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

// Each server comes with its package of tools: in Debian that one holds the real program.
const packageChoices = [
  ['redis-server', 'redis-tools'],
  ['valkey-server', 'valkey-tools'],
] as const;

const lockPatience = 240_000;

const run = promisify(execFile);

/** The server in an unpacked folder, if there is one. */
export function cachedServer(folder: string): UnpackedServer | undefined {
  const file = packageChoices
    .map(([server]) => join(folder, 'usr/bin', server))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) return undefined;
  return { file, env: { LD_LIBRARY_PATH: libraryPath(folder) } };
}

/**
 * Unpacks a server into `folder`, whose parent is there and writable, or waits for the process that
 * is just doing it.
 */
export async function unpackServer(folder: string, tools: Tools): Promise<UnpackedServer> {
  const lock = `${folder}.lock`;
  const patienceEnds = Date.now() + lockPatience;
  let locked = false;
  while (!locked && Date.now() < patienceEnds) {
    const cached = cachedServer(folder);
    if (cached !== undefined) return cached;
    locked = takeLock(lock);
    if (!locked) await delay(50);
  }
  try {
    // Between the look and the lock another process may have finished.
    return cachedServer(folder) ?? (await unpackInto(folder, tools));
  } finally {
    if (locked) rmSync(lock, { force: true });
  }
}

async function unpackInto(folder: string, tools: Tools): Promise<UnpackedServer> {
  await unpackPackages(folder, tools, {
    choices: () => Promise.resolve(packageChoices),
    check: async (staging) => {
      const server = cachedServer(staging);
      if (server === undefined) throw new Error('the packages hold no server');
      await run(server.file, ['--version'], { env: { ...tools.env, ...server.env } });
    },
  });
  const moved = cachedServer(folder);
  if (moved === undefined) throw new Error('the folder vanished after it was unpacked');
  return moved;
}

/** True if the lock is ours now. The lock of a dead process is cleared for the next try. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (holder > 0) process.kill(holder, 0);
  } catch (error) {
    if (isErrno(error, 'ESRCH')) rmSync(lock, { force: true });
  }
  return false;
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
