// The connections of one process to one server: one for commands, one that blocks (made when a worker
// first waits), shared by all queues and workers that were given the same server.
import { inspect } from 'node:util';
import { denialOf, isDenial } from './access/denials.js';
import { Channels, type Subscriber } from './channels.js';
import {
  checkTarget,
  connect,
  identityOf,
  socketTimeout,
  whenReady,
  type Client,
  type ConnectionOptions,
  type RedisOptions,
} from './client.js';
import { QueueError } from './errors.js';
import { deadlineIn, sleep, type Deadline } from './deadline.js';
import { Wire } from './wire.js';

/** Longest block in s. */
const longestBlock = 10;
/** ms by which the end of a block may be late before its socket counts as dead. */
const blockSlack = 1_000;
/** ms that `waitUntilReady` waits. */
const patience = 10_000;
/** ms that a block waits for its connection, before the worker looks for itself. */
const blockPatience = 250;

const shared = new Map<unknown, Connection>();

/** How a block ended. */
export type BlockEnd =
  | { readonly kind: 'marker'; readonly key: string }
  | { readonly kind: 'time' | 'lost' };

type Listener = { onReady?: () => void; onError?: (error: Error) => void };

/** Connections to one server. Made by `acquire`, given back by `release`; the last release closes the sockets. */
export class Connection {
  readonly commands: Client;
  /** How `commands` are written. */
  readonly wire: Wire;
  readonly #target: ConnectionOptions;
  readonly #key: unknown;
  readonly #listeners = new Set<Listener>();
  #users = 0;
  #blocking: Client | undefined;
  /** Listens to channels where the command connection can't: with RESP2. */
  #listening: Client | undefined;
  #channels: Channels | undefined;
  /** The server's number of the blocking connection, while there is one. */
  #blockingId: number | undefined;
  /** When the command connection was last made, by the monotonic clock (ms). */
  connectedAt = performance.now();
  /** When the server last said that it can't work for a while, or could not be reached (monotonic clock, ms). */
  troubledAt = Number.NEGATIVE_INFINITY;
  /** Why there is no connection, as far as it is known. */
  lastError: Error | undefined;
  /** Names of the scripts that this server was given. */
  readonly loaded = new Set<string>();

  private constructor(target: ConnectionOptions, key: unknown) {
    this.#target = target;
    this.#key = key;
    this.commands = connect(target);
    this.wire = new Wire(this.commands);
    this.commands.on('error', (error: Error) => {
      this.lastError = error;
      this.#each('onError', error);
    });
    this.commands.on('close', () => {
      this.troubledAt = performance.now();
    });
    this.commands.on('ready', () => {
      this.connectedAt = performance.now();
      this.lastError = undefined;
      this.#each('onReady');
    });
  }

  /** Throws TypeError for what is none. */
  static acquire(target: ConnectionOptions = {}): Connection {
    checkTarget(target);
    const key = identityOf(target);
    const connection = shared.get(key) ?? new Connection(target, key);
    shared.set(key, connection);
    connection.#users += 1;
    return connection;
  }

  #each(name: 'onReady'): void;
  #each(name: 'onError', error: Error): void;
  #each(name: keyof Listener, error?: Error): void {
    for (const listener of this.#listeners) listener[name]?.(error as Error);
  }

  /** Is told of each new connection and each connection error, until the function returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All that is shown of it: sockets and options hold passwords. */
  toJSON(): { readonly status: string } {
    return { status: this.commands.status };
  }

  [inspect.custom](): string {
    return `Connection { status: '${this.commands.status}' }`;
  }

  get isReady(): boolean {
    return this.commands.status === 'ready';
  }

  get closed(): boolean {
    return this.#users === 0;
  }

  /** Waits for the command connection; false when the deadline came first, or when Redis refuses the user: `lastError` tells. */
  async ready(deadline: Deadline): Promise<boolean> {
    if (this.closed) throw new QueueError('CLOSED', 'the connection was closed');
    return await whenReady(this.commands, deadline, () => this.closed || this.#refused);
  }

  get #refused(): boolean {
    return this.lastError !== undefined && isDenial(this.lastError);
  }

  /** Waits for the command connection, up to 10 s. Throws NO_PERMISSION, UNAVAILABLE. */
  async waitUntilReady(): Promise<void> {
    if (await this.ready(deadlineIn(patience))) return;
    const options = { cause: this.lastError };
    if (options.cause && isDenial(options.cause)) throw denialOf(options.cause);
    throw new QueueError('UNAVAILABLE', 'Redis could not be reached in time', options);
  }

