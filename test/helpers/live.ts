// A private Redis for the tests of one file, and queues and workers of which each test has its own. Queues connect as a producer and workers
// as a worker, with no more rights than `lunaq acl` gives these. Everything is closed after each test, and then the invariants must hold.
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { QueueOptions, WorkerOptions } from '../../src/options.js';
import { Queue } from '../../src/queue.js';
import { startRedis, type RedisServer, type RedisServerOptions } from '../../src/testing/server.js';
import { Worker, type Handler, type Handlers } from '../../src/worker.js';
import { accountLines, accountOf, isAccount, type Account, type AccountName } from './accounts.js';
import { checkInvariants } from './invariants.js';
import { Monitor } from './monitor.js';

/** Waits for a state that must come within `ms`, by default well over the 5 s of a sweep, and tells what did not. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  ms = 8_000,
  what = condition.toString(),
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await pause(5);
  }
}

/** For what has no state to be waited for: the passing of time itself. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A promise and its resolver: a gate that a handler waits at. */
export function gate<T = void>(): { readonly opened: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** What `getJobCounts` tells of an empty queue. */
export const noJobs = {
  waiting: 0,
  delayed: 0,
  deferred: 0,
  active: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
};

/** A handler that takes `ms`, at how many jobs it is at once, and at how many it was at most. */
export function crowd(ms: number) {
  const seen = {
    running: 0,
    most: 0,
    handler: async (): Promise<void> => {
      seen.running += 1;
      seen.most = Math.max(seen.most, seen.running);
      await pause(ms);
      seen.running -= 1;
    },
  };
  return seen;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Short enough for faults to heal within a test. */
export const quick = { lockDuration: 1_000, stalledInterval: 150, closeTimeout: 2_000 };

interface Closable {
  close: (force?: boolean) => Promise<void>;
}

export interface LiveOptions extends RedisServerOptions {
  /** A server for each test, not for the file: for tests that kill or spoil it. */
  readonly perTest?: boolean;
}

export class Live {
  server!: RedisServer;
  /** Outside the queue, to look and to spoil. */
  redis!: Redis;
  /** The queue's name in this test. */
  name = '';
  /** Errors that queues and workers reported. */
  errors: Error[] = [];
  readonly #options: LiveOptions;
  #closables: Closable[] = [];
  #cleaners: (() => unknown)[] = [];
  #names: Set<string> = new Set();
  #count = 0;
  /** The test is over: nothing more is to be started. */
  ending = false;
  /** Tests of this file take rights away, so what was denied is no fault. */
  deniesOnPurpose = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { perTest: _, ...options } = this.#options;
    const config = { ...options.config, user: accountLines() };
    this.server = await startRedis({ ...options, config });
    this.redis = new Redis({
      ...this.server.connection,
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
    });
    this.redis.on('error', () => undefined);
  }

  async stop(): Promise<void> {
    try {
      // oxlint-disable-next-line vitest/no-standalone-expect -- it ends every file that uses it
      if (!this.deniesOnPurpose) expect(await this.#denied()).toEqual([]);
    } finally {
      this.redis.disconnect();
      await this.server.stop();
    }
  }

  /** What the server has denied to the accounts of the tests; nothing when it does not run. */
  async #denied(): Promise<string[]> {
    if (this.server.pid === undefined || this.redis.status !== 'ready') return [];
    const entries = (await this.redis.call('ACL', 'LOG').catch(() => [])) as string[][];
    const told = entries.map((entry) => {
      const of = (field: string) => entry[entry.indexOf(field) + 1];
      return `${of('username')} may not ${of('object')} (${of('context')})`;
    });
    return told.filter((text) => isAccount(text));
  }

  /** The server, or a proxy before it, and who connects to it. */
  as(
    name: AccountName,
    { host, port }: { readonly host: string; readonly port: number } = this.server,
  ): Account & { readonly host: string; readonly port: number } {
    return { host, port, ...accountOf(name) };
  }

  /** The same as a URL. */
  urlAs(name: AccountName): string {
    const { username, password } = accountOf(name);
    return `redis://${username}:${encodeURIComponent(password)}@${this.server.host}:${this.server.port}`;
  }

  begin(): void {
    this.#count += 1;
    this.errors = [];
    this.ending = false;
    this.#names = new Set();
    this.name = `test-${this.#count}`;
  }

  /** Closes what the test has made, and holds its queues against the invariants. */
  async end(): Promise<void> {
    this.ending = true;
    await Promise.all(this.#closables.splice(0).map((closable) => closable.close(true)));
    for (let clean = this.#cleaners.pop(); clean; clean = this.#cleaners.pop()) await clean();
    const violations: string[] = [];
    for (const name of this.#names)
      for (const sentence of await this.violations(name)) violations.push(`${name}: ${sentence}`);
    // oxlint-disable-next-line vitest/no-standalone-expect -- it ends every test that uses it
    expect(violations).toEqual([]);
  }

  /** Runs after the test, the last one first. */
  after(clean: () => unknown): void {
    this.#cleaners.push(clean);
  }

  async violations(name = this.name): Promise<string[]> {
    return await checkInvariants(this.redis, name);
  }

  queue<Data = unknown, Result = unknown>(
    options: QueueOptions & { name?: string } = {},
  ): Queue<Data, Result> {
    const { name = this.name, ...rest } = options;
    this.#names.add(name);
    const queue = new Queue<Data, Result>(name, { connection: this.as('producer'), ...rest });
    return this.track(queue);
  }

  worker<Data = unknown, Result = unknown>(
    handler: Handler<Data, Result> | Handlers<Data, Result>,
    options: WorkerOptions & { name?: string } = {},
  ): Worker<Data, Result> {
    const { name = this.name, ...rest } = options;
    this.#names.add(name);
    const worker = new Worker<Data, Result>(name, handler, {
      connection: this.as('worker'),
      ...quick,
      ...rest,
    });
    return this.track(worker);
  }

  /** Closes it after the test and gathers its errors. */
  track<C extends Closable & { on(event: 'error', listener: (error: Error) => void): unknown }>(
    closable: C,
  ): C {
    closable.on('error', (error) => void this.errors.push(error));
    this.#closables.push(closable);
    return closable;
  }

  /** Commands that clients sent while `action` ran, by name; those of scripts are not among them. */
  async commandsOf(action: () => Promise<unknown>): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const monitor = await Monitor.of(this.redis, ({ command, source }) => {
      if (source !== 'lua') counts.set(command, (counts.get(command) ?? 0) + 1);
    });
    this.after(() => monitor.destroy());
    await action();
    await monitor.end();
    counts.delete('ping');
    return counts;
  }
}

export function liveRedis(options: LiveOptions = {}): Live {
  const live = new Live(options);
  if (options.perTest !== true) {
    beforeAll(() => live.start());
    afterAll(() => live.stop());
  }
  beforeEach(async () => {
    if (options.perTest === true) await live.start();
    live.begin();
  });
  afterEach(async () => {
    try {
      await live.end();
    } finally {
      if (options.perTest === true) await live.stop();
    }
  });
  return live;
}
