// What every command has: where Redis is, how to write, and the queues it opened.
import { Connection } from '../connection.js';
import { asError } from '../errors.js';
import { Queue } from '../queue.js';
import { encoded } from './encoded.js';
import { Output } from './output.js';
import { shownUrl } from './text.js';

/** Options that every command takes. */
export interface Globals {
  readonly url?: string;
  readonly prefix?: string;
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** Why a command could not do what it was asked to; its message is all that is printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The command was called in a way that makes no sense. */
export class UsageError extends CommandError {}

function reasonOf(error: Error): string {
  // Where a name has several addresses, the message is empty.
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}

export class Session {
  readonly out: Output;
  readonly url: string;
  readonly prefix: string | undefined;
  readonly #queues = new Map<string, Queue>();
  #connection: Connection | undefined;

  constructor({ url, prefix, json = false }: Globals) {
    this.out = new Output(json);
    this.url = url || process.env['REDIS_URL'] || 'redis://127.0.0.1:6379';
    this.prefix = prefix;
  }

  /** Options of queues and workers. */
  get place(): { connection: string; prefix?: string } {
    const { url: connection, prefix } = this;
    return prefix === undefined ? { connection } : { connection, prefix };
  }

  /** Connects. A Redis that can't be reached at first is an error; one that goes away later is waited for. */
  async open(): Promise<void> {
    try {
      this.#connection = Connection.acquire(this.url);
      await firstReady(this.#connection);
    } catch (thrown) {
      const error = asError(thrown);
      const message = `can't reach Redis at ${shownUrl(this.url)}: ${reasonOf(error)}`;
      throw new CommandError(message, { cause: error });
    }
  }

  queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known) return known;
    const queue = new Queue(name, { ...this.place, codec: encoded });
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
