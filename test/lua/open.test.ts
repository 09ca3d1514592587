import { expect, test } from 'vitest';
import { open } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { lease: 'L', period: 30_000, schema: 1 };

test('a lease is born with its deadline, and the queue with its schema version', async () => {
  const queue = await server.queue();
  expect(await queue.run(open, args)).toBe('opened');
  expect(await queue.state()).toEqual({ leases: { L: 'now+30000' }, meta: { schema: '1' } });
});

test('other leases stay as they are', async () => {
  const before: State = { meta: { schema: 1 }, leases: { M: 'now+10000', D: 0 } };
  const queue = await server.queue(before);
  expect(await queue.run(open, args)).toBe('opened');
  expect(await queue.state()).toEqual(
    expected(before, { leases: { M: 'now+10000', D: 0, L: 'now+30000' } }),
  );
});

test.each([
  ['live', 'now+10000'],
  ['expired', 'now-10000'],
  ['dead', 0],
])('an id is refused while its lease is %s, and nothing changes', async (_, deadline) => {
  const before: State = { meta: { schema: 1 }, leases: { L: deadline } };
  const queue = await server.queue(before);
  expect(await queue.run(open, args)).toBe('used');
  expect(await queue.state()).toEqual(expected(before));
});

test('the same call sent twice keeps the lease of the first', async () => {
  const queue = await server.queue();
  await queue.run(open, args);
  const after = await queue.stored();
  expect(await queue.run(open, args)).toBe('used');
  expect(await queue.stored()).toEqual(after);
});

test('an older schema version is raised to that of the caller', async () => {
  const queue = await server.queue({ meta: { schema: 1 } });
  expect(await queue.run(open, { ...args, schema: 2 })).toBe('opened');
  expect(await queue.state()).toHaveProperty('meta', { schema: '2' });
});

test('an outdated caller is refused, and nothing changes', async () => {
  const queue = await server.queue({ meta: { schema: 2 } });
  expect(await queue.run(open, args)).toBe('outdated');
  expect(await queue.state()).toEqual({ meta: { schema: '2' } });
});
