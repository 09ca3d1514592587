import { expect, test } from 'vitest';
import { reread } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const big = 'x'.repeat(100_000);
const size = '{"size":100000}';

const before: State = {
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]', d: '["d"]' },
  attempts: { a: 2 },
  stalls: { b: 1 },
  active: { a: 'L:8', b: 'L:8', c: 'L:9' },
};
const row = (id: string, record: string | undefined, attempts = 0, losses = 0) => ({
  id,
  record,
  attempts,
  losses,
  suspect: losses > 0,
});

test('tells records, attempts and losses, and changes nothing', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(reread, { token: 'L:8' }, [{ id: 'b' }, { id: 'a' }])).toEqual([
    row('b', '["b"]', 0, 1),
    row('a', '["a"]', 2),
  ]);
  expect(await queue.state()).toEqual(expected(before));
});

test('leaves out what is no longer held under the token', async () => {
  const queue = await server.queue(before);
  const ids = ['c', 'a', 'd', 'unknown'].map((id) => ({ id }));
  expect(await queue.run(reread, { token: 'L:8' }, ids)).toEqual([row('a', '["a"]', 2)]);
  expect(await queue.run(reread, { token: 'X:1' }, ids)).toEqual([]);
});

test('reads 256 KiB, and the rest in the next calls', async () => {
  const ids = ['a', 'b', 'c'];
  const queue = await server.queue({
    jobs: Object.fromEntries(ids.map((id) => [id, big])),
    traits: Object.fromEntries(ids.map((id) => [id, size])),
    active: Object.fromEntries(ids.map((id) => [id, 'L:8'])),
  });
  const items = ids.map((id) => ({ id }));
  expect(await queue.run(reread, { token: 'L:8' }, items)).toEqual([
    row('a', big),
    row('b', big),
    row('c', undefined),
  ]);
  expect(await queue.run(reread, { token: 'L:8' }, [{ id: 'c' }])).toEqual([row('c', big)]);
});

test('always reads the first, however large', async () => {
  const queue = await server.queue({
    jobs: { a: '["large"]', b: '["b"]' },
    traits: { a: '{"size":1000000}' },
    active: { a: 'L:8', b: 'L:8' },
  });
  expect(await queue.run(reread, { token: 'L:8' }, [{ id: 'a' }, { id: 'b' }])).toEqual([
    row('a', '["large"]'),
    row('b', undefined),
  ]);
});

test('a job that was asked to stop is still held under its token', async () => {
  const state = { ...before, active: { a: 'L:8!cancel', c: 'L:80!cancel' } };
  const queue = await server.queue(state);
  const items = [{ id: 'a' }, { id: 'c' }];
  expect(await queue.run(reread, { token: 'L:8' }, items)).toEqual([row('a', '["a"]', 2)]);
  expect(await queue.run(reread, { token: 'L:8!cancel' }, items)).toEqual([]);
});
