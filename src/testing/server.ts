// The life of one private server: start → (kill | restart)* → stop.
import { randomInt } from 'node:crypto';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, type Address } from './ask.js';
import { checkSettings, configText, type ServerSettings } from './config.js';
import { startContainer } from './container.js';
import type { LoadTestcontainers, ServerImage } from './docker.js';
import { RedisStartError } from './errors.js';
import { findServer, type ServerBinary } from './find-binary.js';
import { checkTypes } from './options.js';
import { ServerProcess, type ServerRun } from './process.js';
import type { Environment } from './system.js';

/** How to start a private server. */
export interface RedisServerOptions {
  /**
   * The server program, as a path or as a name on PATH. Default: `REDIS_SERVER_BIN`, else
   * `redis-server` or `valkey-server` on PATH, else one that was unpacked before, else a container
   * of the image `REDIS_IMAGE` (`redis:7.4-alpine`; empty: none) if Docker answers on this Linux
   * and the package testcontainers is installed, else one from this Debian's or Ubuntu's packages,
   * unpacked into a cache once. A script that wraps a server must `exec` it.
   */
  readonly bin?: string;
  /** Listen on a unix socket in the server's folder instead of TCP. Default: false. */
  readonly socket?: boolean;
  /** The TCP port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** The password of the default user. Default: none. */
  readonly password?: string;
  /** Keep data over `kill()` and `restart()` in an append-only file. Default: false. */
  readonly appendonly?: boolean;
  /**
   * When that file reaches the disk. `everysec` (the default) may lose what was written while the
   * disk was busy, even to a `kill()`.
   */
  readonly appendfsync?: 'always' | 'everysec';
  /**
   * Further lines of redis.conf, such as `{ maxmemory: '8mb', 'maxmemory-policy': 'allkeys-lru' }`;
   * an array gives one line for each of its values. Values stand there as given, unquoted.
   */
  readonly config?: Readonly<Record<string, string | number | readonly string[]>>;
  /** How long a server may take until it answers, loading included, in ms. Default: 10,000. */
  readonly startTimeout?: number;
  /**
   * Where REDIS_SERVER_BIN, PATH, LUNAQ_CACHE, XDG_CACHE_HOME, HOME, REDIS_IMAGE and DOCKER_HOST are
   * read from.
   * Default: `process.env`.
   */
  readonly env?: Environment;
}

// Below the ports that Linux, macOS and BSD give to outgoing connections: a client that keeps
// knocking while a server is down could otherwise be given that very port and occupy it.
const lowestPort = 10_000;
const portsEnd = 32_000;
const portAttempts = 20;

/**
 * Starts a Redis or Valkey server of one's own, which listens on this machine only, keeps nothing
 * unless asked, and ends with this process, even if that is killed. It does not keep the process
 * alive by itself.
 *
 * @throws RedisNotFoundError (`REDIS_NOT_FOUND`) if this machine has no server
 * @throws RedisStartError (`REDIS_START_FAILED`) with the end of its log if it does not come up
 * @throws TypeError, RangeError for options that make no sense
 */
export function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  return startRedisAt(() => randomInt(lowestPort, portsEnd), options);
}

/**
 * `startRedis()` that takes its ports from elsewhere, the next one if somebody has the last, and
 * testcontainers too.
 */
export async function startRedisAt(
  nextPort: () => number,
  options: RedisServerOptions,
  loadTestcontainers?: LoadTestcontainers,
): Promise<RedisServer> {
  checkTypes(options);
  checkSettings(options);
  checkOptions(options);
  const { bin, env } = options;
  const source = await findServer({ bin, env, loadTestcontainers });
  const attempts = options.socket === true || options.port !== undefined ? 1 : portAttempts;
  for (let attempt = 1; ; attempt++) {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'lunaq-redis-')));
    const address =
      options.socket === true
        ? { path: join(folder, 'redis.sock') }
        : { host: '127.0.0.1', port: options.port ?? nextPort() };
    const server = new RedisServer(source, folder, address, options);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      if (attempt === attempts || !isPortTaken(error)) throw error;
    }
  }
}

/** A private server. Its methods take effect one after the other, in the order of the calls. */
class RedisServer {
  /** For `new Redis(url)` of ioredis: `redis://…`, or the path of its unix socket. */
  readonly url: string;
  /** The same as options: `new Redis(server.connection)`. */
  readonly connection: Address & { readonly password?: string };
  /** Always `127.0.0.1`. */
  readonly host = '127.0.0.1';
  /** The TCP port; 0 with `socket: true`. */
  readonly port: number;
  /** The unix socket with `socket: true`. */
  readonly path: string | undefined;
  readonly password: string | undefined;
  /** The server's own folder: its redis.conf, redis.log, unix socket and data. */
  readonly folder: string;

