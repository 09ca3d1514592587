// Real queues and workers beside the reference model. A command is done with the real ones; when nothing is under way any more, the model
// does it as well, and then answers and all keys of all queues must be what the model says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { checkInvariants } from '../helpers/invariants.js';
import { scanKeys, type Snapshot } from '../helpers/keyspace.js';
import { acting } from './acting.js';
import { adding } from './adding.js';
import { queueNames, type Command, type Planners } from './commands.js';
import { Comparison, readQueues } from './compare.js';
import { Stuck, type WatchedConnection } from './connection.js';
import { byJob, started } from './news.js';
import { codeOf, Stage, type Plan } from './stage.js';
import type { QueueState } from './state.js';
import { serverTime } from './time.js';
import type { Model } from './workers.js';
import { working } from './working.js';

const planners: Planners = { ...adding, ...working, ...acting };

function planOf(stage: Stage, command: Command): Plan | undefined {
  const name = 'queue' in command ? (queueNames[command.queue] as string) : '';
  const plan = planners[command.do] as (...args: unknown[]) => Plan | undefined;
  return plan(stage, name, command);
}

/** The answer of a call: '' when all went well, what it gave, or which error it threw. */
async function answer(call: Promise<unknown>): Promise<unknown> {
  try {
    return (await call) ?? '';
  } catch (error) {
    return codeOf(error as Error);
  }
}

/** Of what is asked of a queue each has ended long before. */
const patience = 20_000;

async function inTime<T>(call: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Stuck(what)), patience);
  });
  return await Promise.race([call, late]).finally(() => clearTimeout(timer));
}

export class World {
  readonly #stage: Stage;
  readonly #redis: Redis;
  readonly #digest = createHash('sha1');

  constructor(redis: Redis, connection: WatchedConnection, prefix: string) {
    this.#redis = redis;
    this.#stage = new Stage(redis, connection, prefix);
  }

  get model(): Model {
    return this.#stage.model;
  }

  /** `heard`: scripts publish what happens. */
  async begin(heard: boolean): Promise<void> {
    if (heard) await this.#stage.listen();
    for (const name of queueNames) await this.#stage.swept(name);
  }

  /** Does a command and holds the result against the model; false when there was nothing to do. */
  async step(command: Command): Promise<boolean> {
    const stage = this.#stage;
    const plan = planOf(stage, command);
    if (!plan) return false;
    const from = await serverTime(this.#redis);
    const real = await inTime(answer(plan.real()), `${command.do} does not end`);
    await stage.connection.idle();
    this.model.now = [from, await serverTime(this.#redis)];
    const before = stage.seen;
    stage.seen = await readQueues(this.#redis, stage.prefix);
    this.model.actor = undefined;
    assert.deepEqual(real, plan.model(), 'the answer is not what the model says');
    this.#heard();
    assert.deepEqual(stage.waits, this.model.waits, 'who waits was not told what the model says');
    for (const queue of this.model.queues.values())
      new Comparison(queue, stage.seen.get(queue.name) ?? {}).check(this.#vague(queue, before));
    const errors = [...stage.workers.values()].flatMap((worker) => worker.errors);
    assert.deepEqual([...errors, ...stage.sweepErrors].map(String), []);
    this.#digest.update(JSON.stringify([command, real]));
    return true;
  }

  /** Who listens has heard what the model says, of each job in order. */
  #heard(): void {
    for (const { name, news } of this.model.queues.values()) {
      const ear = this.#stage.ears.get(name);
      if (ear) assert.deepEqual(byJob(started(ear.take())), byJob(news), `of queue ${name} was not told what the model says`); // prettier-ignore
      news.length = 0;
    }
  }

  /** Of all commands and answers: the same in a replay. */
  get digest(): string {
    return this.#digest.copy().digest('hex');
  }

  /**
   * Jobs whose place in the list is not certain: a job that goes to its head while a void entry of the same id is there runs at the place
   * of that one, since the first entry counts as the void one; and void entries may have been taken or not.
   */
  #vague(queue: QueueState, before: ReadonlyMap<string, Snapshot>): Set<string> {
    const stones = [before, this.#stage.seen].flatMap((seen) =>
      Object.keys(seen.get(queue.name)?.['tombstones'] ?? {}),
    );
    return new Set(stones.filter((id) => queue.jobs.get(id)?.spec.opts.lifo));
  }

  async invariants(): Promise<void> {
    const { prefix } = this.#stage;
    for (const name of queueNames)
      assert.deepEqual(await checkInvariants(this.#redis, name, { prefix }), []);
  }

  /** Everything is closed; what belongs to workers and claims must have gone. */
  async end(): Promise<void> {
    for (const at of this.#stage.workers.keys()) {
      const [queue, worker] = at.split(' ');
      const place = queueNames.findIndex((name) => name === queue);
      await this.step({ do: 'close', queue: place, worker: Number(worker) });
    }
    await this.invariants();
    for (const queue of queueNames.keys()) await this.step({ do: 'counters', queue });
    await this.#stage.closeQueues();
    for (const [name, seen] of await readQueues(this.#redis, this.#stage.prefix))
      for (const noun of ['held', 'active', 'stopping', 'leases'])
        assert.equal(seen[noun], undefined, `${noun} of ${name} remains`);
  }

  /** Whatever has happened, nothing stays open but what does not end. */
  async clear(): Promise<void> {
    const { workers, prefix } = this.#stage;
    const closing = [...workers.values()].map(({ worker }) => worker.close(true));
    await inTime(Promise.all([...closing, this.#stage.closeQueues()]), 'closing does not end');
    const keys = await scanKeys(this.#redis, `${prefix}:`);
    if (keys.length > 0) await this.#redis.unlink(...keys);
  }
}
