// Any sequence of calls, with workers that die in between: the queue agrees with a model of a few lines, the
// invariants hold, and in the end every waiting job is claimed exactly once.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();

type JobState = scripts.JobState;
type Settle = 'complete' | 'fail' | 'stop' | 'retry' | 'delay' | 'handback';
interface Held {
  readonly id: string;
  readonly token: string;
}
interface Wishes {
  readonly lifo: boolean;
  readonly ttl: boolean;
  /** Not kept when it fails, expires or is cancelled. */
  readonly drop: boolean;
}

const ids = ['a', 'b', 'c', 'd'];
const failure = '{"failedReason":"why"}';

class Walk {
  readonly #queue: Bench;
  readonly #states = new Map<string, JobState>();
  /** Every claim there ever was; most tokens are void by now. */
  readonly #claims: Held[] = [];
  /** id → the token that it is held under. */
  readonly #tokens = new Map<string, string>();
  /** Jobs with a ttl that have not started; those of them whose ttl has ended. */
  readonly #fresh = new Set<string>();
  readonly #late = new Set<string>();
  /** Jobs with a ttl of which nobody knows that they have started: those, and active ones. */
  readonly #timed = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #watched = new Set<string>();
  readonly #dropped = new Set<string>();
  /** Jobs that were lost with a worker. */
  readonly #lost = new Set<string>();
  #lease = 0;
  /** Whether all that is claimed starts at once, as the last claim said. */
  #starts = true;
  #number = 0;

  constructor(queue: Bench) {
    this.#queue = queue;
  }

  #numbered(caller: string) {
    this.#number += 1;
    return { call: `${caller}:it`, number: this.#number };
  }

