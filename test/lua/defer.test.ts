import { describe, expect, test } from 'vitest';
import { claim, defer } from '../../src/scripts.js';
import { args as claimArgs, ids } from '../helpers/claims.js';
import { testNumbered } from '../helpers/guards.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:defer', number: 7, schema: 1 };
const child = '{"child":true}';
const failure = '{"failedReason":"parent p has failed"}';

const job = (id: string, more: Partial<Record<string, string>> = {}) => ({
  id,
  record: `["${id}"]`,
  traits: child,
  edges: '',
  outcomes: '',
  failure: '',
  ...more,
});
const one: State = { meta: { schema: 1 }, jobs: { old: '["old"]' }, waiting: ['old'] };
const calls = (words: string) => ({ 'p:defer': `7 now ${words}` });

test('a job with open edges is deferred, with what its other parents ended with', async () => {
  const queue = await server.queue();
  const edges = `${edge('a', 'p')}\n${edge('a', 'r/p', 'wait', 'n2')}`;
  const outcomes = 'q\to\tcompleted\t1\nr\to\tfailed\t\n';
  expect(await queue.run(defer, args, [job('a', { edges, outcomes })])).toEqual(['added']);
  expect(await queue.state()).toEqual({
    meta: { schema: '1' },
    jobs: { a: '["a"]' },
    traits: { a: child },
    deferred: { a: 'now+5000' },
    awaiting: { [`a\t${edge('a', 'p')}`]: 0, [`a\t${edge('a', 'r/p', 'wait', 'n2')}`]: 0 },
    outcomes: { a: outcomes },
    calls: calls('added'),
  });
});

describe('a job without open edges goes straight to where it belongs', () => {
  const outcomes = 'q\to\tcompleted\t1\n';
  const rest = {
    meta: { schema: '1' },
    jobs: { a: '["a"]' },
    outcomes: { a: outcomes },
    calls: calls('added'),
    wake: ['1'],
  };

  test('it waits', async () => {
    const queue = await server.queue();
    await queue.run(defer, args, [job('a', { outcomes })]);
    expect(await queue.state()).toEqual({ ...rest, traits: { a: child }, waiting: ['a'] });
  });

  test('it is delayed, from now on', async () => {
    const queue = await server.queue();
    const traits = '{"child":true,"delay":3600123}';
    await queue.run(defer, args, [job('a', { outcomes, traits })]);
    const due = Number(await queue.redis.zscore(queue.keys.delayed, 'a'));
    expect(due - queue.now).toBeGreaterThanOrEqual(3_600_123);
    expect(due - queue.now).toBeLessThan(3_605_000);
    expect(await queue.stored()).toHaveProperty('traits', { a: `{"child":true,"due":${due}}` });
    expect(await queue.state()).toMatchObject({ delayed: { a: 'now+3600000' }, wake: ['1'] });
  });

  test('it waits at the head when it is lifo', async () => {
    const queue = await server.queue(one);
    await queue.run(defer, args, [job('a', { traits: '{"lifo":true,"child":true}' })]);
    expect(await queue.state()).toHaveProperty('waiting', ['a', 'old']);
  });
});

test('a delay runs while a job waits for its parents', async () => {
  const queue = await server.queue();
  const traits = '{"ttl":20000,"child":true,"delay":60000}';
  await queue.run(defer, args, [job('a', { edges: edge('a', 'p'), traits })]);
  expect(await queue.state()).toMatchObject({
    deferred: { a: 'now+5000' },
    expiring: { a: 'now+20000' },
    traits: { a: '{"ends":now+20000,"child":true,"due":now+60000}' },
  });
});

describe('a job whose parent has failed already', () => {
  test.each([
    ['stays for ever', child, undefined],
    ['stays for its age', '{"failAge":3600000,"child":true}', { a: 'now+3600000' }],
    ['goes with the next sweep', '{"failAge":0,"child":true}', { a: 'now' }],
  ])('fails at once, and %s', async (_, traits, evicting) => {
    const queue = await server.queue();
    const outcomes = 'q\tp\tfailed\t{}\n';
    // Other parents may have been asked, and wait for nobody now.
    const edges = edge('a', 'o');
    expect(await queue.run(defer, args, [job('a', { traits, outcomes, edges, failure })])).toEqual([
      'added',
    ]);
    const after = await queue.state();
    expect({ evicting: undefined, ...after }).toEqual({
      meta: { schema: '1' },
      jobs: { a: '["a"]' },
      traits: { a: traits },
      failed: { a: 'now' },
      evicting,
      failures: { a: `${failure}\n` },
      outcomes: { a: outcomes },
      calls: calls('added'),
    });
  });

  test('has no ttl', async () => {
    const queue = await server.queue();
    await queue.run(defer, args, [job('a', { traits: '{"ttl":1,"child":true}', failure })]);
    expect(await queue.state()).not.toHaveProperty('expiring');
  });
});

