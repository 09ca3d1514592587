import { describe, expect, test } from 'vitest';
import { claim, requeue } from '../../src/scripts.js';
import { args as claimArgs, ids } from '../helpers/claims.js';
import { testNumbered } from '../helpers/guards.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:requeue', number: 7, state: '' } as const;
const again = (id: string) => ({ id, stamp: '', edges: '', outcomes: '' }) as const;
const calls = (words: string) => ({ 'p:requeue': `7 now ${words}` });

const before: State = {
  jobs: { a: '["a"]', b: '["b"]', w: '["w"]' },
  waiting: ['w'],
  completed: { a: 'now-10000' },
  failed: { b: 'now-10000' },
  evicting: { a: 'now+60000', b: 'now-10000' },
  attempts: { a: 1, b: 3, w: 1 },
  stalls: { a: 1, b: 2 },
  results: { a: '{}' },
  failures: { b: '{}\n{}\n', w: '{}\n' },
};

test('finished jobs wait at the tail; attempts, losses, outcome and failures are cleared', async () => {
  const queue = await server.queue(before);
  const words = await queue.run(requeue, args, [again('b'), again('a')]);
  expect(words).toEqual(['requeued', 'requeued']);
  expect(await queue.state()).toEqual(
    expected(before, {
      waiting: ['w', 'b', 'a'],
      completed: undefined,
      failed: undefined,
      evicting: undefined,
      attempts: { w: 1 },
      stalls: undefined,
      results: undefined,
      failures: { w: '{}\n' },
      calls: calls('requeued requeued'),
      wake: ['1'],
    }),
  );
});

test('a job that was put back has no ttl any more', async () => {
  const traits = { a: '{"ends":now-5000}', b: '{"lifo":true,"ends":now-5000}' };
  const queue = await server.queue({ ...before, traits });
  await queue.run(requeue, args, [again('a'), again('b')]);
  const after = await queue.state();
  expect(after).toMatchObject({ traits: { b: '{"lifo":true}' }, waiting: ['b', 'w', 'a'] });
  expect(after).not.toHaveProperty('traits.a');
  expect(after).not.toHaveProperty('expiring');
});

test('a lifo job keeps its traits and waits at the head', async () => {
  const queue = await server.queue({ ...before, traits: { a: '{"lifo":true}' }, wake: ['1'] });
  await queue.run(requeue, args, [again('a')]);
  expect(await queue.state()).toMatchObject({
    waiting: ['a', 'w'],
    traits: { a: '{"lifo":true}' },
    wake: ['1'],
  });
});

test.each<[string, State]>([
  ['waiting', { waiting: ['a'] }],
  ['a suspect', { suspects: { a: 'now' }, stalls: { a: 1 } }],
  ['delayed', { delayed: { a: 'now+60000' }, attempts: { a: 1 }, failures: { a: '{}\n' } }],
  [
    'deferred',
    { deferred: { a: 'now+5000' }, awaiting: { [`a\t${edge('a', 'p')}`]: 0 }, outcomes: { a: '' } },
  ],
  ['active', { active: { a: 'L:5' }, held: { L: 1 }, attempts: { a: 1 } }],
])('a job that is %s is unfinished, and nothing changes', async (_, where) => {
  const state: State = { jobs: { a: '["a"]' }, ...where };
  const queue = await server.queue(state);
  expect(await queue.run(requeue, args, [again('a')])).toEqual(['unfinished']);
  expect(await queue.state()).toEqual(expected(state, { calls: calls('unfinished') }));
});

test('a batch may mix states; an id that comes twice is requeued once', async () => {
  const queue = await server.queue(before);
  const items = ['a', 'a', 'w', 'x'].map(again);
  const words = ['requeued', 'unfinished', 'unfinished', 'unknown'];
  expect(await queue.run(requeue, args, items)).toEqual(words);
  expect(await queue.state()).toMatchObject({
    waiting: ['w', 'a'],
    attempts: { b: '3', w: '1' },
    calls: calls(words.join(' ')),
  });
});

test('a job whose removed namesake left a void entry waits by an entry of its own', async () => {
  const state = { ...before, waiting: ['a', 'w'], tombstones: { a: 1 } };
  const queue = await server.queue(state);
  await queue.run(requeue, args, [again('a')]);
  expect(await queue.state()).toMatchObject({ waiting: ['a', 'w', 'a'], tombstones: { a: '1' } });
});

testNumbered(
  ...([server, requeue, before, args] as const),
  [again('a'), again('w'), again('x')],
  'stale',
);

test('a cancelled job waits again, beside the void entry that it left; it runs once', async () => {
  const state: State = {
    meta: { schema: 1 },
    leases: { L: 'now+30000' },
    jobs: { a: '["a"]', w: '["w"]' },
    cancelled: { a: 'now' },
    failures: { a: '{}\n' },
    waiting: ['a', 'w'],
    tombstones: { a: 1 },
  };
  const queue = await server.queue(state);
  expect(await queue.run(requeue, args, [again('a')])).toEqual(['requeued']);
  expect(await queue.state()).toEqual(
    expected(state, {
      cancelled: undefined,
      failures: undefined,
      waiting: ['a', 'w', 'a'],
      calls: calls('requeued'),
      wake: ['1'],
    }),
  );
  expect(ids(await queue.run(claim, claimArgs))).toEqual(['w', 'a']);
});

