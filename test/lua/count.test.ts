import { expect, test } from 'vitest';
import { count } from '../../src/scripts.js';
import { expected } from '../helpers/keyspace.js';
import { bitOfEverything } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('tells how many jobs are in each state; suspects wait, void entries do not count', async () => {
  const queue = await server.queue(bitOfEverything);
  const counts = { waiting: 3, delayed: 2, active: 4, completed: 1, failed: 1 };
  expect(await queue.run(count, {})).toEqual(counts);
  expect(await queue.state()).toEqual(expected(bitOfEverything));
});

test('an empty queue has none', async () => {
  const queue = await server.queue();
  const counts = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0 };
  expect(await queue.run(count, {})).toEqual(counts);
});