test.each<[string, State]>([
  ['waiting', { waiting: ['a'] }],
  ['delayed', { delayed: { a: 'now+60000' } }],
  [
    'deferred',
    { deferred: { a: 'now+5000' }, awaiting: { [`a\t${edge('a', 'p', 'fail', 'n0')}`]: 0 } },
  ],
  ['active', { active: { a: 'L:5' }, held: { L: 1 }, leases: { L: 'now+30000' } }],
  ['failed', { failed: { a: 'now' }, failures: { a: '{}\n' } }],
  ['cancelled', { cancelled: { a: 'now' } }],
])('an id that is %s adds nothing, and no edge', async (_, where) => {
  const before: State = { meta: { schema: 1 }, jobs: { a: '["first"]' }, ...where };
  const queue = await server.queue(before);
  const again = job('a', { edges: edge('a', 'p'), outcomes: 'q\to\tcompleted\t\n' });
  expect(await queue.run(defer, args, [again])).toEqual(['duplicate']);
  expect(await queue.run(defer, { ...args, number: 8 }, [job('a', { failure })])).toEqual([
    'duplicate',
  ]);
  expect(await queue.state()).toEqual(
    expected(before, { calls: { 'p:defer': '8 now duplicate' } }),
  );
});

test('a batch may mix all; an id that comes twice is added once', async () => {
  const queue = await server.queue(one);
  const items = [
    job('a', { edges: edge('a', 'p') }),
    job('a', { failure }),
    job('b'),
    job('c', { failure }),
    job('old', { edges: edge('old', 'p') }),
    job('d', { traits: '{"child":true,"delay":60000}' }),
  ];
  const words = ['added', 'duplicate', 'added', 'added', 'duplicate', 'added'];
  expect(await queue.run(defer, args, items)).toEqual(words);
  expect(await queue.state()).toMatchObject({
    deferred: { a: 'now+5000' },
    waiting: ['old', 'b'],
    failed: { c: 'now' },
    delayed: { d: 'now+60000' },
    calls: calls(words.join(' ')),
  });
  const options = { prefix: queue.prefix };
  expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
});

test('strange ids are ids', async () => {
  const strange = ['0', '1e3', '__proto__', 'two words', 'a:b', 'ü€😀'];
  const queue = await server.queue();
  const items = strange.map((id) => job(id, { edges: edge(id, id) }));
  expect(await queue.run(defer, args, items)).toEqual(strange.map(() => 'added'));
  const members = strange.map((id) => `${id}\t${edge(id, id)}`);
  expect(await queue.redis.zrange(queue.keys.awaiting, '0', '-1')).toEqual(members.toSorted());
  expect(await queue.redis.zrange(queue.keys.deferred, '0', '-1')).toEqual(strange.toSorted());
});

test('a child may have 1,000 parents', async () => {
  const queue = await server.queue();
  const edges = Array.from({ length: 1_000 }, (_, i) => edge('a', `p${i}`)).join('\n');
  expect(await queue.run(defer, args, [job('a', { edges })])).toEqual(['added']);
  expect(await queue.redis.zcard(queue.keys.awaiting)).toBe(1_000);
});

test('an id that was removed while it waited is claimed once, when its parents allow it', async () => {
  const queue = await server.queue({
    meta: { schema: 1 },
    leases: { L: 'now+30000' },
    waiting: ['a'],
    tombstones: { a: 1 },
  });
  await queue.run(defer, args, [job('a', { edges: edge('a', 'p') })]);
  expect(ids(await queue.run(claim, claimArgs))).toEqual([]);
  expect(await queue.state()).toMatchObject({ deferred: { a: 'now+5000' } });
});

test('an outdated caller is refused whole', async () => {
  const before: State = { meta: { schema: 2 } };
  const queue = await server.queue(before);
  expect(await queue.run(defer, args, [job('a')])).toBe('outdated');
  expect(await queue.state()).toEqual(expected(before));
});

testNumbered(
  ...([server, defer, one, args] as const),
  [job('a', { edges: edge('a', 'p') }), job('b', { failure }), job('c'), job('old')],
  'stale',
);