test('a parent has nothing to tell any more; its edges stay for when it ends again', async () => {
  const dependents = { [`a\t${edge('r/k', 'a')}`]: 0 };
  const state: State = {
    ...before,
    watched: { a: 'parent' },
    releasing: { a: 'failed' },
    dependents,
  };
  const queue = await server.queue(state);
  expect(await queue.run(requeue, args, [again('a')])).toEqual(['requeued']);
  const after = await queue.state();
  expect(after).toMatchObject({
    watched: { a: 'parent' },
    dependents,
    evicting: { b: 'now-10000' },
  });
  expect(after).not.toHaveProperty('releasing');
});

describe('a child', () => {
  const outcomes = 'q\to\tcompleted\t1\nq\tp\tfailed\t{}\n';
  const state: State = {
    meta: { schema: 1 },
    jobs: { k: '["k"]' },
    traits: { k: '{"lifo":true,"child":true}' },
    failed: { k: 'now-10000' },
    evicting: { k: 'now+60000' },
    failures: { k: '{}\n' },
    outcomes: { k: outcomes },
  };
  const rest = { failed: undefined, evicting: undefined, failures: undefined };
  const accepted = 'q\to\tcompleted\t1\n';

  test('is told so, and nothing changes, unless its parents were asked', async () => {
    const queue = await server.queue(state);
    expect(await queue.run(requeue, args, [again('k')])).toEqual(['child']);
    expect(await queue.state()).toEqual(expected(state, { calls: calls('child') }));
  });

  test('waits for its parents again, and keeps what it accepted', async () => {
    const queue = await server.queue(state);
    const edges = `${edge('k', 'p', 'fail', 'n2')}\n${edge('k', 'r/p', 'fail', 'n3')}`;
    const item = { id: 'k', stamp: '"k"', edges, outcomes: accepted } as const;
    expect(await queue.run(requeue, args, [item, item])).toEqual(['requeued', 'unfinished']);
    expect(await queue.state()).toEqual(
      expected(state, {
        ...rest,
        deferred: { k: 'now+5000' },
        awaiting: {
          [`k\t${edge('k', 'p', 'fail', 'n2')}`]: 0,
          [`k\t${edge('k', 'r/p', 'fail', 'n3')}`]: 0,
        },
        outcomes: { k: accepted },
        calls: calls('requeued unfinished'),
      }),
    );
    const options = { prefix: queue.prefix };
    expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  });

  test.each([
    ['waits when no parent is open', accepted, { k: accepted }],
    ['keeps nothing when nothing was accepted', '', undefined],
  ])('%s', async (_, lines, after) => {
    const queue = await server.queue(state);
    const item = { id: 'k', stamp: '"k"', edges: '', outcomes: lines } as const;
    expect(await queue.run(requeue, args, [item])).toEqual(['requeued']);
    expect(await queue.state()).toEqual(
      expected(state, {
        ...rest,
        outcomes: after,
        waiting: ['k'],
        calls: calls('requeued'),
        wake: ['1'],
      }),
    );
  });

  test('is told again when it is another job than the one whose parents were asked', async () => {
    const queue = await server.queue({ ...state, jobs: { k: '["k",0,1700000000002]' } });
    const item = {
      id: 'k',
      stamp: ',1700000000001',
      edges: edge('k', 'p'),
      outcomes: accepted,
    } as const;
    expect(await queue.run(requeue, args, [item])).toEqual(['child']);
    expect(await queue.state()).toMatchObject({ failed: state.failed, outcomes: state.outcomes });
  });

  test('that runs, or is unknown, gets no edges', async () => {
    const running: State = { jobs: state.jobs ?? {}, active: { k: 'L:5' }, held: { L: 1 } };
    const queue = await server.queue(running);
    const item = { stamp: '"k"', edges: edge('k', 'p'), outcomes: accepted } as const;
    const items = [
      { id: 'k', ...item },
      { id: 'x', ...item },
    ];
    expect(await queue.run(requeue, args, items)).toEqual(['unfinished', 'unknown']);
    expect(await queue.state()).toEqual(expected(running, { calls: calls('unfinished unknown') }));
  });
});

describe('a parent that others were told of', () => {
  const parent: State = { jobs: { p: '["p"]' }, cancelled: { p: 'now' } };

  test.each(['cancel', 'release'])('begins anew when it was cancelled: %s', async (fate) => {
    const queue = await server.queue({ ...parent, watched: { p: `parent\t${fate}` } });
    expect(await queue.run(requeue, args, [again('p')])).toEqual(['requeued']);
    expect(await queue.state()).toMatchObject({ watched: { p: 'parent' }, waiting: ['p'] });
  });

  test('is gone for its users when it was removed', async () => {
    const state = { ...parent, watched: { p: 'parent\tremoved' } };
    const queue = await server.queue(state);
    expect(await queue.run(requeue, args, [again('p')])).toEqual(['unknown']);
    expect(await queue.state()).toEqual(expected(state, { calls: calls('unknown') }));
  });
});