  readonly #source: ServerBinary | ServerImage;
  readonly #address: Address;
  readonly #settings: ServerSettings;
  readonly #startTimeout: number;
  #process: ServerRun | undefined;
  #stopped = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(
    source: ServerBinary | ServerImage,
    folder: string,
    address: Address,
    options: RedisServerOptions,
  ) {
    const { password } = options;
    this.#source = source;
    this.#address = address;
    this.#settings = options;
    this.#startTimeout = options.startTimeout ?? 10_000;
    this.folder = folder;
    this.password = password;
    this.port = 'port' in address ? address.port : 0;
    this.path = 'path' in address ? address.path : undefined;
    this.connection = password === undefined ? address : { ...address, password };
    this.url = urlOf(address, password);
  }

  /** The process id; undefined while no server runs, and of one in a container. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Ends the server in good order and removes its folder. Calling it again does nothing. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      this.#stopped = true;
      await this.#shutDown();
      await removeFolder(this.folder);
      this.#process?.release();
      this.#process = undefined;
    });
  }

  /** Ends the server with SIGKILL, as a crash would. Its folder stays for `restart()`. */
  kill(): Promise<void> {
    return this.#inTurn(async () => {
      this.#process?.kill();
      await this.#process?.ended();
    });
  }

  /**
   * Starts the server again, at the same address and with the same options; one that still runs is
   * ended in good order first. Only what an append-only file holds is there again. Resolves when
   * the data is loaded.
   *
   * @throws RedisStartError if it does not come up, or after `stop()`
   */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#stopped) throw new RedisStartError('The server was stopped, its folder is gone');
      await this.#shutDown();
      await this.#start();
    });
  }

  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    const config = join(this.folder, 'redis.conf');
    const log = join(this.folder, 'redis.log');
    await writeFile(config, configText(this.folder, this.#address, this.#settings), {
      mode: 0o600,
    });
    const before = this.#process;
    const source = this.#source;
    const place = { folder: this.folder, log };
    const server =
      source.source === 'container'
        ? await startContainer(source, { config, ...place })
        : new ServerProcess({ ...source, args: [config], ...place });
    const name = source.source === 'container' ? source.image : source.file;
    this.#process = server;
    before?.release(); // the new watchdog looks after the folder now

    const deadline = Date.now() + this.#startTimeout;
    for (let pause = 2; server.running && Date.now() < deadline; pause = Math.min(2 * pause, 32)) {
      const answers = this.#answers(config);
      if (await Promise.race([answers, server.exited.then(() => false)])) return;
      await delay(pause);
    }
    const reason = server.running
      ? `${name} did not answer within ${this.#startTimeout} ms`
      : `${name} ended instead of listening on ${this.url}`;
    server.kill();
    await server.ended();
    throw new RedisStartError(reason, await lastLines(log));
  }

  // A PONG alone may come from a stranger who was faster at this port: it must be our redis.conf.
  async #answers(config: string): Promise<boolean> {
    const commands = [...this.#credentials(), ['PING'], ['INFO', 'server']];
    const replies = await ask(this.#address, commands, 1000).catch((): string[] => []);
    return replies.includes('PONG') && (replies.at(-1) ?? '').includes(`config_file:${config}\r\n`);
  }

  // By command and not by SIGTERM, which a server may take 100 ms to notice.
  async #shutDown(): Promise<void> {
    const server = this.#process;
    if (server?.running !== true) return;
    const commands = [...this.#credentials(), ['SHUTDOWN', 'NOSAVE']];
    await ask(this.#address, commands, 1000).catch(() => []);
    const timer = setTimeout(() => server.kill(), 1000);
    await server.ended();
    clearTimeout(timer);
  }

  #credentials(): string[][] {
    return this.password === undefined ? [] : [['AUTH', this.password]];
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

export type { RedisServer };

function checkOptions({ socket, port, startTimeout }: RedisServerOptions): void {
  if (port !== undefined && socket === true) {
    throw new TypeError('port: means nothing with socket: true');
  }
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new RangeError(`port: expected a whole number from 1 to 65535, got ${port}`);
  }
  if (startTimeout !== undefined && !(startTimeout > 0)) {
    throw new RangeError(`startTimeout: expected more than 0 ms, got ${startTimeout}`);
  }
}

function urlOf(address: Address, password: string | undefined): string {
  const secret = password === undefined ? '' : encodeURIComponent(password);
  if ('path' in address) return secret === '' ? address.path : `${address.path}?password=${secret}`;
  return `redis://${secret === '' ? '' : `:${secret}@`}${address.host}:${address.port}`;
}

function isPortTaken(error: unknown): boolean {
  // "Address already in use" by glibc, macOS and BSD; "Address in use" by musl.
  return error instanceof RedisStartError && /address (already )?in use/i.test(error.log);
}

async function lastLines(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-12).join('\n');
}

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
