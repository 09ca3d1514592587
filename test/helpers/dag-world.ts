// A world of jobs in three queues that random commands act on: clients whose calls are let through one by one, and sweeps that heal.
import assert from 'node:assert/strict';
import type { ParentFailurePolicy } from '../../src/job-options.js';
import type { JobId } from '../../src/script.js';
import * as scripts from '../../src/scripts.js';
import { Judge } from './family-judge.js';
import { checkInvariants } from './invariants.js';
import { clientOf, Mortal } from './mortal.js';
import type { Bench } from './scripts.js';

/** Jobs of a world; a job may depend on those of a lower number. */
export const jobCount = 8;
const loaded = new Set<string>();
/** How often each change of state was come upon: whether all is tried that should be. */
export const met = new Map<string, number>();

/** What may happen next. */
export type Command =
  | { do: 'add'; job: number; parents: number[]; policy: ParentFailurePolicy; keep: boolean }
  | { do: 'step'; client: number; forgotten?: boolean }
  | { do: 'turn'; of: number }
  | { do: 'finish' }
  | { do: 'die'; client: number }
  | { do: 'claim'; queue: number }
  | { do: 'settle'; held: number; how: 'complete' | 'fail' }
  | { do: 'cancel'; job: number; dependents?: 'cancel' | 'release' | undefined }
  | { do: 'remove' | 'retry'; job: number }
  | { do: 'evict' | 'resume' | 'recheck'; queue: number };

interface Held {
  readonly queue: Bench;
  readonly id: string;
  readonly token: string;
}

export class World {
  readonly #queues: readonly Bench[];
  readonly #judge = new Judge();
  readonly #clients: Mortal[] = [];
  readonly #held: Held[] = [];
  #calls = 0;
  readonly trail: string[] = [];

  constructor(queues: readonly Bench[]) {
    this.#queues = queues;
  }

