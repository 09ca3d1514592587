import { describe, expect, test } from 'vitest';
import { claim, enqueue, release, remove } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, manyOpen, open, type State } from '../helpers/keyspace.js';
import { hearing, privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:remove', number: 7, state: '' } as const;
const calls = (words: string) => ({ 'p:remove': `7 now ${words}` });

/** One job in some state, with a row in every column, and a neighbour in the same state. */
const jobs = { a: '["a"]', b: '["b"]' };
const rows: State = {
  traits: { a: '{"lifo":true}' },
  attempts: { a: 1 },
  stalls: { a: 1 },
  results: { a: '{}' },
  failures: { a: '{}\n' },
  outcomes: { a: 'q\tp\tcompleted\t\n' },
  watched: { a: 'awaited' },
};
const noRows = Object.fromEntries(Object.keys(rows).map((column) => [column, undefined]));

test.each(['delayed', 'completed', 'failed', 'cancelled', 'suspects'] as const)(
  'a job in %s goes with all its rows, its neighbour stays',
  async (set) => {
    const before: State = { ...rows, jobs, [set]: { a: 'now', b: 'now' } };
    const queue = await server.queue(before);
    expect(await queue.run(remove, args, [{ id: 'a' }])).toEqual(['removed']);
    expect(await queue.state()).toEqual(
      expected(before, {
        ...noRows,
        jobs: { b: '["b"]' },
        [set]: { b: 'now' },
        calls: calls('removed'),
      }),
    );
  },
);

describe('a waiting job', () => {
  const before: State = { ...rows, jobs, waiting: ['a', 'b'] };

  test('goes with all its rows; its entry is void from now on', async () => {
    const queue = await server.queue(before);
    expect(await queue.run(remove, args, [{ id: 'a' }])).toEqual(['removed']);
    expect(await queue.state()).toEqual(
      expected(before, {
        ...noRows,
        jobs: { b: '["b"]' },
        tombstones: { a: 1 },
        calls: calls('removed'),
      }),
    );
  });

  test('that is the last takes all void entries with it', async () => {
    const queue = await server.queue({
      jobs: { a: '["a"]', d: '["d"]', s: '["s"]' },
      waiting: ['x', 'a'],
      tombstones: { x: 1 },
      active: { d: 'L:5' },
      suspects: { s: 'now' },
    });
    await queue.run(remove, args, [{ id: 'a' }]);
    expect(await queue.state()).toEqual({
      jobs: { d: '["d"]', s: '["s"]' },
      active: { d: 'L:5' },
      suspects: { s: 'now' },
      calls: calls('removed'),
    });
  });

  test('that is removed, added and removed has two void entries', async () => {
    const queue = await server.queue({ meta: { schema: 1 }, jobs, waiting: ['a', 'b'] });
    const add = { call: 'p:enqueue', schema: 1, distinct: 1 };
    const job = [{ id: 'a', record: '["a"]', traits: '' as const }];
    await queue.run(remove, { ...args, number: 1 }, [{ id: 'a' }]);
    await queue.run(enqueue, { ...add, number: 1 }, job);
    await queue.run(remove, { ...args, number: 2 }, [{ id: 'a' }]);
    expect(await queue.state()).toMatchObject({ waiting: ['a', 'b', 'a'], tombstones: { a: '2' } });
    await queue.run(enqueue, { ...add, number: 2 }, job);
    const options = { prefix: queue.prefix };
    expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
    await queue.seed({ leases: { L: 'now+30000' } });
    const reply = await queue.run(claim, {
      call: 'L:claim',
      number: 1,
      schema: 1,
      lease: 'L',
      want: 8,
      allowance: 0,
      alone: 1,
      begun: '',
    });
    expect(reply).toMatchObject({ jobs: [{ id: 'b' }, { id: 'a' }] });
    expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  });
});

test('an active job stays', async () => {
  const before: State = { ...rows, jobs, active: { a: 'L:5' }, held: { L: 1 }, waiting: ['b'] };
  const queue = await server.queue(before);
  expect(await queue.run(remove, args, [{ id: 'a' }])).toEqual(['active']);
  expect(await queue.state()).toEqual(expected(before, { calls: calls('active') }));
});

test('an id without a record is unknown', async () => {
  const before: State = { jobs, waiting: ['a', 'b'] };
  const queue = await server.queue(before);
  expect(await queue.run(remove, args, [{ id: 'x' }])).toEqual(['unknown']);
  expect(await queue.state()).toEqual(expected(before, { calls: calls('unknown') }));
});

test('a batch may mix states; an id that comes again and again is removed once', async () => {
  const before: State = {
    jobs: { a: '["a"]', b: '["b"]', c: '["c"]', d: '["d"]' },
    waiting: ['a', 'd'],
    delayed: { b: 'now' },
    active: { c: 'L:5' },
    held: { L: 1 },
  };
  const queue = await server.queue(before);
  const ids = ['a', 'b', 'a', 'c', 'x', 'a', 'a'].map((id) => ({ id }));
  const words = ['removed', 'removed', 'unknown', 'active', 'unknown', 'unknown', 'unknown'];
  expect(await queue.run(remove, args, ids)).toEqual(words);
  expect(await queue.state()).toEqual(
    expected(before, {
      jobs: { c: '["c"]', d: '["d"]' },
      delayed: undefined,
      tombstones: { a: 1 },
      calls: calls(words.join(' ')),
    }),
  );
});

test('a large record is known by its size, which goes with it', async () => {
  const queue = await server.queue({
    jobs: { a: 'x'.repeat(5_000) },
    traits: { a: '{"size":5000}' },
    delayed: { a: 'now' },
  });
  expect(await queue.run(remove, args, [{ id: 'a' }])).toEqual(['removed']);
  expect(await queue.state()).toEqual({ calls: calls('removed') });
});

testNumbered(
  ...([server, remove, { jobs, waiting: ['a', 'b'] }, args] as const),
  [{ id: 'a' }, { id: 'x' }],
  'stale',
);

test('a repeated removal does not remove what was added since', async () => {
  const queue = await server.queue({ jobs, waiting: ['a', 'b'] });
  await queue.run(remove, args, [{ id: 'a' }]);
  await queue.seed({ jobs: { a: '["again"]' }, waiting: ['a'] });
  expect(await queue.run(remove, args, [{ id: 'a' }])).toEqual(['removed']);
  expect(await queue.state()).toMatchObject({ jobs: { a: '["again"]' }, tombstones: { a: '1' } });
});

describe('what a removed job leaves', () => {
  test('is no ttl and no retention, whatever its state', async () => {
    const queue = await server.queue({
      jobs: { a: '["a"]', b: '["b"]', c: '["c"]', d: '["d"]' },
      waiting: ['a'],
      delayed: { b: 'now' },
      completed: { c: 'now' },
      expiring: { a: 'now+60000', b: 'now+60000', d: 0 },
      evicting: { c: 'now+60000' },
    });
    const items = ['a', 'b', 'c', 'd'].map((id) => ({ id }));
    expect(await queue.run(remove, args, items)).toEqual(items.map(() => 'removed'));
    expect(await queue.state()).toEqual({ calls: calls('removed removed removed removed') });
  });

  test('is no edge of a child; ids that begin like its own keep theirs', async () => {
    const before: State = {
      jobs: { a: '["a"]', ab: '["ab"]' },
      deferred: { a: 'now+5000', ab: 'now+5000' },
      awaiting: open(edge('a', 'p'), edge('a', 'r/p'), edge('ab', 'p')),
      outcomes: { a: 'q\to\tcompleted\t\n' },
    };
    const queue = await server.queue(before);
    expect(await queue.run(remove, args, [{ id: 'a' }])).toEqual(['removed']);
    expect(await queue.state()).toEqual(
      expected(before, {
        jobs: { ab: '["ab"]' },
        deferred: { ab: 'now+5000' },
        awaiting: open(edge('ab', 'p')),
        outcomes: undefined,
        calls: calls('removed'),
      }),
    );
  });

  test('is the word to who awaits it', async () => {
    const watched = { a: 'awaited', b: 'awaited' };
    const queue = await server.queue({ jobs, waiting: ['a', 'b'], watched });
    const heard = await hearing(queue, 'events', () => queue.run(remove, args, [{ id: 'a' }]));
    expect(heard).toEqual(['ended\ta']);
    expect(await queue.state()).toMatchObject({ watched: { b: 'awaited' } });
  });
});

describe('a parent', () => {
  const family: State = {
    jobs: { p: '["p"]', b: '["b"]' },
    watched: { p: 'parent' },
    dependents: { [`p\t${edge('r/k', 'p')}`]: 0 },
    traits: { p: '{"failAge":0}' },
    attempts: { p: 1 },
  };

  test.each<[string, State, State]>([
    ['waiting', { waiting: ['p', 'b'] }, { tombstones: { p: 1 } }],
    ['delayed', { delayed: { p: 'now+60000' }, waiting: ['b'] }, { delayed: {} }],
    [
      'deferred',
      { deferred: { p: 'now' }, awaiting: open(edge('p', 'o')), waiting: ['b'] },
      { deferred: {}, awaiting: {} },
    ],
    ['expired, and waits for expire', { expiring: { p: 0 }, waiting: ['b'] }, { expiring: {} }],
  ])('that is %s becomes cancelled until its dependents were told', async (_, where, after) => {
    const state = { ...family, ...where };
    const queue = await server.queue(state);
    expect(await queue.run(remove, args, [{ id: 'p' }])).toEqual(['releasing']);
    expect(await queue.state()).toEqual(
      expected(state, {
        ...after,
        cancelled: { p: 'now' },
        releasing: { p: 'removed' },
        watched: { p: 'parent\tremoved' },
        evicting: { p: 'now+900000' },
        calls: calls('releasing'),
      }),
    );
    const options = { prefix: queue.prefix };
    expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  });

  test.each(['completed', 'failed', 'cancelled'] as const)(
    'that is %s stays so until its dependents were told',
    async (set) => {
      const state: State = { ...family, [set]: { p: 'now-60000' }, waiting: ['b'] };
      const queue = await server.queue(state);
      expect(await queue.run(remove, args, [{ id: 'p' }])).toEqual(['releasing']);
      expect(await queue.state()).toEqual(
        expected(state, {
          releasing: { p: 'removed' },
          watched: { p: 'parent\tremoved' },
          evicting: { p: 'now+900000' },
          calls: calls('releasing'),
        }),
      );
    },
  );

  test('that is telling something else tells that to the end', async () => {
    const state: State = { ...family, completed: { p: 'now' }, releasing: { p: 'completed' } };
    const queue = await server.queue({ ...state, waiting: ['b'] });
    await queue.run(remove, args, [{ id: 'p' }]);
    expect(await queue.state()).toHaveProperty('releasing', { p: 'completed' });
  });

  test.each(['failed', 'cancelled'] as const)(
    'that is telling that it is %s tells its removal instead, also to those that have heard of it and wait on',
    async (set) => {
      const hopes = edge('k', 'p', 'wait');
      const state: State = { ...family, [set]: { p: 'now' }, releasing: { p: set } };
      const dependents = { [`p\t${hopes}`]: 0 };
      const queue = await server.queue({ ...state, dependents, waiting: ['b'] });
      const ask = { parent: 'p', word: '', after: '', acks: '', kept: 0 } as const;
      const page = { edges: [hopes], anew: true };
      expect(await queue.run(release, { limit: 256 }, [ask])).toMatchObject([{ word: set, ...page }]); // prettier-ignore
      await queue.run(remove, args, [{ id: 'p' }]);
      const next = { ...ask, word: set, after: hopes, kept: 1 };
      expect(await queue.run(release, { limit: 256 }, [next])).toMatchObject([{ word: 'removed', ...page }]); // prettier-ignore
    },
  );

  test('that is removed twice in a batch is told once', async () => {
    const queue = await server.queue({ ...family, waiting: ['p', 'b'] });
    const items = [{ id: 'p' }, { id: 'p' }];
    expect(await queue.run(remove, args, items)).toEqual(['releasing', 'unknown']);
    expect(await queue.state()).toHaveProperty('tombstones', { p: '1' });
  });
});

test('once 1,000 edges are spent the rest is for another call', async () => {
  const queue = await server.queue({
    jobs: { a: '["a"]', b: '["b"]', c: '["c"]', w: '["w"]' },
    deferred: { a: 'now', b: 'now', c: 'now' },
    awaiting: { ...manyOpen('a', 600), ...manyOpen('b', 600), ...manyOpen('c', 600) },
    waiting: ['w'],
  });
  const items = ['a', 'b', 'c', 'w'].map((id) => ({ id }));
  expect(await queue.run(remove, args, items)).toEqual(['removed', 'removed', 'again', 'again']);
  const options = { prefix: queue.prefix };
  expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  const rest = [{ id: 'c' }, { id: 'w' }];
  expect(await queue.run(remove, { ...args, number: 8 }, rest)).toEqual(['removed', 'removed']);
  expect(await queue.state()).toEqual({ calls: { 'p:remove': '8 now removed removed' } });
});
