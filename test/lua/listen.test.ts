import { expect, test } from 'vitest';
import { listen } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const before: State = { jobs: { a: '["a"]' }, waiting: ['a'] };
const lifetime = 60_000;

test('scripts publish from now on, for as long as was said', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(listen, { lifetime })).toBe('fresh');
  expect(await queue.state()).toEqual({ ...expected(before), audience: '0' });
  const left = await queue.redis.pttl(queue.keys.audience);
  expect(left).toBeGreaterThan(lifetime - 1_000);
  expect(left).toBeLessThanOrEqual(lifetime);
});

test('said again, it lasts longer, and whoever says it hears that nothing was missed', async () => {
  const queue = await server.queue(before);
  await queue.redis.set(queue.keys.audience, '0', 'PX', 5_000);
  expect(await queue.run(listen, { lifetime })).toBe('kept');
  expect(await queue.state()).toEqual({ ...expected(before), audience: '0' });
  expect(await queue.redis.pttl(queue.keys.audience)).toBeGreaterThan(lifetime - 1_000);
});

test('while a stream is kept there is nothing to renew', async () => {
  const queue = await server.queue(before);
  await queue.redis.set(queue.keys.audience, '1000');
  expect(await queue.run(listen, { lifetime })).toBe('kept');
  expect(await queue.state()).toEqual({ ...expected(before), audience: '1000' });
  expect(await queue.redis.pttl(queue.keys.audience)).toBe(-1);
});
