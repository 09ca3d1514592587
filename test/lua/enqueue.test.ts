import { describe, expect, test } from 'vitest';
import { enqueue } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:enqueue', number: 7, schema: 1, distinct: 0 };
const lifo = '{"lifo":true}';
const job = (id: string, traits = '') => ({ id, record: `["${id}"]`, traits });

const one: State = {
  meta: { schema: 1 },
  jobs: { old: '["old"]' },
  waiting: ['old'],
  wake: ['1'],
};

test.each([0, 1])(
  'jobs are stored and wait at the tail, in order, and the marker is set (distinct: %i)',
  async (distinct) => {
    const queue = await server.queue();
    const words = await queue.run(enqueue, { ...args, distinct }, [job('a'), job('b')]);
    expect(words).toEqual(['added', 'added']);
    expect(await queue.state()).toEqual({
      meta: { schema: '1' },
      jobs: { a: '["a"]', b: '["b"]' },
      waiting: ['a', 'b'],
      calls: { 'p:enqueue': distinct ? '7 now added' : '7 now added added' },
      wake: ['1'],
    });
  },
);

test('of distinct ids, too, those that exist add nothing', async () => {
  const queue = await server.queue(one);
  const words = await queue.run(enqueue, { ...args, distinct: 1 }, [
    job('a'),
    job('old'),
    job('b'),
  ]);
  expect(words).toEqual(['added', 'duplicate', 'added']);
  expect(await queue.state()).toMatchObject({
    jobs: { old: '["old"]', a: '["a"]', b: '["b"]' },
    waiting: ['old', 'a', 'b'],
  });
});

test('lifo jobs go to the head, the last first, and the marker is not doubled', async () => {
  const queue = await server.queue(one);
  const words = await queue.run(enqueue, args, [job('a', lifo), job('b'), job('c', lifo)]);
  expect(words).toEqual(['added', 'added', 'added']);
  expect(await queue.state()).toEqual(
    expected(one, {
      jobs: { old: '["old"]', a: '["a"]', b: '["b"]', c: '["c"]' },
      traits: { a: lifo, c: lifo },
      waiting: ['c', 'a', 'old', 'b'],
      calls: { 'p:enqueue': '7 now added added added' },
    }),
  );
});

test.each<[string, State]>([
  ['waiting', { waiting: ['a'] }],
  ['waiting, and has no traits while others have', { waiting: ['a'], traits: { x: lifo } }],
  ['a suspect', { suspects: { a: 'now' } }],
  ['delayed', { delayed: { a: 'now+60000' } }],
  ['active', { active: { a: 'L:5' }, held: { L: 1 }, leases: { L: 'now+30000' } }],
  ['completed', { completed: { a: 'now' }, results: { a: '{}' } }],
  ['failed', { failed: { a: 'now' }, results: { a: '{}' } }],
  ['known by its traits', { traits: { a: '{"size":5000}' } }],
])('an id that is %s adds nothing', async (_, where) => {
  const before: State = { meta: { schema: 1 }, jobs: { a: '["first"]' }, ...where };
  const queue = await server.queue(before);
  expect(await queue.run(enqueue, args, [job('a', lifo)])).toEqual(['duplicate']);
  expect(await queue.state()).toEqual(
    expected(before, { calls: { 'p:enqueue': '7 now duplicate' } }),
  );
});

test('an id that comes twice in a batch is added once, with its first record', async () => {
  const queue = await server.queue();
  const items = [job('a'), { ...job('a', lifo), record: '["second"]' }, job('b')];
  expect(await queue.run(enqueue, args, items)).toEqual(['added', 'duplicate', 'added']);
  expect(await queue.state()).toEqual({
    meta: { schema: '1' },
    jobs: { a: '["a"]', b: '["b"]' },
    waiting: ['a', 'b'],
    calls: { 'p:enqueue': '7 now added duplicate added' },
    wake: ['1'],
  });
});

test('an id that was removed is added anew; its tombstone stays for its old entry', async () => {
  const before: State = { ...one, waiting: ['a', 'old'], tombstones: { a: 1 } };
  const queue = await server.queue(before);
  expect(await queue.run(enqueue, args, [job('a')])).toEqual(['added']);
  expect(await queue.state()).toMatchObject({ waiting: ['a', 'old', 'a'], tombstones: { a: '1' } });
});

test('256 jobs are one call', async () => {
  const items = Array.from({ length: 256 }, (_, i) => job(`job${i}`, i % 2 ? lifo : ''));
  const queue = await server.queue();
  expect(await queue.run(enqueue, args, items)).toEqual(items.map(() => 'added'));
  expect(await queue.redis.llen(queue.keys.waiting)).toBe(256);
});

describe('versions', () => {
  test('an outdated caller is refused whole', async () => {
    const before: State = { meta: { schema: 2 } };
    const queue = await server.queue(before);
    expect(await queue.run(enqueue, args, [job('a')])).toBe('outdated');
    expect(await queue.state()).toEqual(expected(before));
  });

  test('a newer caller raises the version', async () => {
    const queue = await server.queue(one);
    await queue.run(enqueue, { ...args, schema: 2 }, [job('a')]);
    expect(await queue.state()).toHaveProperty('meta', { schema: '2' });
  });
});

testNumbered(server, enqueue, one, args, [job('a'), job('old')], 'stale');

test('a repeated add is not done again though its job has completed and gone', async () => {
  const queue = await server.queue();
  await queue.run(enqueue, args, [job('a')]);
  await queue.redis.del(queue.keys.jobs, queue.keys.waiting, queue.keys.wake);
  expect(await queue.run(enqueue, args, [job('a')])).toEqual(['added']);
  expect(await queue.state()).toEqual({
    meta: { schema: '1' },
    calls: { 'p:enqueue': '7 now added' },
  });
});

test('a ttl begins when the job is added, not when its id is added again', async () => {
  const queue = await server.queue(one);
  const ttl = '{"ttl":60000}';
  await queue.run(enqueue, args, [
    job('a', ttl),
    job('a', '{"ttl":10000}'),
    job('old', ttl),
    job('b'),
  ]);
  expect(await queue.state()).toMatchObject({
    traits: { a: '{"ends":now+60000}' },
    waiting: ['old', 'a', 'b'],
  });
  expect(await queue.state()).toHaveProperty('expiring', { a: 'now+60000' });
});

test('strange ids are ids', async () => {
  const strange = ['0', '1e3', '__proto__', 'two words', 'a:b', 'ü€😀'];
  const queue = await server.queue();
  const items = strange.map((id) => job(id, '{"ttl":60000}'));
  expect(await queue.run(enqueue, args, items)).toEqual(strange.map(() => 'added'));
  expect(await queue.redis.lrange(queue.keys.waiting, 0, -1)).toEqual(strange);
  expect(await queue.redis.zrange(queue.keys.expiring, '0', '-1')).toEqual(strange.toSorted());
});

test('a job that others of its call depend on is watched from the start', async () => {
  const queue = await server.queue();
  const parent = { id: 'p', record: '["p"]', traits: '{"parent":true}' };
  await queue.run(enqueue, { call: 'p:enqueue', number: 1, schema: 1, distinct: 1 }, [parent]);
  expect(await queue.state()).toMatchObject({ watched: { p: 'parent' } });
});
