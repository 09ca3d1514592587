// The real queues and workers of one history, and the model beside them: what commands are carried out on.
import type { Redis } from 'ioredis';
import { Queue } from '../../src/index.js';
import type { Snapshot } from '../helpers/keyspace.js';
import { queueNames } from './commands.js';
import type { WatchedConnection } from './connection.js';
import type { ToldWorker } from './hands.js';
import { Ear } from './news.js';
import { QueueState, type Job, type Ref, type Run } from './state.js';
import { serverTime } from './time.js';
import { codecOf } from './texts.js';
import type { Wait } from './waits.js';
import { Model } from './workers.js';

/** What a command comes to: what is done with the real queues, and what the model does; both answer. */
export interface Plan {
  readonly real: () => Promise<unknown>;
  readonly model: () => unknown;
}

/** A name that no job has. */
const missing = 'none';

export function codeOf(error: Error & { code?: string }): string {
  return error.code ?? error.name;
}

export class Stage {
  readonly model = new Model();
  readonly redis: Redis;
  readonly connection: WatchedConnection;
  readonly prefix: string;
  readonly workers = new Map<string, ToldWorker>();
  readonly sweepErrors: Error[] = [];
  /** Those who have waited for a job to finish, in order. */
  readonly waits: Wait[] = [];
  /** Who listens to each queue, if anybody does. */
  readonly ears = new Map<string, Ear>();
  /** All keys of the queues, as they were after the last step. */
  seen = new Map<string, Snapshot>();
  /** How many notes were taken, so that each is another. */
  noted = 0;
  /** Queue objects by how many jobs they let wait. */
  readonly #queues = new Map<string, Map<number, Queue>>();

  constructor(redis: Redis, connection: WatchedConnection, prefix: string) {
    this.redis = redis;
    this.connection = connection;
    this.prefix = prefix;
    for (const name of queueNames) {
      this.model.queues.set(name, new QueueState(name));
      this.#open(name);
    }
  }

  #open(name: string): void {
    const { prefix } = this;
    const connection = this.connection.instance;
    // Who looks for ids in memory listens.
    const idCache = this.ears.size > 0 ? {} : (false as const);
    const options = { connection, prefix, idCache, codec: codecOf(name) };
    const bounded = (most: number) => [most, new Queue(name, { ...options, maxLength: most })] as const; // prettier-ignore
    this.#queues.set(name, new Map([[Infinity, new Queue(name, options)], bounded(1), bounded(3)])); // prettier-ignore
  }

  /** From now on scripts publish what happens. */
  async listen(): Promise<void> {
    const { prefix } = this;
    const connection = this.connection.instance;
    for (const name of queueNames) this.ears.set(name, new Ear(name, { connection, prefix, codec: codecOf(name) })); // prettier-ignore
    await Promise.all([...this.ears.values()].map((ear) => ear.ready()));
    await Promise.all(queueNames.map((name) => this.reopen(name)));
  }

  /** Other Queue objects take the place of those that are closed. */
  async reopen(name: string): Promise<void> {
    await this.#close(name);
    this.#open(name);
  }

  key(queue: string, noun: string): string {
    return `${this.prefix}:{${queue}}:${noun}`;
  }

  /** Says when the queue was swept last: a worker that starts right after has no reason to sweep. */
  async swept(queue: string, ago = 0): Promise<void> {
    const time = (await serverTime(this.redis)) - ago;
    await this.redis.hset(this.key(queue, 'meta'), 'swept', time);
  }

  queue(name: string, most = Infinity): Queue {
    return this.#queues.get(name)?.get(most) as Queue;
  }

  async #close(name: string): Promise<void> {
    const queues = this.#queues.get(name)?.values() ?? [];
    await Promise.all([...queues].map((queue) => queue.close()));
  }

  async closeQueues(): Promise<void> {
    await Promise.all([...this.ears.values()].map((ear) => ear.close()));
    await Promise.all(queueNames.map((name) => this.#close(name)));
  }

  /** The job that a number means: one that is there, or one that is not. */
  pick(queue: string, pick: number): string {
    const stored = [...this.model.queue(queue).jobs.keys()].toSorted();
    return stored[pick % (stored.length + 1)] ?? missing;
  }

  /** All jobs there are. */
  stored(): Ref[] {
    return queueNames.flatMap((queue) =>
      [...this.model.queue(queue).jobs.keys()].toSorted().map((id) => ({ queue, id })),
    );
  }

  /** As `pick`, of any queue. */
  pickAny(pick: number): Ref {
    const stored = this.stored();
    return stored[pick % (stored.length + 1)] ?? { queue: 'p', id: missing };
  }

  /** A job of any queue of which this holds, if there is one. */
  pickWhere(pick: number, holds: (job: Job) => boolean): Ref | undefined {
    const found = this.stored().filter((ref) => holds(this.model.find(ref) as Job));
    return found[pick % Math.max(1, found.length)];
  }

  /** A claimed job whose handler waits. */
  hand(pick: number): { worker: ToldWorker; run: Run } | undefined {
    const hands = [...this.workers.values()].flatMap((worker) =>
      worker.model.runs.map((run) => ({ worker, run })),
    );
    return hands[pick % Math.max(1, hands.length)];
  }
}
