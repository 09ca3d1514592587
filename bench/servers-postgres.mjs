// A PostgreSQL of the bench's own, on loopback, in a folder of its own; it ends with this process, however that ends. It comes from
// this machine or out of the distribution's packages. As it refuses to run as root, root runs it as an unprivileged user.
//
// Its settings are its defaults but for durability: like a Redis without persistence it does not wait for the disk.
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { ServerProcess } from '../dist/testing/process.js';
import { libraryPath } from '../dist/testing/packages.js';
import { cacheFolder, systemKey, unpack } from './debian-packages.mjs';

/** What the report says of it. */
export const durability = 'fsync, full_page_writes and synchronous_commit off';

const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
const startTimeout = 30_000;
const stopTimeout = 5_000;
// Below the ports that systems give to outgoing connections.
const lowestPort = 10_000;
const portsEnd = 32_000;
const portAttempts = 20;
// The process that is started becomes the server, in a folder that its user may enter.
const script = `
cd "$0" && bin=$1 && shift &&
"$bin/initdb" -D data -U bench -A scram-sha-256 --pwfile=password -E UTF8 --locale=C -N &&
exec "$bin/postgres" -D data "$@"
`;

/**
 * @typedef {object} Postgres the programs, and who can run them
 * @property {string} bin the folder with `initdb` and `postgres`
 * @property {Record<string, string>} env what they want in their environment
 * @property {{ uid: number, gid: number } | undefined} user whom to run them as, if not as this one
 */

/**
 * Looks for a PostgreSQL that can be run; unpacks one if there is none.
 *
 * @param {{ installed?: boolean }} [options] `installed: false` passes over what is installed
 * @returns {Promise<Postgres>}
 */
export async function findPostgres({ installed = true } = {}) {
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const [bin] = installed ? installedFolders() : [];
  if (bin !== undefined) return { bin, env: {}, user };
  const folder = join(user ? sharedFolder() : cacheFolder(), 'postgresql');
  await unpack(folder, 'PostgreSQL', {
    choices: async (apt) => {
      const shown = await apt('apt-cache', 'show', 'postgresql');
      const release = /^Depends:.*\b(postgresql-\d+)/m.exec(shown)?.[1];
      if (release === undefined) throw new Error('the package postgresql names no release');
      return [[release]];
    },
  });
  const [unpackedBin] = releasesIn(join(folder, 'usr/lib/postgresql'));
  if (unpackedBin === undefined) throw new Error(`${folder} holds no PostgreSQL`);
  return { bin: unpackedBin, env: { LD_LIBRARY_PATH: libraryPath(folder) }, user };
}

/**
 * @param {{ installed?: boolean }} [options]
 * @returns {Promise<{ url: string, version: string, stop(): Promise<void> }>}
 */
export async function startPostgres(options) {
  const postgres = await findPostgres(options);
  for (let attempt = 1; ; attempt += 1) {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'lunaq-postgres-')));
    const server = new Server(postgres, folder);
    try {
      const version = await server.start();
      return { url: server.url, version, stop: () => server.stop() };
    } catch (error) {
      await server.stop();
      if (attempt === portAttempts || !/could not bind/.test(error.message)) throw error;
    }
  }
}

class Server {
  #postgres;
  #folder;
  #port = randomInt(lowestPort, portsEnd);
  #password = randomBytes(16).toString('hex');
  #process;

  /** @param {Postgres} postgres */
  constructor(postgres, folder) {
    this.#postgres = postgres;
    this.#folder = folder;
  }

  get url() {
    return `postgres://bench:${this.#password}@127.0.0.1:${this.#port}/postgres`;
  }

  /** Resolves with its version when it answers. */
  async start() {
    await this.#writePassword();
    const log = join(this.#folder, 'log');
    const server = new ServerProcess({ ...this.#command(), folder: this.#folder, log });
    this.#process = server;
    const deadline = Date.now() + startTimeout;
    while (server.running && Date.now() < deadline) {
      const version = await this.#answer();
      if (version !== undefined) return version;
      await delay(20);
    }
    const words = await readFile(log, 'utf8');
    throw new Error(`PostgreSQL did not come up; its last words:\n${words.slice(-1_000)}`);
  }

  async #writePassword() {
    const { user } = this.#postgres;
    const file = join(this.#folder, 'password');
    await writeFile(file, this.#password, { mode: 0o600 });
    if (user) for (const path of [this.#folder, file]) await chown(path, user.uid, user.gid);
  }

  #command() {
    const { bin, env, user } = this.#postgres;
    const given = {
      ...settings,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: this.#port,
    };
    const flags = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const words = ['/bin/sh', '-c', script, this.#folder, bin, ...flags];
    if (user)
      words.unshift('setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups');
    return { file: '/usr/bin/env', args: words, env };
  }

  /** Its version; undefined while it does not answer. A stranger at this port does not know the password. */
  async #answer() {
    const client = new Client({ connectionString: this.url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query('show server_version');
      return rows[0].server_version;
    } catch {
      return undefined;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** SIGINT ends its sessions and then itself. */
  async stop() {
    const server = this.#process;
    if (server?.running) {
      process.kill(server.pid, 'SIGINT');
      const timer = setTimeout(() => server.kill(), stopTimeout);
      await server.ended();
      clearTimeout(timer);
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    server?.release();
  }
}

/** The newest release first. */
function installedFolders() {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute);
  return [...releasesIn('/usr/lib/postgresql'), ...onPath.filter(hasPrograms)];
}

function releasesIn(folder) {
  const releases = existsSync(folder) ? readdirSync(folder) : [];
  const folders = releases.toSorted((a, b) => b - a).map((name) => join(folder, name, 'bin'));
  return folders.filter(hasPrograms);
}

function hasPrograms(folder) {
  return ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)));
}

function unprivilegedUser() {
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  const user = users.get('postgres') ?? users.get('nobody');
  if (user === undefined)
    throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody'); // prettier-ignore
  return user;
}

/** Where another user can run what root has unpacked. Anybody may write into the folder above: what somebody else put there is not ours. */
function sharedFolder() {
  const folder = join(tmpdir(), `lunaq-peers-${systemKey()}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const state = lstatSync(folder);
  if (!state.isDirectory() || state.uid !== 0 || (state.mode & 0o022) !== 0)
    throw new Error(`${folder}: expected a folder of root's that nobody else can write to`);
  return folder;
}
