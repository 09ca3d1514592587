// Where a server program comes from, in this order:
//   1. the option `bin`, or REDIS_SERVER_BIN: only that, so that a wrong path is not papered over
//   2. redis-server, then valkey-server, on PATH
//   3. one that was unpacked into the cache before
//   4. a container, if Docker answers and testcontainers is installed
//   5. the packages of this Debian or Ubuntu, unpacked into the cache
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { findImage, type LoadTestcontainers, type ServerImage } from './docker.js';
import { RedisNotFoundError } from './errors.js';
import { cacheFolders, installAdvice, makeFolder, readSystem, type Environment } from './system.js';
import { cachedServer, unpackServer } from './unpack.js';

/** A program that speaks Redis, and what it needs around it. */
export interface ServerBinary {
  readonly file: string;
  /** Variables to add to its environment: LD_LIBRARY_PATH for an unpacked one. */
  readonly env: Readonly<Record<string, string>>;
  readonly source: 'named' | 'path' | 'cache' | 'unpacked';
}

interface FindOptions {
  readonly bin?: string | undefined;
  /** Default: `process.env`. */
  readonly env?: Environment | undefined;
  /** The file that tells which distribution this is. Default: `/etc/os-release`. */
  readonly osRelease?: string;
  /** Imports testcontainers. Default: the package, if it is installed. */
  readonly loadTestcontainers?: LoadTestcontainers | undefined;
}

const serverNames = ['redis-server', 'valkey-server'] as const;

/** @throws RedisNotFoundError if there is no server in any of the places */
export async function findServer(options: FindOptions = {}): Promise<ServerBinary | ServerImage> {
  const env = options.env ?? process.env;
  const system = readSystem(options.osRelease);
  const looked: string[] = [];
  const notFound = () => new RedisNotFoundError(looked, installAdvice(system));

  const named = options.bin ?? env['REDIS_SERVER_BIN'];
  if (named) {
    const file = findProgram(named, env);
    if (file !== undefined) return { file, env: {}, source: 'named' };
    const giver = options.bin === undefined ? 'REDIS_SERVER_BIN' : 'option bin';
    looked.push(`${giver}: ${named} is not a program that can be run`);
    throw notFound();
  }
  looked.push('REDIS_SERVER_BIN: not set');

  for (const name of serverNames) {
    const file = findProgram(name, env);
    if (file !== undefined) return { file, env: {}, source: 'path' };
  }
  looked.push(`PATH: neither ${serverNames.join(' nor ')}`);

  const folders = cacheFolders(env).map((folder) => resolve(folder, 'servers', system.key));
  for (const folder of folders) {
    const cached = cachedServer(folder);
    if (cached !== undefined) return { ...cached, source: 'cache' };
    looked.push(`cache: nothing in ${folder}`);
  }

  try {
    return await findImage(env, options.loadTestcontainers);
  } catch (error) {
    looked.push(`container: ${messageOf(error)}`);
  }

  const apt = findProgram('apt-get', env);
  const dpkg = findProgram('dpkg-deb', env);
  if (apt === undefined || dpkg === undefined) {
    looked.push('packages: no apt-get and dpkg-deb on PATH to unpack some with');
    throw notFound();
  }
  const writable = folders.find((folder) => makeFolder(dirname(folder)));
  if (writable === undefined) {
    looked.push('packages: none of the cache folders can be written to');
    throw notFound();
  }
  try {
    return { ...(await unpackServer(writable, { apt, dpkg, env })), source: 'unpacked' };
  } catch (error) {
    looked.push(`packages: ${messageOf(error)}`);
    throw notFound();
  }
}

/** The file behind a path or behind a name on PATH, if it can be run. */
function findProgram(name: string, env: Environment): string | undefined {
  const candidates = name.includes('/')
    ? [resolve(name)]
    : (env['PATH'] ?? '')
        .split(delimiter)
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, name));
  return candidates.find(isProgram);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
