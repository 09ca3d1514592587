import { describe, expect, test } from 'vitest';
import { arrive, parents } from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, open, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const news = (text: string, word = 'completed', outcome = '1') => ({
  edge: text,
  word: word as 'completed',
  text: outcome,
});

const ap = edge('a', 'p');
const ar = edge('a', 'r/p');
const bp = edge('b', 'p');
const before: State = {
  jobs: { a: '["a"]', b: '["b"]', w: '["w"]' },
  deferred: { a: 'now+5000', b: 'now+5000' },
  awaiting: open(ap, ar, bp),
  waiting: ['w'],
};

test('a child writes down what arrives, and waits for its other parents', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(arrive, {}, [news(ap, 'completed', '{"returnvalue":1}')])).toEqual([
    'accepted',
  ]);
  expect(await queue.state()).toEqual(
    expected(before, {
      awaiting: open(ar, bp),
      outcomes: { a: 'q\tp\tcompleted\t{"returnvalue":1}\n' },
    }),
  );
});

test('with its last edge a child waits at the tail, and the marker is set', async () => {
  const state: State = { ...before, outcomes: { b: 'q\to\tfailed\t\n' } };
  const queue = await server.queue(state);
  expect(await queue.run(arrive, {}, [news(bp)])).toEqual(['accepted']);
  expect(await queue.state()).toEqual(
    expected(state, {
      deferred: { a: 'now+5000' },
      awaiting: open(ap, ar),
      outcomes: { b: 'q\to\tfailed\t\nq\tp\tcompleted\t1\n' },
      waiting: ['w', 'b'],
      wake: ['1'],
    }),
  );
});

describe('where a child goes with its last edge', () => {
  test.each<[string, Record<string, string | number>, State]>([
    ['lifo: the head', { b: '{"lifo":true,"child":true}' }, { waiting: ['b', 'w'] }],
    ['due later: delayed', { b: '{"due":now+60000}' }, { delayed: { b: 'now+60000' } }],
    ['due by now: the tail', { b: '{"due":now-10000}' }, { waiting: ['w', 'b'] }],
    ['lifo, due later', { b: '{"lifo":true,"due":now+60000}' }, { delayed: { b: 'now+60000' } }],
  ])('%s', async (_, traits, where) => {
    const queue = await server.queue({ ...before, traits });
    await queue.run(arrive, {}, [news(bp)]);
    expect(await queue.state()).toMatchObject({ ...where, wake: ['1'] });
    const options = { prefix: queue.prefix };
    expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  });

  test('its ttl goes on', async () => {
    const queue = await server.queue({ ...before, expiring: { b: 'now+60000' } });
    await queue.run(arrive, {}, [news(bp)]);
    expect(await queue.state()).toHaveProperty('expiring', { b: 'now+60000' });
  });
});

describe('only the exact edge counts', () => {
  test.each([
    ['another nonce', edge('b', 'p', 'fail', 'n2')],
    ['another policy', edge('b', 'p', 'run')],
    ['another parent', edge('b', 'o')],
    ['the same id in another queue', edge('b', 'r/p')],
    ['another child', edge('bb', 'p')],
    ['a child of another queue', edge('r/b', 'p')],
    ['a child that is no more deferred', edge('w', 'p')],
  ])('%s is absent, and nothing changes', async (_, text) => {
    const queue = await server.queue(before);
    expect(await queue.run(arrive, {}, [news(text)])).toEqual(['absent']);
    expect(await queue.state()).toEqual(expected(before));
  });
});

test('a batch releases children in its order; an edge that comes twice counts once', async () => {
  const queue = await server.queue(before);
  const batch = [news(ar, 'release', ''), news(bp), news(ap), news(ap, 'failed'), news(bp)];
  const words = ['accepted', 'accepted', 'accepted', 'absent', 'absent'];
  expect(await queue.run(arrive, {}, batch)).toEqual(words);
  expect(await queue.state()).toEqual(
    expected(before, {
      deferred: undefined,
      awaiting: undefined,
      outcomes: { a: 'r\tp\trelease\t\nq\tp\tcompleted\t1\n', b: 'q\tp\tcompleted\t1\n' },
      waiting: ['w', 'a', 'b'],
      wake: ['1'],
    }),
  );
});

