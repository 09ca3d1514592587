import { expect, test } from 'vitest';
import { keep } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const before: State = { jobs: { a: '["a"]' }, waiting: ['a'] };
const lifetime = 60_000;

test('a stream of this length is kept for ever, whoever listens', async () => {
  const queue = await server.queue(before);
  await queue.redis.set(queue.keys.audience, '0', 'PX', 5_000);
  expect(await queue.run(keep, { length: 1_000, lifetime })).toBe('done');
  expect(await queue.state()).toEqual({ ...expected(before), audience: '1000' });
  expect(await queue.redis.pttl(queue.keys.audience)).toBe(-1);
});

test('another length: what was kept stays', async () => {
  const queue = await server.queue(before);
  await queue.redis.set(queue.keys.audience, '1000');
  await queue.redis.xadd(queue.keys.stream, '*', 'm', 'message');
  expect(await queue.run(keep, { length: 5, lifetime })).toBe('done');
  const after = { ...expected(before), audience: '5', stream: ['message'] };
  expect(await queue.state()).toEqual(after);
});

test('switched off: the stream goes, and who listens without one is told on', async () => {
  const queue = await server.queue(before);
  await queue.redis.set(queue.keys.audience, '1000');
  await queue.redis.xadd(queue.keys.stream, '*', 'm', 'message');
  for (let time = 0; time < 2; time += 1) {
    expect(await queue.run(keep, { length: 0, lifetime })).toBe('done');
    expect(await queue.state()).toEqual({ ...expected(before), audience: '0' });
    expect(await queue.redis.pttl(queue.keys.audience)).toBeGreaterThan(lifetime - 1_000);
  }
});

test('switched off where nothing was kept, it changes nothing', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(keep, { length: 0, lifetime })).toBe('done');
  expect(await queue.state()).toEqual(expected(before));
  await queue.redis.set(queue.keys.audience, '0', 'PX', 5_000);
  expect(await queue.run(keep, { length: 0, lifetime })).toBe('done');
  expect(await queue.redis.pttl(queue.keys.audience)).toBeLessThanOrEqual(5_000);
});
