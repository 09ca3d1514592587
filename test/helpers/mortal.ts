// Clients whose calls are let through one at a time, in any order among several of them, and that may die between any two.
import type { Redis } from 'ioredis';
import type { Connection } from '../../src/connection.js';
import { Caller } from '../../src/caller.js';
import { defaultLimits } from '../../src/limits.js';
import { Family } from '../../src/family.js';
import { Adder } from '../../src/adder.js';
import { Store } from '../../src/store.js';
import { Wire, type Sent, type Words } from '../../src/wire.js';

class Died extends Error {}

interface Parked {
  readonly go: () => void;
  readonly die: () => void;
}

function noScript(): Error {
  return Object.assign(new Error('NOSCRIPT No matching script.'), { name: 'ReplyError' });
}

/** Long enough for what follows from an answer to have been done, until the next call is wanted. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

export class Mortal {
  readonly #parked: Parked[] = [];
  readonly #wire: Wire;
  readonly #loaded: Set<string>;
  #sending = 0;
  #forgetful = false;
  #dead = false;
  #over = false;
  #error: unknown;
  /** What it is about, for people. */
  readonly what: string;

  constructor(redis: Redis, loaded: Set<string>, what: string) {
    this.#wire = new Wire(redis);
    this.#loaded = loaded;
    this.what = what;
  }

  /** As much of a connection as sending calls takes. */
  get connection(): Connection {
    const wire = { send: (commands: readonly Words[]) => this.#send(commands) };
    return { loaded: this.#loaded, wire, ready: () => this.#park() } as unknown as Connection;
  }

  async #send(commands: readonly Words[]): Promise<Sent[]> {
    if (this.#forgetful) return commands.map(() => [noScript(), null]);
    this.#sending += 1;
    try {
      return await this.#wire.send(commands);
    } finally {
      this.#sending -= 1;
    }
  }

  #park(): Promise<boolean> {
    if (this.#dead) return Promise.reject(new Died());
    return new Promise((resolve, reject) => {
      this.#parked.push({ go: () => resolve(true), die: () => reject(new Died()) });
    });
  }

  /** Begins work that goes on with each step. */
  async begin(work: (connection: Connection) => Promise<unknown>): Promise<void> {
    void work(this.connection)
      .catch((error: unknown) => {
        if (!(error instanceof Died)) this.#error = error;
      })
      .finally(() => {
        this.#over = true;
      });
    await this.#settled();
  }

  async #settled(): Promise<void> {
    do await turns();
    while (this.#sending > 0);
  }

  get alive(): boolean {
    return this.#parked.length > 0;
  }

  /** Lets the next call through. `forgotten`: the server does not have its script, so what was sent behind it overtakes it. */
  async step(forgotten = false): Promise<void> {
    this.#forgetful = forgotten && this.#parked.length > 1;
    this.#parked.shift()?.go();
    await this.#settled();
    this.#forgetful = false;
  }

  /** No call of it will be sent any more. */
  async die(): Promise<void> {
    this.#dead = true;
    for (const parked of this.#parked.splice(0)) parked.die();
    await turns();
  }

  /** How it ended, once it is not alive: an error of the call that it was about. */
  get error(): unknown {
    return this.#over ? this.#error : undefined;
  }
}

/** A client of one queue, behind a connection of any kind. */
export function clientOf(connection: Connection, queue: string, prefix: string) {
  const family = new Family(connection, prefix);
  const callers = [new Caller()];
  const limits = {
    maxPending: 1_000,
    maxPendingBytes: 1_000_000,
    maxLength: undefined,
    limits: defaultLimits,
  };
  const store = new Store(queue, connection, family, callers[0] as Caller);
  const adder = new Adder(queue, connection, family, callers, limits, store.tally, {
    stored: () => undefined,
    jobOf: (id) => id,
  });
  const { actions, requeuer } = store;
  return { family, actions, requeuer, store, adder };
}