test('sent twice, it changes nothing more', async () => {
  const queue = await server.queue(before);
  await queue.run(arrive, {}, [news(ap), news(bp)]);
  const after = await queue.stored();
  expect(await queue.run(arrive, {}, [news(ap), news(bp)])).toEqual(['absent', 'absent']);
  expect(await queue.stored()).toEqual(after);
});

test('the marker is not doubled', async () => {
  const queue = await server.queue({ ...before, wake: ['1'] });
  await queue.run(arrive, {}, [news(bp)]);
  expect(await queue.state()).toHaveProperty('wake', ['1']);
});

test('beyond 64 KiB a child keeps how a parent ended, not its text', async () => {
  const big = 'x'.repeat(40_000);
  const queue = await server.queue({ ...before, awaiting: open(ap, ar, edge('a', 's'), bp) });
  await queue.run(arrive, {}, [news(ap, 'completed', big), news(ar, 'completed', big)]);
  await queue.run(arrive, {}, [news(edge('a', 's'), 'completed', '1')]);
  const { outcomes } = await queue.run(parents, { id: 'a' });
  expect(outcomes).toBe(`q\tp\tcompleted\t${big}\nr\tp\tcompleted\t\nq\ts\tcompleted\t1\n`);
});

test('256 children of one parent are one call', async () => {
  const ids = Array.from({ length: 256 }, (_, i) => `job${String(i).padStart(3, '0')}`);
  const queue = await server.queue({
    jobs: Object.fromEntries(ids.map((id) => [id, '[]'])),
    deferred: Object.fromEntries(ids.map((id) => [id, 'now'])),
    awaiting: open(...ids.map((id) => edge(id, 'p'))),
  });
  const batch = ids.map((id) => news(edge(id, 'p')));
  expect(await queue.run(arrive, {}, batch)).toEqual(ids.map(() => 'accepted'));
  expect(await queue.state()).toMatchObject({ waiting: ids, wake: ['1'] });
});

test('strange ids are ids', async () => {
  const strange = ['0', '1e3', '__proto__', 'two words', 'two', 'a:b', 'ü€😀'];
  const queue = await server.queue();
  const edges = strange.map((id) => edge(id, id));
  await queue.redis.hset(queue.keys.jobs, ...strange.flatMap((id) => [id, '[]']));
  await queue.redis.zadd(queue.keys.deferred, ...strange.flatMap((id) => [1, id]));
  await queue.redis.zadd(
    queue.keys.awaiting,
    ...edges.flatMap((text, i) => [0, `${strange[i]}\t${text}`]),
  );
  const words = await queue.run(
    arrive,
    {},
    edges.map((text) => news(text)),
  );
  expect(words).toEqual(strange.map(() => 'accepted'));
  const options = { prefix: queue.prefix };
  expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  expect(await queue.redis.lrange(queue.keys.waiting, 0, -1)).toEqual(strange);
});

describe('parents', () => {
  test('tells what has arrived, and which edges are open', async () => {
    const state: State = { ...before, outcomes: { a: 'q\to\tfailed\t\n' } };
    const queue = await server.queue(state);
    expect(await queue.run(parents, { id: 'a' })).toEqual({
      outcomes: 'q\to\tfailed\t\n',
      edges: [ap, ar],
    });
    expect(await queue.run(parents, { id: 'b' })).toEqual({ outcomes: '', edges: [bp] });
    expect(await queue.run(parents, { id: 'zz' })).toEqual({ outcomes: '', edges: [] });
    expect(await queue.state()).toEqual(expected(state));
  });
});
