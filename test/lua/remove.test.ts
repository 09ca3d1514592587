import { describe, expect, test } from 'vitest';
import { claim, enqueue, remove } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { checkInvariants } from '../helpers/invariants.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:remove', number: 7 };
const calls = (words: string) => ({ 'p:remove': `7 now ${words}` });

/** One job in some state, with a row in every column, and a neighbour in the same state. */
const jobs = { a: '["a"]', b: '["b"]' };
const rows: State = {
  traits: { a: '{"lifo":true}' },
  attempts: { a: 1 },
  stalls: { a: 1 },
  results: { a: '{}' },
};
const noRows = { traits: undefined, attempts: undefined, stalls: undefined, results: undefined };

test.each(['delayed', 'completed', 'failed', 'suspects'] as const)(
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
    const add = { call: 'p:enqueue', schema: 1 };
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

test('a batch may mix states; an id that comes twice is removed once', async () => {
  const before: State = {
    jobs: { a: '["a"]', b: '["b"]', c: '["c"]', d: '["d"]' },
    waiting: ['a', 'd'],
    delayed: { b: 'now' },
    active: { c: 'L:5' },
    held: { L: 1 },
  };
  const queue = await server.queue(before);
  const ids = ['a', 'b', 'a', 'c', 'x'].map((id) => ({ id }));
  const words = ['removed', 'removed', 'unknown', 'active', 'unknown'];
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
