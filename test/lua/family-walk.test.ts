// Any sequence of calls on parents in one queue and children in another, with crashes between any two steps: the
// invariants hold in both queues, no child starts before its parents allowed it, and in the end none waits for ever.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import type { FateWord } from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();

type Policy = 'fail' | 'run' | 'wait';
type Verdict = 'accept' | 'doom' | 'keep';

const failure = '{"failedReason":"why"}';

/** PROTOCOLS 7, in a few lines of its own. */
function verdict(fate: string, policy: string): Verdict {
  if (fate === 'completed' || fate === 'release') return 'accept';
  if (fate === 'cancel') return 'doom';
  if (policy === 'run') return 'accept';
  if (policy === 'wait' && (fate === 'failed' || fate === 'cancelled')) return 'keep';
  return 'doom';
}

const policyOf = (edge: string): string => edge.slice(edge.lastIndexOf('\t') + 1);
const parentOf = (edge: string): string => edge.split('\t')[3] ?? '';

interface Ask {
  readonly parent: string;
  readonly word: FateWord | '';
  readonly after: string;
  readonly acks: string;
  readonly kept: number;
}

interface Ids {
  readonly parents: readonly string[];
  readonly children: readonly string[];
}

class Families {
  readonly #parents: Bench;
  readonly #children: Bench;
  readonly #ids: Ids;
  /** child → the policy of each of its parents. */
  readonly #policies = new Map<string, ReadonlyMap<string, Policy>>();
  /** How each parent has ever ended. */
  readonly #fates = new Map<string, Set<string>>();
  /** How far each teller has come with a parent. */
  readonly #tellers = [new Map<string, Ask>(), new Map<string, Ask>()];
  #number = 0;

  constructor(parents: Bench, children: Bench, ids: Ids) {
    this.#parents = parents;
    this.#children = children;
    this.#ids = ids;
  }

