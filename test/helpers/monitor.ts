// What the server executes, as MONITOR tells it, over a bare socket: a monitor of ioredis breaks off when the server has
// something to tell in the very moment in which it starts.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';

export interface Executed {
  /** By the server's clock, in ms. */
  readonly time: number;
  /** The client's address, or `lua`. */
  readonly source: string;
  /** The command in lower case. */
  readonly command: string;
  /** What is not plain text in them is escaped. */
  readonly args: readonly string[];
}

export class Monitor {
  readonly #redis: Redis;
  readonly #socket: Socket;
  readonly #last = `seen ${Math.random()}`;
  readonly #seen: Promise<void>;

  private constructor(redis: Redis, socket: Socket, see: (executed: Executed) => void) {
    this.#redis = redis;
    this.#socket = socket;
    // A line for each command: +<time> [<database> <source>] "<command>" "<argument>" …
    this.#seen = new Promise((resolve) => {
      createInterface(socket).on('line', (line) => {
        const head = /^\+([\d.]+) \[\d+ (\S+)\] /.exec(line);
        if (!head) return;
        const [command = '', ...args] = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(
          ([, text = '']) => text,
        );
        if (args[0] === this.#last) return resolve();
        see({
          time: Number(head[1]) * 1_000,
          source: head[2] ?? '',
          command: command.toLowerCase(),
          args,
        });
      });
    });
  }

  /** Resolves when the server tells what it executes. */
  static async of(redis: Redis, see: (executed: Executed) => void): Promise<Monitor> {
    const { host, port } = redis.options;
    const socket = connect(port ?? 0, host);
    await once(socket, 'connect');
    const monitor = new Monitor(redis, socket, see);
    const answered = once(socket, 'data');
    socket.write('MONITOR\r\n');
    await answered;
    return monitor;
  }

  /** Resolves when all that was executed so far was seen. */
  async end(): Promise<void> {
    await this.#redis.echo(this.#last);
    await this.#seen;
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
