// What the tests of single scripts have in common: one private server a file, one queue of its own a test, states
// written and compared whole. See keyspace.ts for `now`.
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { queueKeys, type QueueKeys } from '../../src/keys.js';
import { randomText } from '../../src/caller.js';
import { callOf, type Call, type Script } from '../../src/script.js';
import { startRedis, type RedisServer, type RedisServerOptions } from '../../src/testing/index.js';
import { prefixOf, relativeTo, seed, snapshot, type Snapshot, type State } from './keyspace.js';

/** Arguments without their brands: tests write ids and tokens as plain text. */
export type Plain<T> = { readonly [K in keyof T]: T[K] extends number ? T[K] : string | T[K] };

type Values = Record<string, string | number>;

/** A queue of its own, and what tests do with it. */
export class Bench {
  readonly name = randomText(8);
  readonly keys: QueueKeys;

  constructor(
    readonly redis: Redis,
    /** Server's time (ms) that `now` in states stands for. */
    readonly now: number,
    readonly prefix = 'test',
  ) {
    this.keys = queueKeys(this.name, prefix);
  }

  /** Adds to what is stored. */
  async seed(state: State): Promise<void> {
    await seed(this.redis, this.keys, state, this.now);
  }

  /** A call of a script on this queue. */
  call<Args extends Values, Each extends Values, Reply>(
    script: Script<Args, Each, Reply>,
    args: Plain<Args>,
    items: readonly Plain<Each>[] = [],
  ): Call<Reply> {
    return callOf(script, this.keys, args as unknown as Args, items as unknown as Each[]);
  }

  /** Runs a call as it is; its reply as the catalogue reads it. */
  async send<Reply>(call: Call<Reply>): Promise<Reply> {
    return call.parse(await this.redis.call('EVAL', call.script.source, ...call.argv));
  }

  /** Runs a script on this queue. */
  async run<Args extends Values, Each extends Values, Reply>(
    script: Script<Args, Each, Reply>,
    args: Plain<Args>,
    items: readonly Plain<Each>[] = [],
  ): Promise<Reply> {
    return await this.send(this.call(script, args, items));
  }

  /** All keys of the queue, with times relative to `now`. */
  async state(): Promise<Snapshot> {
    return relativeTo(this.now, await this.stored());
  }

  /** All keys of the queue as they are. */
  async stored(): Promise<Snapshot> {
    return await snapshot(this.redis, prefixOf(this.keys));
  }
}

/** What is published on a channel of a queue while `act` runs; messages of events without their time. */
export async function hearing(
  queue: Bench,
  channel: 'events' | 'stopping',
  act: () => Promise<unknown>,
): Promise<string[]> {
  const listener = queue.redis.duplicate();
  const heard: string[] = [];
  listener.on('message', (_, message: string) => heard.push(message));
  try {
    await listener.subscribe(queue.keys[channel]);
    await act();
    // Messages of one server come in order: when this one is here, all others are.
    await queue.redis.publish(queue.keys[channel], 'last');
    while (heard.at(-1) !== 'last') await once(listener, 'message');
    const told = heard.slice(0, -1);
    return channel === 'events' ? told.map((text) => text.replace(/^\d{13}\n/, '')) : told;
  } finally {
    listener.disconnect();
  }
}

export interface BenchServer {
  readonly server: RedisServer;
  readonly redis: Redis;
  /** A new queue, in the state given. */
  queue(state?: State): Promise<Bench>;
}

/** One private server for the tests of this file. */
export function privateServer(options?: RedisServerOptions): BenchServer {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis(options);
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  return {
    get server() {
      return server;
    },
    get redis() {
      return redis;
    },
    async queue(state = {}) {
      const [seconds = 0, micros = 0] = await redis.time();
      const bench = new Bench(redis, seconds * 1_000 + Math.floor(micros / 1_000));
      await bench.seed(state);
      return bench;
    },
  };
}
