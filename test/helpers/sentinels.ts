// A master, its replicas and three sentinels, on this machine.
import { Redis } from 'ioredis';
import { startRedis, type RedisServer } from '../../src/testing/index.js';
import { until } from './live.js';
import { wrapServer } from './servers.js';

const name = 'queues';
const quorum = 2;
/** Of the sentinels; the servers have none. */
const password = 'sentinels';
/** ms of silence after which sentinels take a master for dead. */
const downAfter = 500;

export class Sentinels {
  /** In the order in which they were started; the first one was the master. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  readonly #close: () => Promise<void>;
  readonly #clients = new Map<RedisServer, Redis>();

  private constructor(
    servers: readonly RedisServer[],
    sentinels: readonly RedisServer[],
    close: () => Promise<void>,
  ) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.#close = close;
  }

  static async start(replicas: number): Promise<Sentinels> {
    const wrapped = await wrapServer('', '--sentinel');
    const config = { 'repl-diskless-sync-delay': 0, 'repl-ping-replica-period': 1 };
    const master = await startRedis({ config });
    const servers = [master];
    for (let replica = 0; replica < replicas; replica += 1)
      servers.push(
        await startRedis({ config: { ...config, replicaof: `127.0.0.1 ${master.port}` } }),
      );
    const lines = [
      `monitor ${name} 127.0.0.1 ${master.port} ${quorum}`,
      `down-after-milliseconds ${name} ${downAfter}`,
      `failover-timeout ${name} 4000`,
    ];
    const sentinels: RedisServer[] = [];
    const close = async (): Promise<void> => {
      await Promise.all([...servers, ...sentinels].map((server) => server.stop()));
      await wrapped[Symbol.asyncDispose]();
    };
    const cluster = new Sentinels(servers, sentinels, close);
    await until(
      async () => (await cluster.replication(master))['connected_slaves'] === `${replicas}`,
    );
    for (let sentinel = 0; sentinel < 3; sentinel += 1)
      sentinels.push(await startRedis({ bin: wrapped.bin, password, config: { sentinel: lines } }));
    for (const sentinel of sentinels) await until(() => cluster.#knowsAll(sentinel), 20_000);
    return cluster;
  }

  /** A client of one of the servers. */
  of(server: RedisServer): Redis {
    const known = this.#clients.get(server);
    if (known) return known;
    const client = new Redis({ ...server.connection, retryStrategy: () => 50 });
    client.on('error', () => undefined);
    this.#clients.set(server, client);
    return client;
  }

  /** For queues and workers. */
  get connection() {
    const sentinels = this.sentinels.map(({ host, port }) => ({ host, port }));
    return { name, sentinels, sentinelPassword: password };
  }

  async replication(server: RedisServer): Promise<Record<string, string>> {
    const text = await this.of(server).info('replication');
    return Object.fromEntries(
      [...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, field = '', value = '']) => [field, value]),
    );
  }

  async #sentinel(sentinel: RedisServer, ...words: string[]): Promise<unknown> {
    return await this.of(sentinel).call('SENTINEL', ...words);
  }

  async #knowsAll(sentinel: RedisServer): Promise<boolean> {
    const flat = (await this.#sentinel(sentinel, 'MASTER', name)) as
      | string[]
      | Record<string, string>;
    const fields = Array.isArray(flat) ? pairsOf(flat) : flat;
    return (
      fields['num-slaves'] === String(this.servers.length - 1) &&
      fields['num-other-sentinels'] === '2'
    );
  }

  /** The server that is the master by itself and by the sentinels. */
  async master(not?: RedisServer): Promise<RedisServer | undefined> {
    const [first] = this.sentinels;
    if (!first) return undefined;
    const [, port] = (await this.#sentinel(first, 'GET-MASTER-ADDR-BY-NAME', name)) as string[];
    const server = this.servers.find((one) => String(one.port) === port);
    if (!server || server === not || server.pid === undefined) return undefined;
    return (await this.replication(server))['role'] === 'master' ? server : undefined;
  }

  /** Waits until there is another master than this one. */
  async promoted(not: RedisServer, ms: number): Promise<RedisServer> {
    let master: RedisServer | undefined;
    await until(
      async () => {
        master = await this.master(not);
        return master !== undefined;
      },
      ms,
      'a replica was promoted',
    );
    return master as RedisServer;
  }

  /** Waits until a replica has all that the master has now. */
  async replicated(from: RedisServer, to: RedisServer): Promise<void> {
    const { master_repl_offset: goal } = await this.replication(from);
    await until(
      async () => Number((await this.replication(to))['slave_repl_offset']) >= Number(goal),
    );
  }

  /** Asks for a failover while all is well: again, as long as the last one is not over. */
  async failOver(): Promise<void> {
    const ask = (): Promise<boolean> =>
      this.#sentinel(this.sentinels[0] as RedisServer, 'FAILOVER', name).then(
        () => true,
        () => false,
      );
    await until(ask, 20_000, 'the sentinel agrees to a failover');
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.values()) client.disconnect();
    await this.#close();
  }
}

function pairsOf(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
  return fields;
}
