import { expect, test } from 'vitest';
import { stamp } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('a queue has one from then on, and keeps it', async () => {
  const before: State = { meta: { schema: 1 }, jobs: { a: '["a"]' }, waiting: ['a'] };
  const queue = await server.queue(before);
  const given = await queue.run(stamp, {});
  expect(given).toMatch(/^\d{16}$/);
  expect(await queue.run(stamp, {})).toBe(given);
  const meta = { schema: 1, stamp: given };
  expect(await queue.stored()).toEqual(expected({ ...before, meta }));
});

test('a queue that is not there does not begin', async () => {
  const queue = await server.queue();
  expect(await queue.run(stamp, {})).toBe('');
  expect(await queue.state()).toEqual({});
});

test('queues that were begun one after the other have different ones', async () => {
  const queue = await server.queue({ meta: { schema: 1 } });
  const first = await queue.run(stamp, {});
  await queue.redis.del(queue.keys.meta);
  await queue.redis.hset(queue.keys.meta, 'schema', 1);
  expect(await queue.run(stamp, {})).not.toBe(first);
});