  #queueOf(job: number): Bench {
    return this.#queues[job % this.#queues.length] as Bench;
  }

  #nameOf(job: number): string {
    return `j${job}`;
  }

  #numbered() {
    this.#calls += 1;
    return { call: 'w:claim', number: this.#calls };
  }

  async #begin(what: string, queue: Bench, work: (client: ReturnType<typeof clientOf>) => Promise<unknown>): Promise<void> {
    const client = new Mortal(queue.redis, loaded, what);
    await client.begin((connection) => work(clientOf(connection, queue.name, queue.prefix)));
    if (client.alive) this.#clients.push(client);
  } // prettier-ignore

  /** Reads what the judge is to see: all jobs, as they are after one call. */
  async #look(): Promise<void> {
    const parts = this.#queues.map((queue) => {
      const jobs = [...Array(jobCount).keys()].filter((job) => this.#queueOf(job) === queue);
      const ids = jobs.map((job) => this.#nameOf(job));
      return { queue, ids, call: queue.call(scripts.inspect, {}, ids.map((id) => ({ id }))) }; // prettier-ignore
    });
    const pipeline = (this.#queues[0] as Bench).redis.pipeline();
    for (const { queue, ids, call } of parts) {
      pipeline.eval(call.script.source, ...(call.argv as [number, ...string[]]));
      for (const key of ['releasing', 'outcomes', 'watched'] as const)
        pipeline.hmget(queue.keys[key], ...ids);
    }
    const replies = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    });
    for (const [part, { ids, call }] of parts.entries()) {
      const rows = call.parse(replies[4 * part]);
      const words = replies[4 * part + 1] as (string | null)[];
      const outcomes = replies[4 * part + 2] as (string | null)[];
      const marks = replies[4 * part + 3] as (string | null)[];
      for (const [at, id] of ids.entries()) {
        const row = rows[at];
        const was = this.#judge.stateOf(id);
        const change = `${was} > ${row?.state ?? 'unknown'}`;
        if (was !== (row?.state ?? 'unknown')) met.set(change, (met.get(change) ?? 0) + 1);
        const lines = (outcomes[at] ?? '').split('\n').filter(Boolean);
        this.#judge.sees(id, {
          state: row?.state ?? 'unknown',
          word: words[at] ?? undefined,
          mark: marks[at]?.split('\t')[1],
          reason: row?.failures.split('\n')[0],
          heard: lines.map((line) => line.split('\t').slice(1, 3).join(' ')),
        });
      }
    }
  }

  #startsWaiting(id: string): void {
    const state = this.#judge.stateOf(id);
    const busy = this.#clients.some((client) => client.alive && client.what.endsWith(` ${id}`));
    if (!busy && (state === 'unknown' || /completed|failed|cancelled/.test(state)))
      this.#judge.begins(id);
  }

  async run(command: Command): Promise<void> {
    await this.#do(command);
    await this.#look();
    const [first] = this.#judge.wrong;
    if (first !== undefined) throw new Error(first);
  }

  async #do(command: Command): Promise<void> {
    const alive = this.#clients.filter((client) => client.alive);
    switch (command.do) {
      case 'add': {
        const id = this.#nameOf(command.job);
        const parents = [...new Set(command.parents.map((n) => n % Math.max(1, command.job)))];
        const refs = command.job === 0 ? [] : parents;
        this.#judge.adds(id, refs.map((job) => this.#nameOf(job)), command.policy); // prettier-ignore
        this.#startsWaiting(id);
        const known = this.#judge.familyOf(id);
        const dependsOn = known.parents.map((parent) => ({ queue: this.#queueOf(Number(parent.slice(1))).name, id: parent })); // prettier-ignore
        const opts = { jobId: id, dependsOn, onParentFailure: known.policy, removeOnFail: !command.keep }; // prettier-ignore
        await this.#begin(`add ${id}`, this.#queueOf(command.job), async ({ adder, family }) => {
          await adder.add('job', null, opts).catch((error: { code?: string }) => {
            if (error.code !== 'PARENT_UNKNOWN') throw error;
          });
          await family.idle();
        });
        break;
      }
      case 'step': {
        await alive[command.client % alive.length]?.step(command.forgotten);
        break;
      }
      case 'turn': {
        // One of the latest three clients, the latest being 0; nothing when it is done.
        const client = this.#clients.at(-1 - command.of);
        if (client?.alive) await client.step();
        break;
      }
      case 'finish': {
        for (const client of alive) while (client.alive) await client.step();
        break;
      }
      case 'die': {
        await alive[command.client % alive.length]?.die();
        break;
      }
      case 'claim': {
        const queue = this.#queues[command.queue % 3] as Bench;
        const args = { ...this.#numbered(), schema: scripts.schemaVersion, lease: 'L', want: 1, allowance: 1, alone: 1 as const, begun: '' }; // prettier-ignore
        const reply = await queue.run(scripts.claim, args);
        if ('jobs' in reply)
          for (const { id } of reply.jobs) this.#held.push({ queue, id, token: reply.token });
        break;
      }
      case 'settle': {
        const [held] = this.#held.splice(command.held % Math.max(1, this.#held.length), 1);
        if (!held) break;
        const { queue, id, token } = held;
        const [word] =
          command.how === 'complete'
            ? await queue.run(scripts.complete, { age: '' }, [{ id, token, outcome: `{"returnvalue":"${id}"}` }]) // prettier-ignore
            : await queue.run(scripts.fail, { age: '' }, [{ id, token, attempts: 1, failure: '{"failedReason":"own"}' }]); // prettier-ignore
        assert.notEqual(word, 'lost');
        if (word === 'releasing')
          await this.#begin(`release ${id}`, queue, ({ family }) => family.release(queue.name, [id as JobId])); // prettier-ignore
        break;
      }
      case 'cancel':
      case 'remove':
      case 'retry': {
        const id = this.#nameOf(command.job);
        if (command.do === 'retry') this.#startsWaiting(id);
        else this.#judge.touches(id);
        await this.#begin(`${command.do} ${id}`, this.#queueOf(command.job), (client) => {
          const { dependents } = command as { dependents?: 'cancel' | 'release' };
          const act =
            command.do === 'cancel'
              ? client.actions.cancel(id, dependents ? { dependents } : {})
              : command.do === 'remove'
                ? client.actions.remove(id)
                : client.requeuer.retryJob(id);
          return act.catch((error: { code?: string }) => {
            if (!/^(JOB|PARENT)_/.test(error.code ?? '')) throw error;
          });
        });
        break;
      }
      case 'evict': {
        const queue = this.#queues[command.queue % 3] as Bench;
        for (const id of await queue.redis.zrange(queue.keys.evicting, '0', '-1'))
          await queue.redis.zadd(queue.keys.evicting, 1, id);
        const { told } = await queue.run(scripts.evict, { limit: 256, completed: '', failed: '' });
        if (told.length > 0)
          await this.#begin('release the evicted', queue, ({ family }) => family.release(queue.name, told)); // prettier-ignore
        break;
      }
      case 'resume':
      case 'recheck': {
        const queue = this.#queues[command.queue % 3] as Bench;
        await this.#due(queue);
        await this.#begin(command.do, queue, ({ family }) => family[command.do as 'resume' | 'recheck'](queue.name)); // prettier-ignore
        break;
      }
    }
  }

  async #due(queue: Bench): Promise<void> {
    for (const id of await queue.redis.zrange(queue.keys.deferred, '0', '-1'))
      await queue.redis.zadd(queue.keys.deferred, 1, id);
  }

  /** All clients die; sweeps heal, each call seen by the judge, until nothing changes any more. */
  async heal(): Promise<void> {
    for (const client of this.#clients) {
      await client.die();
      assert.equal(client.error, undefined);
    }
    for (let before = '', rounds = 0; ; rounds += 1) {
      if (rounds > 40) throw new Error('the sweeps find no end');
      for (let queue = 0; queue < 3; queue += 1) {
        await this.#finish({ do: 'resume', queue });
        await this.#finish({ do: 'recheck', queue });
      }
      const now = JSON.stringify([...Array(jobCount).keys()].map((job) => this.#judge.stateOf(this.#nameOf(job)))); // prettier-ignore
      const left = await Promise.all(this.#queues.map(({ redis, keys }) => redis.hlen(keys.releasing))); // prettier-ignore
      if (now === before && left.every((count) => count === 0)) break;
      before = now;
    }
    await this.#checkRest();
  }

  /** All clients come to their end, one call after the other. When none has died, no sweep is needed for anybody to hear what concerns him. */
  async rest(): Promise<void> {
    for (let at = 0; this.#clients.some(({ alive }) => alive); at += 1)
      await this.run({ do: 'step', client: at });
    for (const client of this.#clients) assert.equal(client.error, undefined);
    await this.#checkRest();
    for (const queue of this.#queues)
      for (const member of await queue.redis.zrange(queue.keys.awaiting, '0', '-1')) {
        const [, childQueue, child, parentQueue, parent, ...more] = member.split('\t');
        const edge = [parent, childQueue, child, parentQueue, parent, ...more].join('\t');
        const at = this.#queues.find(({ name }) => name === parentQueue) as Bench;
        assert.notEqual(await at.redis.zscore(at.keys.dependents, edge), null, `${parent} does not know that ${child} waits for it`);
      }
  } // prettier-ignore

  async #checkRest(): Promise<void> {
    const open = new Map<string, string[]>();
    for (const queue of this.#queues)
      for (const member of await queue.redis.zrange(queue.keys.awaiting, '0', '-1')) {
        const [child = '', , , , parent = ''] = member.split('\t');
        open.set(child, [...(open.get(child) ?? []), parent]);
      }
    this.#judge.rests(open);
    assert.deepEqual(this.#judge.wrong, []);
    for (const { redis, name, prefix } of this.#queues)
      assert.deepEqual(await checkInvariants(redis, name, { prefix }), []);
  }

  /** Runs a command of a client to its end. */
  async #finish(command: Command): Promise<void> {
    await this.run(command);
    for (let client = this.#clients.at(-1); client?.alive; client = this.#clients.at(-1))
      await this.run({ do: 'step', client: this.#clients.filter(({ alive }) => alive).length - 1 }); // prettier-ignore
  }

  /** What can run completes, until nothing can. */
  async complete(end: (world: World) => Promise<void>): Promise<void> {
    for (let claimed = 1; claimed > 0;) {
      claimed = 0;
      for (let queue = 0; queue < 3; queue += 1) await this.run({ do: 'claim', queue });
      for (; this.#held.length > 0; claimed += 1)
        await this.#finish({ do: 'settle', held: 0, how: 'complete' });
    }
    await end(this);
  }
}
