// The servers that points ask for, by name. Each listens on loopback, on a free port, in a temporary folder, and ends with this process.
import { startRedis } from '../dist/testing/index.js';
import { packagedServer } from './packaged-server.mjs';

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {string} [version] of a Postgres
 * @property {boolean} isPrivate started for this process alone
 * @property {() => Promise<void>} stop
 */

const starters = {
  redis: () => startRedis(),
  'redis-everysec': () => startRedis({ appendonly: true, appendfsync: 'everysec' }),
  'redis-always': () => startRedis({ appendonly: true, appendfsync: 'always' }),
  'redis-7': () => startPackaged('bookworm', 'redis-server'),
  'redis-8': () => startPackaged('trixie', 'redis-server'),
  'valkey-8': () => startPackaged('trixie', 'valkey-server'),
  // Only asked for when a library wants it: what it takes may be missing.
  postgres: async () => (await import('./servers-postgres.mjs')).startPostgres(),
};

/**
 * @param {string} name
 * @returns {Promise<Server>}
 */
export async function startServer(name) {
  const start = starters[name];
  if (!start)
    throw new RangeError(
      `server: expected one of ${Object.keys(starters).join(', ')}, got ${name}`,
    );
  const server = await start();
  return { url: server.url, version: server.version, isPrivate: true, stop: () => server.stop() };
}

async function startPackaged(suite, name) {
  return await startRedis({ bin: await packagedServer(suite, name) });
}

/** The servers of a whole run: each is started when it is first asked for. */
export class Servers {
  #started = new Map();

  /** @param {Record<string, string>} given URLs of servers that are there already, by name */
  constructor(given = {}) {
    for (const [name, url] of Object.entries(given))
      this.#started.set(name, Promise.resolve({ url, isPrivate: false, stop: async () => {} }));
  }

  /**
   * @param {string} name
   * @returns {Promise<Server>} rejects each time when it can't be had
   */
  get(name) {
    let server = this.#started.get(name);
    if (!server) {
      server = startServer(name);
      this.#started.set(name, server);
    }
    return server;
  }

  async stop() {
    const settled = await Promise.allSettled(this.#started.values());
    for (const { value } of settled) await value?.stop();
  }
}
