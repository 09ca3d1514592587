import { expect, test } from 'vitest';
import { nouns } from '../../src/keys.js';
import { enqueue, obliterate, stamp } from '../../src/scripts.js';
import { expected } from '../helpers/keyspace.js';
import { bitOfEverything } from '../helpers/scenarios.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:obliterate', number: 1, stamp: '5' };
const idle = { ...bitOfEverything, active: {}, held: {}, stopping: {} };
const refused = { calls: { ...bitOfEverything.calls, 'p:obliterate': '1 now active' } };

async function add(queue: Bench): Promise<void> {
  const numbered = { call: 'p:enqueue', number: 2, schema: 1, distinct: 1 as const };
  await queue.run(enqueue, numbered, [{ id: 'n', record: '["n"]', traits: '' }]);
}

test('a queue with active jobs stays as it is', async () => {
  const queue = await server.queue(bitOfEverything);
  expect(await queue.run(obliterate, { ...args, force: 0 })).toBe('active');
  expect(await queue.state()).toEqual(expected(bitOfEverything, refused));
});

test('by force every key goes, and those of other queues stay', async () => {
  const other = await server.queue(bitOfEverything);
  const queue = await server.queue({ ...bitOfEverything, wake: ['1'] });
  // Channels are no keys; nobody listens.
  const others = new Set<string>(['events', 'audience', 'stream']);
  const keys = nouns.filter((noun) => !others.has(noun));
  expect(Object.keys(await queue.state()).toSorted()).toEqual(keys.toSorted());
  expect(await queue.run(obliterate, { ...args, force: 1 })).toBe('gone');
  expect(await queue.state()).toEqual({});
  expect(await other.state()).toEqual(expected(bitOfEverything));
});

test('a queue without active jobs goes', async () => {
  const queue = await server.queue(idle);
  expect(await queue.run(obliterate, { ...args, force: 0 })).toBe('gone');
  expect(await queue.run(obliterate, { ...args, force: 0 })).toBe('gone');
  expect(await queue.state()).toEqual({});
});

test('keys of a queue without metadata go', async () => {
  const queue = await server.queue({ counters: { total: '29000000 5 4 3' } });
  expect(await queue.run(stamp, {})).toBe('');
  expect(await queue.run(obliterate, { ...args, stamp: '', force: 0 })).toBe('gone');
  expect(await queue.state()).toEqual({});
});

test('a late copy of a call that was refused is refused when no job is active any more', async () => {
  const queue = await server.queue({ ...idle, ...refused });
  expect(await queue.run(obliterate, { ...args, force: 0 })).toBe('active');
  expect(await queue.state()).toEqual(expected(idle, refused));
});

test.each([
  ['that was stamped', '5'],
  ['that was not there', ''],
])('a late copy for a queue %s takes none that was begun since', async (_, given) => {
  const queue = await server.queue(given === '' ? {} : idle);
  expect(await queue.run(obliterate, { ...args, stamp: given, force: 1 })).toBe('gone');
  await add(queue);
  const before = await queue.state();
  expect(await queue.run(obliterate, { ...args, stamp: given, force: 1 })).toBe('gone');
  expect(await queue.state()).toEqual(before);
  expect(await queue.run(stamp, {})).not.toBe(given);
  const after = await queue.state();
  expect(await queue.run(obliterate, { ...args, stamp: given, force: 1 })).toBe('gone');
  expect(await queue.state()).toEqual(after);
});
