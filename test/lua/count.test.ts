import { expect, test } from 'vitest';
import { count, states } from '../../src/scripts.js';
import { expected } from '../helpers/keyspace.js';
import { bitOfEverything } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('tells how many jobs are in each state; suspects and the late wait, void entries do not count', async () => {
  const queue = await server.queue(bitOfEverything);
  const counts = {
    waiting: 5,
    delayed: 4,
    deferred: 2,
    active: 6,
    completed: 3,
    failed: 2,
    cancelled: 1,
  };
  expect(await queue.run(count, {})).toEqual(counts);
  expect(await queue.state()).toEqual(expected(bitOfEverything));
});

test('an empty queue has none', async () => {
  const queue = await server.queue();
  const counts = Object.fromEntries(states.map((state) => [state, 0]));
  expect(await queue.run(count, {})).toEqual(counts);
});