  /** Runs a numbered call twice, as after a lost reply. */
  async #twice<Reply>(run: () => Promise<Reply>): Promise<Reply> {
    const reply = await run();
    const repeated = await run();
    if (Array.isArray(reply)) assert.deepEqual(repeated, reply);
    return reply;
  }

  /** The job ends in a state, or is gone when it is not kept and nobody awaits it. */
  #end(id: string, state: JobState, keep: boolean): void {
    this.#tokens.delete(id);
    for (const set of [this.#asked, this.#fresh, this.#late, this.#timed]) set.delete(id);
    if (keep || this.#watched.has(id)) this.#states.set(id, state);
    else this.#forget(id);
  }

  #forget(id: string): void {
    this.#states.delete(id);
    for (const set of [this.#watched, this.#dropped, this.#lost]) set.delete(id);
    for (const set of [this.#fresh, this.#late, this.#timed]) set.delete(id);
  }

  async add(chosen: readonly string[], wishes: Wishes, delayed: boolean): Promise<void> {
    const args = { ...this.#numbered('p'), schema: 1 };
    const { lifo, ttl, drop } = wishes;
    const flags = {
      ...(lifo && { lifo }),
      ...(ttl && { ttl: 900_000 }),
      ...(drop && { failAge: 0 }),
    };
    const traits = lifo || ttl || drop ? JSON.stringify(flags) : '';
    const items = chosen.map((id) => ({ id, record: `["${id}"]`, traits }));
    const distinct = new Set(chosen).size === chosen.length ? 1 : 0;
    const late = items.map((item) => ({ ...item, delay: 1_000_000 }));
    const words = await this.#twice(() =>
      delayed
        ? this.#queue.run(scripts.schedule, args, late)
        : this.#queue.run(scripts.enqueue, { ...args, distinct }, items),
    );
    for (const [i, id] of chosen.entries()) {
      assert.equal(words[i], this.#states.has(id) ? 'duplicate' : 'added');
      if (this.#states.has(id)) continue;
      this.#states.set(id, delayed ? 'delayed' : 'waiting');
      if (ttl) this.#fresh.add(id);
      if (ttl) this.#timed.add(id);
      if (drop) this.#dropped.add(id);
    }
  }

  /** `starts`: every job of the lease starts as soon as it is claimed. */
  async claim(want: number, allowance: number, starts: boolean): Promise<number> {
    const lease = `L${this.#lease}`;
    await this.#queue.seed({ leases: { [lease]: 'now+60000' } });
    const args = { ...this.#numbered(lease), call: `${lease}:claim`, schema: 1, lease, want };
    const reply = await this.#twice(() =>
      this.#queue.run(scripts.claim, {
        ...args,
        allowance: Math.min(allowance, want),
        alone: 1,
        begun: starts ? '' : '0',
      }),
    );
    this.#starts = starts;
    if (!('jobs' in reply)) return 0;
    for (const { id, record, ends } of reply.jobs) {
      assert.equal(record, `["${id}"]`);
      assert.ok(!this.#late.has(id), `${id} is claimed though its ttl has ended`);
      assert.equal(ends !== undefined, this.#fresh.delete(id));
      assert.deepEqual([id, this.#states.get(id)], [id, 'waiting']);
      this.#states.set(id, 'active');
      this.#tokens.set(id, reply.token);
      this.#claims.push({ id, token: reply.token });
    }
    return reply.jobs.length;
  }

  async settle(kind: Settle, which: number, keep: boolean): Promise<void> {
    const held = this.#claims.at(-1 - (which % (this.#claims.length || 1)));
    if (held === undefined) return;
    const { id, token } = held;
    const ran = keep ? 1 : 0;
    const isHeld = this.#tokens.get(id) === token;
    const claim = { id, token };
    const failed = { ...claim, attempts: 1, failure };
    const age = { age: keep ? '' : '0' };
    const delay = keep ? 1_000_000 : 0;
    const run = {
      complete: () => this.#queue.run(scripts.complete, age, [{ ...claim, outcome: '1' }]),
      fail: () => this.#queue.run(scripts.fail, age, [failed]),
      stop: () => this.#queue.run(scripts.stop, age, [claim]),
      retry: () => this.#queue.run(scripts.retry, {}, [{ ...failed, delay }]),
      delay: () => this.#queue.run(scripts.delay, {}, [{ ...claim, delay }]),
      handback: () => this.#queue.run(scripts.handback, {}, [{ ...claim, ran }]),
    };
    const stays = this.#asked.has(id) && /^(retry|delay|handback)$/.test(kind);
    const word = isHeld && stays ? 'stopping' : 'settled';
    assert.deepEqual(await run[kind](), [isHeld ? word : 'lost']);
    assert.deepEqual(await run[kind](), [isHeld && stays ? word : 'lost']);
    if (!isHeld || stays) return;
    const last = { complete: 'completed', fail: 'failed', stop: 'cancelled' } as const;
    if (kind in last) this.#end(id, last[kind as keyof typeof last], keep);
    else this.#states.set(id, kind !== 'handback' && keep ? 'delayed' : 'waiting');
    this.#tokens.delete(id);
    if (kind in last) return;
    if (kind !== 'handback' || keep) this.#timed.delete(id);
    if (this.#timed.has(id)) this.#fresh.add(id);
  }

  async cancel(chosen: readonly string[], word: 'cancelled' | 'cancel' | 'release'): Promise<void> {
    const args = { ...this.#numbered('p'), word, failure };
    const items = chosen.map((id) => ({ id }));
    const before = new Map(this.#states);
    const words = await this.#twice(() => this.#queue.run(scripts.cancel, args, items));
    for (const [i, id] of chosen.entries()) {
      const state = before.get(id);
      const over = state === 'completed' || state === 'failed' || state === 'cancelled';
      const asked = state === 'active' ? 'stopping' : 'cancelled';
      assert.equal(words[i], state === undefined ? 'unknown' : over ? 'finished' : asked);
      if (words[i] === 'stopping') this.#asked.add(id);
      if (words[i] === 'cancelled' && this.#states.get(id) === state)
        this.#end(id, 'cancelled', !this.#dropped.has(id));
    }
  }

  async watch(chosen: readonly string[]): Promise<void> {
    const items = chosen.map((id) => ({ id }));
    const words = await this.#twice(() => this.#queue.run(scripts.watch, {}, items));
    for (const [i, id] of chosen.entries()) {
      assert.equal(words[i] === 'unknown', !this.#states.has(id));
      if (words[i] === 'watched') this.#watched.add(id);
    }
  }

  /** The ttl of every job that has one has ended. */
  async age(): Promise<void> {
    for (const id of this.#fresh) {
      await this.#queue.seed({ expiring: { [id]: 'now-1000' } });
      assert.ok(this.#timed.has(id));
      this.#late.add(id);
    }
    this.#fresh.clear();
  }

  async expire(): Promise<void> {
    const { expired } = await this.#queue.run(scripts.expire, { limit: 256, failure });
    assert.deepEqual(expired.toSorted(), [...this.#late].toSorted());
    for (const id of this.#late) this.#end(id, 'failed', !this.#dropped.has(id));
  }

  /** The retention of every job that has one is over; with `all`, no completed job is to stay. */
  async evict(all: boolean): Promise<void> {
    const { redis, keys } = this.#queue;
    const due = await redis.zrange(keys.evicting, '0', '-1');
    for (const id of due) await this.#queue.seed({ evicting: { [id]: 'now-1000' } });
    const gone = new Set<string>(due);
    for (const [id, state] of this.#states)
      if (all && state === 'completed' && !this.#watched.has(id)) gone.add(id);
    const keep = { limit: 256, completed: all ? 0 : 1_000, failed: '' } as const;
    await this.#queue.run(scripts.evict, keep);
    await this.#queue.run(scripts.evict, { ...keep, completed: 1_000 });
    for (const id of gone) {
      assert.match(this.#states.get(id) ?? '', /^(completed|failed|cancelled)$/);
      this.#forget(id);
    }
  }

  async remove(chosen: readonly string[]): Promise<void> {
    const args = this.#numbered('p');
    const items = chosen.map((id) => ({ id }));
    const words = await this.#twice(() =>
      this.#queue.run(scripts.remove, { ...args, state: '' }, items),
    );
    for (const [i, id] of chosen.entries()) {
      if (words[i] === 'removed') assert.notEqual(this.#states.get(id), 'active');
      if (words[i] === 'removed') assert.ok(this.#states.has(id));
      if (words[i] === 'removed') this.#forget(id);
    }
  }

  async requeue(chosen: readonly string[]): Promise<void> {
    const args = this.#numbered('p');
    const orphan = { stamp: '', edges: '', outcomes: '' } as const;
    const items = chosen.map((id) => ({ id, ...orphan }));
    const words = await this.#twice(() =>
      this.#queue.run(scripts.requeue, { ...args, state: '' }, items),
    );
    for (const [i, id] of chosen.entries()) {
      if (words[i] !== 'requeued') continue;
      assert.match(this.#states.get(id) ?? '', /^(completed|failed|cancelled)$/);
      this.#states.set(id, 'waiting');
      this.#lost.delete(id);
      this.#timed.delete(id);
    }
  }

  /** The time of every delayed job comes. */
  async promote(): Promise<void> {
    for (const [id, state] of this.#states) {
      if (state !== 'delayed') continue;
      await this.#queue.seed({ delayed: { [id]: 'now-1000' } });
      this.#states.set(id, 'waiting');
    }
    await this.#queue.run(scripts.promote, { limit: 100, timer: '' });
  }

  /** The worker dies, a sweep finds it, and another takes its place. */
  async lose(): Promise<void> {
    await this.#queue.seed({ leases: { [`L${this.#lease}`]: 'now-1000' } });
    this.#lease += 1;
    await this.#queue.run(scripts.lapse, { latest: Number.MAX_SAFE_INTEGER });
    const reply = await this.#queue.run(scripts.reclaim, { cursor: '0', losses: 2 });
    for (const id of reply.suspects) {
      this.#tokens.delete(id);
      this.#states.set(id, 'waiting');
      if (this.#starts || this.#lost.has(id)) this.#timed.delete(id);
      if (this.#timed.has(id)) this.#fresh.add(id);
      this.#lost.add(id);
    }
    for (const { id, token, settle } of reply.over) {
      const item = { id, token, attempts: 1, failure };
      const age = { age: '0' };
      assert.equal(settle === 'stop', this.#asked.has(id));
      const words =
        settle === 'stop'
          ? await this.#queue.run(scripts.stop, age, [item])
          : await this.#queue.run(scripts.fail, age, [item]);
      assert.deepEqual(words, ['settled']);
      this.#end(id, settle === 'stop' ? 'cancelled' : 'failed', false);
    }
    assert.equal(this.#tokens.size, 0);
    assert.deepEqual(await this.#queue.run(scripts.lapse, { latest: Number.MAX_SAFE_INTEGER }), {
      holding: 0,
      spared: 0,
      more: false,
    });
  }

  async drain(): Promise<void> {
    for (const [id, state] of this.#states) if (state === 'waiting') this.#forget(id);
    const args = { ...this.#numbered('p'), limit: 100, delayed: 0 } as const;
    await this.#twice(() => this.#queue.run(scripts.drain, args));
  }

  async check(): Promise<void> {
    const found = await this.#queue.run(
      scripts.inspect,
      {},
      ids.map((id) => ({ id })),
    );
    assert.deepEqual(
      found.map((job) => job?.state),
      ids.map((id) => this.#states.get(id)),
    );
    const counts = await this.#queue.run(scripts.count, {});
    for (const [state, count] of Object.entries(counts))
      assert.equal([...this.#states.values()].filter((each) => each === state).length, count);
    const options = { prefix: this.#queue.prefix, atRest: true };
    assert.deepEqual(await checkInvariants(this.#queue.redis, this.#queue.name, options), []);
  }

  /** Whatever waits is claimed, each job once, one call after the other. */
  async finish(): Promise<void> {
    await this.expire();
    while ((await this.claim(3, 1, true)) > 0);
    assert.ok(![...this.#states.values()].includes('waiting'));
    assert.equal(await this.#queue.redis.exists(this.#queue.keys.tombstones), 0);
  }
}

type Step = (walk: Walk) => Promise<unknown>;

const some = fc.array(fc.constantFrom(...ids), { minLength: 1, maxLength: 3 });
const kinds = fc.constantFrom<Settle>('complete', 'fail', 'stop', 'retry', 'delay', 'handback');
const words = fc.constantFrom('cancelled' as const, 'cancel' as const, 'release' as const);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: add(some) },
  { weight: 4, arbitrary: claims() },
  {
    weight: 4,
    arbitrary: fc.tuple(kinds, fc.nat(3), fc.boolean()).map(
      ([kind, which, keep]): Step =>
        (walk) =>
          walk.settle(kind, which, keep),
    ),
  },
  {
    weight: 3,
    arbitrary: some.map(
      (chosen): Step =>
        (walk) =>
          walk.remove(chosen),
    ),
  },
  {
    weight: 1,
    arbitrary: some.map(
      (chosen): Step =>
        (walk) =>
          walk.requeue(chosen),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(some, words).map(
      ([chosen, word]): Step =>
        (walk) =>
          walk.cancel(chosen, word),
    ),
  },
  {
    weight: 1,
    arbitrary: some.map(
      (chosen): Step =>
        (walk) =>
          walk.watch(chosen),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Step>((walk) => walk.age()) },
  { weight: 1, arbitrary: fc.constant<Step>((walk) => walk.expire()) },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (all): Step =>
        (walk) =>
          walk.evict(all),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((walk) => walk.promote()) },
  { weight: 2, arbitrary: fc.constant<Step>((walk) => walk.lose()) },
  { weight: 1, arbitrary: fc.constant<Step>((walk) => walk.drain()) },
);

function add(chosen: fc.Arbitrary<string[]>): fc.Arbitrary<Step> {
  const wishes = fc.record({ lifo: fc.boolean(), ttl: fc.boolean(), drop: fc.boolean() });
  return fc.tuple(chosen, wishes, fc.integer({ min: 0, max: 3 })).map(
    ([list, wish, delayed]) =>
      (walk) =>
        walk.add(list, wish, delayed === 0),
  );
}

function claims(): fc.Arbitrary<Step> {
  return fc.tuple(fc.nat(3), fc.nat(2), fc.boolean()).map(
    ([want, allowance, starts]) =>
      (walk) =>
        walk.claim(want, allowance, starts),
  );
}

test('the queue agrees with the model, step by step', { timeout: 120_000 }, async () => {
  const walks = fc.asyncProperty(fc.array(steps, { maxLength: 40, size: 'max' }), async (list) => {
    const walk = new Walk(await server.queue());
    for (const step of list) {
      await step(walk);
      await walk.check();
    }
    await walk.finish();
    await walk.check();
  });
  await expect(fc.assert(walks, { numRuns: 150 })).resolves.toBeUndefined();
});
