import { expect, test } from 'vitest';
import { pause } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

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
  expect(await queue.run(pause, {})).toBe('paused');
  expect(await queue.state()).toEqual(expected(before, { meta: { schema: 1, paused: 'now' } }));
});

test('a paused queue stays paused since when it was', async () => {
  const before: State = { meta: { paused: 'now-60000' } };
  const queue = await server.queue(before);
  expect(await queue.run(pause, {})).toBe('paused');
  expect(await queue.state()).toEqual(expected(before));
});
