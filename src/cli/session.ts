// What every command has: where Redis is, how to write, and the queues it opened.
import { readFile } from 'node:fs/promises';
import type { Codec } from '../codec.js';
import { overTls, type ConnectionOptions } from '../client.js';
import { Connection } from '../connection.js';
import { asError } from '../errors.js';
import { Queue } from '../queue.js';
import { encoded } from './encoded.js';
import { CommandError, UsageError } from './errors.js';
import { loadCodecs } from './handler-file.js';
import { Output } from './output.js';
import { shownUrl } from './text.js';

/** Options that every command takes. */
export interface Globals {
  readonly url?: string;
  readonly prefix?: string;
  readonly json?: boolean;
  readonly debug?: boolean;
  readonly codec?: string;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
}

function reasonOf(error: Error): string {
  // Where a name has several addresses, the message is empty.
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}

export class Session {
  readonly out: Output;
  readonly url: string;
  readonly prefix: string | undefined;
  /** Those of `--codec`; undefined without. */
  codecs: readonly Codec[] | undefined;
  readonly #options: Globals;
  readonly #queues = new Map<string, Queue>();
  #target: ConnectionOptions;
  #connection: Connection | undefined;

  constructor(options: Globals) {
    const { url, prefix, json = false } = options;
    this.out = new Output(json);
    this.url = url || process.env['REDIS_URL'] || 'redis://127.0.0.1:6379';
    this.prefix = prefix;
    this.#options = options;
    this.#target = this.url;
  }

  /** Options of queues and workers. */
  get place(): { connection: ConnectionOptions; prefix?: string } {
    const { prefix } = this;
    const connection = this.#target;
    return prefix === undefined ? { connection } : { connection, prefix };
  }

  /** Connects. A Redis that can't be reached at first is an error; one that goes away later is waited for. */
  async open(): Promise<void> {
    const { codec } = this.#options;
    if (codec !== undefined) this.codecs = await loadCodecs(codec);
    const tls = await this.#certificates();
    try {
      if (tls) this.#target = overTls(this.url, tls);
      this.#connection = Connection.acquire(this.#target);
      await firstReady(this.#connection);
    } catch (thrown) {
      const error = asError(thrown);
      const message = `can't reach Redis at ${shownUrl(this.url)}: ${reasonOf(error)}`;
      throw new CommandError(message, { cause: error });
    }
  }

  /** What `--cacert`, `--cert` and `--key` name; undefined without one of them. */
  async #certificates(): Promise<Certificates | undefined> {
    const { cacert, cert, key } = this.#options;
    if ((cert === undefined) !== (key === undefined))
      throw new UsageError('cert and key: expected both or neither');
    const given = Object.entries({ ca: cacert, cert, key }).filter(
      ([, file]) => file !== undefined,
    );
    if (given.length === 0) return undefined;
    if (!this.url.startsWith('rediss://'))
      throw new UsageError('cacert, cert and key: expected a rediss:// URL beside them');
    const read = given.map(async ([name, file = '']) => [name, await pemOf(file)] as const);
    return Object.fromEntries(await Promise.all(read)) as Certificates;
  }

  queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known) return known;
    const { codecs = [] } = this;
    // Of what they can't decode it is shown that it is encoded.
    const codec = codecs.some((one) => one.name === '*') ? codecs : [...codecs, encoded];
    const queue = new Queue(name, { ...this.place, codec });
    // What a call can't do, it rejects with.
    queue.on('error', () => undefined);
    this.#queues.set(name, queue);
    return queue;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    this.#connection?.release();
  }
}

/** Texts in PEM. */
interface Certificates {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

async function pemOf(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    throw new CommandError(`can't read ${file}: ${asError(thrown).message}`, { cause: thrown });
  }
  // Of anything else OpenSSL takes nothing, and says so of keys only.
  if (!text.includes('-----BEGIN ')) throw new CommandError(`${file}: expected PEM`);
  return text;
}

function firstReady(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    if (connection.isReady) resolve();
    const stop = connection.listen({
      onReady: () => {
        stop();
        resolve();
      },
      onError: (error) => {
        stop();
        reject(error);
      },
    });
  });
}
