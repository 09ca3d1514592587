import { expect, test } from 'vitest';
import { replay } from '../../src/scripts.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const limit = 100;

/** A queue whose stream has messages at these positions, and keeps this many. */
async function streaming(positions: readonly string[], length: number | string = 1_000) {
  const queue = await server.queue({ jobs: { a: '["a"]' } });
  await queue.redis.set(queue.keys.audience, length);
  for (const id of positions) await queue.redis.xadd(queue.keys.stream, id, 'm', `at ${id}`);
  return queue;
}

async function read(queue: Bench, after: string, most = limit) {
  const stored = await queue.stored();
  const { found, position, messages } = await queue.run(replay, { after, limit: most });
  expect(await queue.stored()).toEqual(stored);
  for (const message of messages) expect(message.text).toBe(`at ${message.position}`);
  return [found, position, ...messages.map((message) => message.position)];
}

test('messages behind a position, in order, as many as asked for, and where to go on', async () => {
  const queue = await streaming(['1-0', '1-1', '2-0', '3-0']);
  expect(await read(queue, '1-1')).toEqual(['page', '3-0', '2-0', '3-0']);
  expect(await read(queue, '1-0', 2)).toEqual(['page', '2-0', '1-1', '2-0']);
  expect(await read(queue, '3-0')).toEqual(['page', '3-0']);
  expect(await read(queue, '0', 1)).toEqual(['page', '1-0', '1-0']);
  expect(await read(queue, '$')).toEqual(['page', '3-0']);
});

test('a position between messages, or behind all of them, is one as well', async () => {
  const queue = await streaming(['5-0', '7-0']);
  expect(await read(queue, '6-0')).toEqual(['page', '7-0', '7-0']);
  expect(await read(queue, '6')).toEqual(['page', '7-0', '7-0']);
  expect(await read(queue, '9-0')).toEqual(['page', '9-0']);
});

test('a stream without messages yet: all that comes is behind its end', async () => {
  const queue = await streaming([]);
  expect(await read(queue, '$')).toEqual(['page', '0-0']);
  expect(await read(queue, '0')).toEqual(['page', '0-0']);
  expect(await read(queue, '0-0')).toEqual(['page', '0-0']);
  await queue.redis.xadd(queue.keys.stream, '5-0', 'm', 'at 5-0');
  expect(await read(queue, '0-0')).toEqual(['page', '5-0', '5-0']);
});

test('a position whose message was trimmed, and all at or before it: some may be missed', async () => {
  const queue = await streaming(['1-0', '2-0', '3-0', '4-0'], 2);
  await queue.redis.xtrim(queue.keys.stream, 'MAXLEN', 2);
  expect(await read(queue, '1-0')).toEqual(['missed', '4-0', '3-0', '4-0']);
  expect(await read(queue, '3-0')).toEqual(['page', '4-0', '4-0']);
  expect(await read(queue, '0-0')).toEqual(['missed', '4-0', '3-0', '4-0']);
  expect(await read(queue, '0')).toEqual(['page', '4-0', '3-0', '4-0']); // all that there are
});

test('a position in a stream that has gone since is told once', async () => {
  const queue = await streaming([]);
  expect(await read(queue, '8-0')).toEqual(['missed', '0-0']);
  expect(await read(queue, '0-0')).toEqual(['page', '0-0']);
});

test('a page ends once 256 KiB are read', async () => {
  const queue = await streaming([], 10);
  for (let at = 1; at <= 9; at += 1)
    await queue.redis.xadd(queue.keys.stream, `${at}-0`, 'm', 'x'.repeat(100_000));
  const page = await queue.run(replay, { after: '0', limit });
  expect(page.messages.map(({ position }) => position)).toEqual(['1-0', '2-0', '3-0']);
});

test.each(['', '0'])('no stream is kept (audience: %j)', async (audience) => {
  const queue = await server.queue({ jobs: { a: '["a"]' } });
  if (audience) await queue.redis.set(queue.keys.audience, audience);
  for (const after of ['0', '$', '5-0']) expect(await read(queue, after)).toEqual(['none', '']);
});