  /** Resolves when there is a connection, or the signal fired. */
  async there(signal: AbortSignal): Promise<void> {
    if (this.isReady || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        unlisten();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const unlisten = this.listen({ onReady: done });
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Resolves when there was no connection for `ms` at a stretch, or the signal fired. */
  async gone(ms: number, signal: AbortSignal): Promise<void> {
    let missing = 0;
    while (missing < ms && !signal.aborted) {
      await sleep(50, signal);
      missing = this.isReady ? 0 : missing + 50;
    }
  }

  /** Takes the first marker among `keys`; ends after `seconds`, by `unblock`, or when the connection is lost. */
  async block(keys: readonly string[], seconds: number): Promise<BlockEnd> {
    let overdue: NodeJS.Timeout | undefined;
    try {
      const redis = this.#blockingConnection();
      if (!(await whenReady(redis, deadlineIn(blockPatience)))) return { kind: 'lost' };
      const longest = Math.min(seconds, longestBlock);
      // Sooner than the time-out of the socket, which must do for any block: nobody else wakes an idle worker.
      overdue = setTimeout(() => redis.stream.destroy(), longest * 1_000 + blockSlack);
      // Asked before the block: behind it, the answer would come when nobody needs it any more.
      this.#blockingId ??= await redis.client('ID');
      const taken = await redis.blpop([...keys], longest);
      return taken ? { kind: 'marker', key: taken[0] } : { kind: 'time' };
    } catch {
      // Whatever became of the marker, workers look for themselves; not in a hot loop while there is no server.
      await sleep(50);
      return { kind: 'lost' };
    } finally {
      clearTimeout(overdue);
    }
  }

  #blockingConnection(): Client {
    if (this.#blocking) return this.#blocking;
    const redis = connect(this.#target, {
      socketTimeout: longestBlock * 1_000 + socketTimeout,
    });
    redis.on('error', (error: Error) => this.#each('onError', error));
    redis.on('close', () => {
      this.#blockingId = undefined;
    });
    this.#blocking = redis;
    return redis;
  }

  /** Ends the current block; it may not have begun, so the caller repeats this until it has ended. */
  async unblock(): Promise<void> {
    try {
      if (this.#blockingId !== undefined) await this.commands.client('UNBLOCK', this.#blockingId);
    } catch {
      this.#blocking?.disconnect(true);
    }
  }

  /** Listens to a channel, across reconnects, until the function returned is called. */
  subscribe(channel: string, subscriber: Subscriber): () => void {
    this.#channels ??= new Channels(this.#listeningConnection(), (error) =>
      this.#each('onError', error),
    );
    return this.#channels.subscribe(channel, subscriber);
  }

  /** Resolves when all that was published before has been handed to the subscribers; rejects when the connection is lost meanwhile. */
  async heard(): Promise<void> {
    await this.#channels?.heard();
  }

  #listeningConnection(): Client {
    // With RESP3 messages come between replies, so one connection does.
    const { protocol } = this.commands.options as { protocol?: number };
    if (protocol === 3) return this.commands;
    const redis = connect(this.#target);
    redis.on('error', (error: Error) => this.#each('onError', error));
    this.#listening = redis;
    return redis;
  }

  /** What the server tells of itself, all or one section of it, by field; nothing when it does not tell. */
  async info(section = 'default'): Promise<ReadonlyMap<string, string>> {
    const text = await this.commands.info(section).catch(() => '');
    const fields = text.matchAll(/^(\w+):(.*?)\r?$/gm);
    return new Map(Array.from(fields, ([, field = '', value = '']) => [field, value]));
  }

  /** A setting of the server; undefined when it does not tell, as few servers tell those who are not their administrators. */
  async setting(name: string): Promise<string | undefined> {
    const reply = await this.commands.config('GET', name).catch(() => []);
    return (reply as string[])[1];
  }

  /** Address of the server that commands go to, followed across a failover by the client. */
  endpoint(): { host: string; port: number } | { path: string } | undefined {
    const { path } = this.commands.options;
    if (path) return { path };
    const stream = this.commands.stream as
      | { remoteAddress?: string; remotePort?: number }
      | undefined;
    if (!stream?.remoteAddress || !stream.remotePort) return undefined;
    return { host: stream.remoteAddress, port: stream.remotePort };
  }

  get options(): RedisOptions {
    return this.commands.options;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    shared.delete(this.#key);
    this.commands.disconnect();
    // Between two attempts to connect, ioredis tells nobody that there will be no other.
    if (this.commands.status === 'reconnecting') this.commands.emit('end');
    this.#blocking?.disconnect();
    this.#listening?.disconnect();
  }
}