  #next(): number {
    this.#number += 1;
    return this.#number;
  }

  #numbered() {
    return { call: 'p:it', number: this.#next() };
  }

  #edge(child: string, parent: string, policy: Policy): string {
    const nonce = `n${this.#next()}`;
    return [this.#children.name, child, this.#parents.name, parent, nonce, policy].join('\t');
  }

  #ended(parent: string, fate: string): void {
    this.#fates.set(parent, (this.#fates.get(parent) ?? new Set()).add(fate));
  }

  async addParent(id: string, ttl: boolean): Promise<void> {
    const traits = ttl ? '{"ttl":1000000}' : '';
    const args = { ...this.#numbered(), schema: 1, distinct: 1 };
    await this.#parents.run(scripts.enqueue, args, [{ id, record: '[]', traits }]);
  }

  /** Registers edges anew; those that stay open, lines of what was accepted, and whether a parent dooms the child. */
  async #depend(child: string, policies: ReadonlyMap<string, Policy>) {
    const edges = [...policies].map(([parent, policy]) => ({
      parent,
      edge: this.#edge(child, parent, policy),
    }));
    const answers = await this.#parents.run(scripts.depend, {}, edges);
    let outcomes = '';
    const open: string[] = [];
    let doomed = false;
    for (const [i, { parent, edge }] of edges.entries()) {
      const { word, text } = answers[i] ?? { word: 'unknown', text: '' };
      if (word === 'pending') open.push(edge);
      else if (verdict(word, policyOf(edge)) === 'accept')
        outcomes += `${this.#parents.name}\t${parent}\t${word}\t${text}\n`;
      else doomed = true;
    }
    const unknown = answers.some(({ word }) => word === 'unknown');
    return { edges: open.join('\n'), outcomes, doomed, unknown };
  }

  async addChild(id: string, policies: ReadonlyMap<string, Policy>, flags: string, crash: boolean) {
    const { edges, outcomes, doomed, unknown } = await this.#depend(id, policies);
    if (crash || unknown) return;
    const args = { ...this.#numbered(), schema: 1 };
    const job = { id, record: '[]', traits: flags, edges, outcomes };
    const items = [{ ...job, failure: doomed ? failure : '' }];
    const words = await this.#children.run(scripts.defer, args, items);
    assert.deepEqual(await this.#children.run(scripts.defer, args, items), words);
    if (words[0] === 'added') this.#policies.set(id, policies);
  }

  async requeueChild(id: string): Promise<void> {
    const item = { id, stamp: '', edges: '', outcomes: '' } as const;
    const words = await this.#children.run(scripts.requeue, { ...this.#numbered(), state: '' }, [
      item,
    ]);
    const policies = this.#policies.get(id);
    if (words[0] !== 'child' || policies === undefined) return;
    const { edges, outcomes, doomed, unknown } = await this.#depend(id, policies);
    if (doomed || unknown) return;
    const asked = { id, stamp: '[]', edges, outcomes } as const;
    await this.#children.run(scripts.requeue, { ...this.#numbered(), state: '' }, [asked]);
  }

  /** Claims a parent that waits, and ends it. */
  async endParent(how: 'complete' | 'fail', age: string): Promise<void> {
    const job = await this.#claim(this.#parents);
    if (job === undefined) return;
    if (how === 'complete')
      await this.#parents.run(scripts.complete, { age }, [{ ...job, outcome: '{"n":1}' }]);
    else await this.#parents.run(scripts.fail, { age }, [{ ...job, attempts: 1, failure }]);
    this.#ended(job.id, how === 'complete' ? 'completed' : 'failed');
  }

  async runChild(age: string): Promise<void> {
    const job = await this.#claim(this.#children);
    if (job === undefined) return;
    await this.#checkAllowed(job.id);
    await this.#children.run(scripts.complete, { age }, [{ ...job, outcome: '1' }]);
  }

  async #claim(queue: Bench): Promise<{ id: string; token: string } | undefined> {
    await queue.seed({ leases: { L: 'now+60000' } });
    const args = { call: 'L:claim', number: this.#next(), schema: 1, lease: 'L', want: 1 };
    const reply = await queue.run(scripts.claim, { ...args, allowance: 0, alone: 1, begun: '' });
    const [job] = 'jobs' in reply ? reply.jobs : [];
    return job && 'token' in reply ? { id: job.id, token: reply.token } : undefined;
  }

  /** Every parent of a child that may run has ended as the child's policy accepts, and as it really did. */
  async #checkAllowed(child: string): Promise<void> {
    const { outcomes } = await this.#children.run(scripts.parents, { id: child });
    const lines = outcomes.split('\n').map((line) => line.split('\t'));
    for (const [parent, policy] of this.#policies.get(child) ?? []) {
      const fate = lines.find(([, id]) => id === parent)?.[2] ?? 'nothing';
      assert.equal(verdict(fate, policy), 'accept', `${child} may run, but ${parent}: ${fate}`);
      assert.ok(this.#fates.get(parent)?.has(fate), `${parent} never ended as ${fate}`);
    }
  }

  async cancel(kind: 'parent' | 'child', id: string, word: 'cancelled' | 'cancel' | 'release') {
    const queue = kind === 'parent' ? this.#parents : this.#children;
    const args = { ...this.#numbered(), word, failure };
    const words = await queue.run(scripts.cancel, args, [{ id }]);
    assert.deepEqual(await queue.run(scripts.cancel, args, [{ id }]), words);
    if (kind === 'parent' && /^(cancelled|releasing)$/.test(words[0] ?? '')) {
      this.#ended(id, word);
      // Who asks later is told the state.
      this.#ended(id, 'cancelled');
    }
  }

  async remove(kind: 'parent' | 'child', id: string): Promise<void> {
    const queue = kind === 'parent' ? this.#parents : this.#children;
    const [word] = await queue.run(scripts.remove, { ...this.#numbered(), state: '' }, [{ id }]);
    if (kind === 'parent' && word === 'releasing') {
      this.#ended(id, 'removed');
      this.#ended(id, 'cancelled');
    }
    if (kind === 'parent') this.#ended(id, 'unknown');
  }

  async requeueParent(id: string): Promise<void> {
    const item = { id, stamp: '', edges: '', outcomes: '' } as const;
    await this.#parents.run(scripts.requeue, { ...this.#numbered(), state: '' }, [item]);
  }

  /** All times of a kind have come. */
  async #due(queue: Bench, noun: 'expiring' | 'evicting' | 'deferred' | 'delayed'): Promise<void> {
    for (const id of await queue.redis.zrange(queue.keys[noun], '0', '-1'))
      if ((await queue.redis.zscore(queue.keys[noun], id)) !== '0')
        await queue.redis.zadd(queue.keys[noun], queue.now - 1_000, id);
  }

  async expire(kind: 'parent' | 'child'): Promise<void> {
    const queue = kind === 'parent' ? this.#parents : this.#children;
    await this.#due(queue, 'expiring');
    const { expired } = await queue.run(scripts.expire, { limit: 256, failure });
    for (const id of kind === 'parent' ? expired : []) this.#ended(id, 'failed');
  }

  async evict(): Promise<void> {
    for (const queue of [this.#parents, this.#children]) {
      await this.#due(queue, 'evicting');
      await queue.run(scripts.evict, { limit: 256, completed: '', failed: '' });
    }
    for (const id of this.#ids.parents) {
      this.#ended(id, 'evicted');
      this.#ended(id, 'unknown');
    }
  }

  /** Tells children; the edges that are done with. */
  async #deliver(edges: readonly string[], word: FateWord, text: string): Promise<string[]> {
    const acks: string[] = [];
    for (const edge of edges) {
      const what = verdict(word, policyOf(edge));
      const item = { edge, word, text };
      if (what === 'accept') await this.#children.run(scripts.arrive, {}, [item]);
      if (what === 'doom') await this.#children.run(scripts.doom, {}, [{ ...item, failure }]);
      if (what !== 'keep') acks.push(edge);
    }
    return acks;
  }

  /** One of two tellers goes on with a parent by a page of `limit` edges, and may die before or after it has told them; whether there is more. */
  async tell(who: number, parent: string, limit: number, dies: string): Promise<boolean> {
    const teller = this.#tellers[who] as Map<string, Ask>;
    const ask = teller.get(parent) ?? { parent, word: '' as const, after: '', acks: '', kept: 0 };
    const [reply] = await this.#parents.run(scripts.release, { limit }, [ask]);
    teller.delete(parent);
    if (!reply || !('edges' in reply) || dies === 'before') return false;
    const acks = await this.#deliver(reply.edges, reply.word, reply.text);
    const after = reply.edges.at(-1) ?? '';
    const kept = (reply.anew ? 0 : ask.kept) + reply.edges.length - acks.length;
    if (dies !== 'after')
      teller.set(parent, { parent, word: reply.word, after, acks: acks.join('\n'), kept });
    return true;
  }

  /** Both tellers tell all they know of. */
  async release(): Promise<void> {
    for (const who of this.#tellers.keys())
      for (const parent of this.#ids.parents) while (await this.tell(who, parent, 2, 'never'));
  }

  async recheck(): Promise<void> {
    await this.#due(this.#children, 'deferred');
    const edges = await this.#children.run(scripts.recheck, { limit: 100 });
    if (edges.length === 0) return;
    const items = edges.map((edge) => ({ parent: parentOf(edge), edge }));
    const answers = await this.#parents.run(scripts.depend, {}, items);
    for (const [i, { word, text }] of answers.entries())
      if (word !== 'pending') await this.#deliver([edges[i] ?? ''], word, text);
  }

  async check(atRest = false): Promise<void> {
    for (const queue of [this.#parents, this.#children]) {
      const options = { prefix: queue.prefix, atRest };
      assert.deepEqual(await checkInvariants(queue.redis, queue.name, options), []);
    }
    const items = this.#ids.children.map((id) => ({ id }));
    const found = await this.#children.run(scripts.inspect, {}, items);
    for (const [i, job] of found.entries())
      if (job?.state === 'waiting' || job?.state === 'delayed' || job?.state === 'active')
        await this.#checkAllowed(this.#ids.children[i] ?? '');
  }

  /** Children that wait for parents. */
  async #waiting(): Promise<number> {
    return await this.#children.redis.zcard(this.#children.keys.deferred);
  }

  /** With every parent done and told, or gone, no child waits; with every job gone, nothing is left. */
  async finish(): Promise<void> {
    for (let i = 0; i < this.#ids.parents.length; i += 1) await this.endParent('complete', '');
    await this.expire('parent');
    await this.release();
    await this.recheck();
    const counts = await this.#parents.run(scripts.count, {});
    assert.equal(counts.waiting + counts.active + counts.delayed, 0);
    const stuck = await this.#children.redis.zrange(this.#children.keys.awaiting, '0', '-1');
    for (const member of stuck) assert.equal(policyOf(member), 'wait');
    for (const id of this.#ids.parents) await this.remove('parent', id);
    for (let i = 0; i < 3; i += 1) {
      await this.release();
      await this.evict();
    }
    await this.recheck();
    assert.equal(await this.#waiting(), 0);
    await this.check();
    for (const id of this.#ids.children) await this.remove('child', id);
    await this.check(true);
    for (const queue of [this.#parents, this.#children])
      assert.equal(await queue.redis.hlen(queue.keys.jobs), 0);
  }
}

type Step = (families: Families) => Promise<unknown>;

const kind = fc.constantFrom('parent' as const, 'child' as const);
const age = fc.constantFrom('', '0', '3600000');
const flags = fc.constantFrom(
  '{"child":true}',
  '{"child":true}',
  '{"ttl":1000000,"child":true}',
  '{"failAge":0,"child":true}',
  '{"child":true,"delay":1000000}',
);

function step<T>(
  weight: number,
  arbitrary: fc.Arbitrary<T>,
  run: (f: Families, value: T) => unknown,
) {
  return {
    weight,
    arbitrary: arbitrary.map(
      (value): Step =>
        async (families) =>
          await run(families, value),
    ),
  };
}

function stepsOf(ids: Ids): fc.Arbitrary<Step> {
  const parent = fc.constantFrom(...ids.parents);
  const child = fc.constantFrom(...ids.children);
  const job = fc.oneof(
    parent.map((id) => ['parent', id] as const),
    child.map((id) => ['child', id] as const),
  );
  const policies = fc
    .uniqueArray(fc.tuple(parent, fc.constantFrom<Policy>('fail', 'run', 'wait')), {
      selector: ([id]) => id,
      minLength: 1,
      maxLength: 3,
    })
    .map((list) => new Map(list));
  return fc.oneof(
    step(5, fc.tuple(parent, fc.boolean()), (f, [id, ttl]) => f.addParent(id, ttl)),
    step(6, fc.tuple(child, policies, flags, fc.nat(5)), (f, [id, of, traits, crash]) =>
      f.addChild(id, of, traits, crash === 0),
    ),
    step(5, fc.tuple(fc.constantFrom('complete' as const, 'fail' as const), age), (f, [how, ms]) =>
      f.endParent(how, ms),
    ),
    step(2, age, (f, ms) => f.runChild(ms)),
    step(2, fc.tuple(job, fc.constantFrom('cancelled' as const, 'cancel' as const, 'release' as const)), (f, [[who, id], word]) => f.cancel(who, id, word)), // prettier-ignore
    step(2, job, (f, [who, id]) => f.remove(who, id)),
    step(2, parent, (f, id) => f.requeueParent(id)),
    step(2, child, (f, id) => f.requeueChild(id)),
    step(1, kind, (f, who) => f.expire(who)),
    step(1, fc.constant(0), (f) => f.evict()),
    step(
      8,
      fc.tuple(fc.nat(1), parent, fc.integer({ min: 1, max: 3 }), fc.constantFrom('never', 'never', 'never', 'before', 'after')), // prettier-ignore
      (f, [who, id, limit, dies]) => f.tell(who, id, limit, dies),
    ),
    step(2, fc.constant(0), (f) => f.recheck()),
  );
}

test.each<[number, Ids]>([
  [70, { parents: ['p', 'q', 'r'], children: ['a', 'b'] }],
  [70, { parents: ['p'], children: ['a'] }],
])(
  'children and parents agree, step by step: %i walks of %j',
  { timeout: 120_000 },
  async (numRuns, ids) => {
    const lists = fc.array(stepsOf(ids), { maxLength: 40, size: 'max' });
    const walks = fc.asyncProperty(lists, async (list) => {
      const families = new Families(await server.queue(), await server.queue(), ids);
      for (const run of list) {
        await run(families);
        await families.check();
      }
      await families.finish();
    });
    await expect(fc.assert(walks, { numRuns })).resolves.toBeUndefined();
  },
);
