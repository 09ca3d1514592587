import { expect, test } from 'vitest';
import { nouns } from '../../src/keys.js';
import { obliterate } from '../../src/scripts.js';
import { expected } from '../helpers/keyspace.js';
import { bitOfEverything } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('a queue with active jobs stays as it is', async () => {
  const queue = await server.queue(bitOfEverything);
  expect(await queue.run(obliterate, { force: 0 })).toBe('active');
  expect(await queue.state()).toEqual(expected(bitOfEverything));
});

test('by force every key goes, and those of other queues stay', async () => {
  const other = await server.queue(bitOfEverything);
  const queue = await server.queue({ ...bitOfEverything, wake: ['1'] });
  // Channels are no keys; nobody listens.
  const others = new Set<string>(['events', 'audience', 'stream']);
  const keys = nouns.filter((noun) => !others.has(noun));
  expect(Object.keys(await queue.state()).toSorted()).toEqual(keys.toSorted());
  expect(await queue.run(obliterate, { force: 1 })).toBe('gone');
  expect(await queue.state()).toEqual({});
  expect(await other.state()).toEqual(expected(bitOfEverything));
});

test('a queue without active jobs goes', async () => {
  const queue = await server.queue({ ...bitOfEverything, active: {}, held: {}, stopping: {} });
  expect(await queue.run(obliterate, { force: 0 })).toBe('gone');
  expect(await queue.run(obliterate, { force: 0 })).toBe('gone');
  expect(await queue.state()).toEqual({});
});
