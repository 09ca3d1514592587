import { expect, test } from 'vitest';
import { pause, resume } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:pause', number: 7 };
const calls = { 'p:pause': '7 now paused' };

test('the queue is paused since now, and nothing else changes', async () => {
  const before: State = {
    meta: { schema: 1 },
    jobs: { a: '["a"]', b: '["b"]' },
    waiting: ['a'],
    wake: ['1'],
    active: { b: 'L:5' },
    held: { L: 1 },
    leases: { L: 'now+30000' },
  };
  const queue = await server.queue(before);
  expect(await queue.run(pause, args)).toBe('paused');
  expect(await queue.state()).toEqual(
    expected(before, { calls, meta: { schema: 1, paused: 'now' } }),
  );
});

test('a paused queue stays paused since when it was', async () => {
  const before: State = { meta: { paused: 'now-60000' } };
  const queue = await server.queue(before);
  expect(await queue.run(pause, args)).toBe('paused');
  expect(await queue.state()).toEqual(expected(before, { calls }));
});

test('an old copy that comes after the queue was resumed does not stop it again', async () => {
  const queue = await server.queue({ meta: { schema: 1 }, waiting: ['a'], jobs: { a: '["a"]' } });
  await queue.run(pause, args);
  await queue.run(resume, { call: 'p:resume', number: 1 });
  expect(await queue.run(pause, args)).toBe('paused');
  expect(await queue.state()).toHaveProperty('meta', { schema: '1' });
});

testNumbered(server, pause, { meta: { schema: 1 } }, args, [], 'stale');
