// The server under torture, which keeps all that it acknowledges. Another one may take its place: proxies ask for its address whenever
// somebody connects.
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis, type RedisServer } from '../../src/testing/server.js';
import { logIsWritten, rewriteLog } from '../helpers/append-log.js';
import { startProxy, type Proxy } from '../helpers/proxy.js';
import { wrapServer, type Wrapped } from '../helpers/servers.js';
import type { Place } from './ledger.js';

/** What INFO tells of a server, by field. */
export async function infoOf(redis: Redis, section: string): Promise<Record<string, string>> {
  const fields = (await redis.info(section)).matchAll(/^(\w+):(.*?)\r?$/gm);
  return Object.fromEntries([...fields].map(([, field = '', value = '']) => [field, value]));
}

function clientOf(place: Place): Redis {
  const options = { host: place.host, port: place.port, maxRetriesPerRequest: null };
  const redis = new Redis({ ...options, retryStrategy: () => 50 });
  redis.on('error', () => {}); // it is killed now and then
  return redis;
}

async function startServer(bin: string | undefined): Promise<RedisServer> {
  return await startRedis({
    ...(bin === undefined ? {} : { bin }),
    appendonly: true,
    appendfsync: 'always',
    config: { 'slowlog-log-slower-than': 1_000, 'repl-diskless-sync-delay': 0 },
  });
}

export class Master {
  server: RedisServer;
  /** Of the server of the moment. */
  readonly place: { readonly host: string; port: number };
  /** An address that stays, for those whom no fault befalls. */
  readonly connection: Place;
  readonly redis: Redis;
  readonly #wrapped: Wrapped | undefined;
  readonly #front: Proxy;

  private constructor(
    server: RedisServer,
    place: Master['place'],
    front: Proxy,
    wrapped?: Wrapped,
  ) {
    this.server = server;
    this.place = place;
    this.connection = { host: front.host, port: front.port };
    this.redis = clientOf(this.connection);
    this.#front = front;
    this.#wrapped = wrapped;
  }

  /** `fills`: its disk will be full; it is to hear of that as an error, not by a signal that ends it. */
  static async start(fills: boolean): Promise<Master> {
    const wrapped = fills ? await wrapServer("trap '' XFSZ") : undefined;
    const server = await startServer(wrapped?.bin);
    const place = { host: server.host, port: server.port };
    return new Master(server, place, await startProxy(place), wrapped);
  }

  /** Starts a replica, and resolves when it has all that the master has, in its append-only file too. */
  async replica(): Promise<Replica> {
    const server = await startServer(this.#wrapped?.bin);
    const redis = clientOf(server);
    const { host, port } = this.place;
    await redis.replicaof(host, port);
    const isThere = async (): Promise<boolean> => {
      const { master_link_status } = await infoOf(redis, 'replication');
      const { aof_enabled } = await infoOf(redis, 'persistence');
      return master_link_status === 'up' && aof_enabled === '1';
    };
    while (!(await isThere())) await pause(20);
    await logIsWritten(redis);
    return { server, redis };
  }

  /** Waits until a replica has what the master had at this moment. */
  async passedOn({ redis }: Replica): Promise<void> {
    const { master_repl_offset: goal } = await infoOf(this.redis, 'replication');
    const offset = async (): Promise<number> =>
      Number((await infoOf(redis, 'replication'))['slave_repl_offset']);
    while ((await offset()) < Number(goal)) await pause(5);
  }

  /** Kills the server and puts another one in its place; `cut`: its clients are to look for it. */
  async giveWay({ server, redis }: Replica, cut: () => void): Promise<void> {
    const old = this.server;
    redis.disconnect();
    await old.kill();
    this.server = server;
    this.place.port = server.port;
    this.#front.cut();
    cut();
    await old.stop();
  }

  /** Starts the server again after it ended. */
  async restart(): Promise<void> {
    await this.server.restart();
    await rewriteLog(this.redis);
  }

  async stop(): Promise<void> {
    this.redis.disconnect();
    await this.#front.stop();
    await this.server.stop();
    await this.#wrapped?.[Symbol.asyncDispose]();
  }
}

/** A server that can take the master's place. */
interface Replica {
  readonly server: RedisServer;
  readonly redis: Redis;
}
