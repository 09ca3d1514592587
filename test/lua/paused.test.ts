import { expect, test } from 'vitest';
import { paused } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('tells since when the queue is paused, and changes nothing', async () => {
  const before: State = { meta: { schema: 1, paused: 1_234_567 } };
  const queue = await server.queue(before);
  expect(await queue.run(paused, {})).toBe(1_234_567);
  expect(await queue.state()).toEqual(expected(before));
});

test('tells nothing of a queue that is not paused, or not there', async () => {
  const queue = await server.queue({ meta: { schema: 1 } });
  expect(await queue.run(paused, {})).toBeUndefined();
  expect(await (await server.queue()).run(paused, {})).toBeUndefined();
});
