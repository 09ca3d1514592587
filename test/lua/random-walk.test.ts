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
interface Held {
  readonly id: string;
  readonly token: string;
}

const ids = ['a', 'b', 'c', 'd'];

class Walk {
  readonly #queue: Bench;
  readonly #states = new Map<string, JobState>();
  /** Every claim there ever was; most tokens are void by now. */
  readonly #claims: Held[] = [];
  /** id → the token that it is held under. */
  readonly #tokens = new Map<string, string>();
  #lease = 0;
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

  async add(chosen: readonly string[], lifo: boolean, delayed: boolean): Promise<void> {
    const args = { ...this.#numbered('p'), schema: 1 };
    const traits = lifo ? '{"lifo":true}' : '';
    const items = chosen.map((id) => ({ id, record: '["it"]', traits }));
    const late = items.map((item) => ({ ...item, delay: 1_000_000 }));
    const words = await this.#twice(() =>
      delayed
        ? this.#queue.run(scripts.schedule, args, late)
        : this.#queue.run(scripts.enqueue, args, items),
    );
    for (const [i, id] of chosen.entries()) {
      assert.equal(words[i], this.#states.has(id) ? 'duplicate' : 'added');
      if (!this.#states.has(id)) this.#states.set(id, delayed ? 'delayed' : 'waiting');
    }
  }

  async claim(want: number, allowance: number): Promise<number> {
    const lease = `L${this.#lease}`;
    await this.#queue.seed({ leases: { [lease]: 'now+60000' } });
    const args = { ...this.#numbered(lease), schema: 1, lease, want };
    const reply = await this.#twice(() =>
      this.#queue.run(scripts.claim, { ...args, allowance: Math.min(allowance, want), alone: 1 }),
    );
    if (!('jobs' in reply)) return 0;
    for (const { id, record } of reply.jobs) {
      assert.equal(record, '["it"]');
      assert.deepEqual([id, this.#states.get(id)], [id, 'waiting']);
      this.#states.set(id, 'active');
      this.#tokens.set(id, reply.token);
      this.#claims.push({ id, token: reply.token });
    }
    return reply.jobs.length;
  }

  async settle(kind: 'complete' | 'fail' | 'retry' | 'handback', which: number, keep: boolean) {
    const claim = this.#claims.at(-1 - (which % (this.#claims.length || 1)));
    if (claim === undefined) return;
    const isHeld = this.#tokens.get(claim.id) === claim.token;
    const failed = { ...claim, attempts: 1, failure: '{}' };
    const run = {
      complete: () =>
        this.#queue.run(scripts.complete, {}, [{ ...claim, outcome: keep ? '1' : '' }]),
      fail: () =>
        this.#queue.run(scripts.fail, {}, [{ ...failed, failure: keep ? failed.failure : '' }]),
      retry: () => this.#queue.run(scripts.retry, {}, [{ ...failed, delay: keep ? 1_000_000 : 0 }]),
      handback: () => this.#queue.run(scripts.handback, {}, [claim]),
    };
    assert.deepEqual(await run[kind](), [isHeld ? 'settled' : 'lost']);
    assert.deepEqual(await run[kind](), ['lost']);
    if (!isHeld) return;
    this.#tokens.delete(claim.id);
    const kept = { complete: 'completed', fail: 'failed' } as const;
    if (kind === 'handback') this.#states.set(claim.id, 'waiting');
    else if (kind === 'retry') this.#states.set(claim.id, keep ? 'delayed' : 'waiting');
    else if (keep) this.#states.set(claim.id, kept[kind]);
    else this.#states.delete(claim.id);
  }

  async remove(chosen: readonly string[]): Promise<void> {
    const args = this.#numbered('p');
    const items = chosen.map((id) => ({ id }));
    const words = await this.#twice(() => this.#queue.run(scripts.remove, args, items));
    for (const [i, id] of chosen.entries()) {
      if (words[i] === 'removed') assert.notEqual(this.#states.get(id), 'active');
      if (words[i] === 'removed') assert.equal(this.#states.delete(id), true);
    }
  }

  async requeue(chosen: readonly string[]): Promise<void> {
    const args = this.#numbered('p');
    const items = chosen.map((id) => ({ id }));
    const words = await this.#twice(() => this.#queue.run(scripts.requeue, args, items));
    for (const [i, id] of chosen.entries()) {
      if (words[i] !== 'requeued') continue;
      assert.match(this.#states.get(id) ?? '', /^(completed|failed)$/);
      this.#states.set(id, 'waiting');
    }
  }

  /** The time of every delayed job comes. */
  async promote(): Promise<void> {
    for (const [id, state] of this.#states) {
      if (state !== 'delayed') continue;
      await this.#queue.seed({ delayed: { [id]: 'now-1000' } });
      this.#states.set(id, 'waiting');
    }
    await this.#queue.run(scripts.promote, { limit: 100 });
  }

  /** The worker dies, a sweep finds it, and another takes its place. */
  async lose(): Promise<void> {
    await this.#queue.seed({ leases: { [`L${this.#lease}`]: 'now-1000' } });
    this.#lease += 1;
    await this.#queue.run(scripts.lapse, { expire: 1 });
    const reply = await this.#queue.run(scripts.reclaim, { cursor: '0', losses: 2 });
    for (const id of reply.suspects) {
      this.#tokens.delete(id);
      this.#states.set(id, 'waiting');
    }
    for (const { id, token } of reply.over) {
      const item = { id, token, attempts: 1, failure: '' } as const;
      assert.deepEqual(await this.#queue.run(scripts.fail, {}, [item]), ['settled']);
      this.#tokens.delete(id);
      this.#states.delete(id);
    }
    assert.equal(this.#tokens.size, 0);
    assert.equal(await this.#queue.run(scripts.lapse, { expire: 1 }), 0);
  }

  async drain(): Promise<void> {
    await this.#queue.run(scripts.drain, { limit: 100, delayed: 0 });
    for (const [id, state] of this.#states) if (state === 'waiting') this.#states.delete(id);
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
    while ((await this.claim(3, 1)) > 0);
    assert.ok(![...this.#states.values()].includes('waiting'));
    assert.equal(await this.#queue.redis.exists(this.#queue.keys.tombstones), 0);
  }
}

type Step = (walk: Walk) => Promise<unknown>;

const some = fc.array(fc.constantFrom(...ids), { minLength: 1, maxLength: 3 });
const kinds = fc.constantFrom('complete', 'fail', 'retry', 'handback');
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
  { weight: 1, arbitrary: fc.constant<Step>((walk) => walk.promote()) },
  { weight: 2, arbitrary: fc.constant<Step>((walk) => walk.lose()) },
  { weight: 1, arbitrary: fc.constant<Step>((walk) => walk.drain()) },
);

function add(chosen: fc.Arbitrary<string[]>): fc.Arbitrary<Step> {
  return fc.tuple(chosen, fc.boolean(), fc.integer({ min: 0, max: 3 })).map(
    ([list, lifo, delayed]) =>
      (walk) =>
        walk.add(list, lifo, delayed === 0),
  );
}

function claims(): fc.Arbitrary<Step> {
  return fc.tuple(fc.nat(3), fc.nat(2)).map(
    ([want, allowance]) =>
      (walk) =>
        walk.claim(want, allowance),
  );
}

test('the queue agrees with the model, step by step', { timeout: 60_000 }, async () => {
  const walks = fc.asyncProperty(fc.array(steps, { maxLength: 40, size: 'max' }), async (list) => {
    const walk = new Walk(await server.queue());
    for (const step of list) await step(walk);
    await walk.check();
    await walk.finish();
    await walk.check();
  });
  await expect(fc.assert(walks, { numRuns: 150 })).resolves.toBeUndefined();
});
