import { expect, test } from 'vitest';
import { tidy } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { cursor: '0', age: 60_000 };

test('callers that were silent for long are forgotten; others, and other keys, stay', async () => {
  const before: State = {
    jobs: { a: '["a"]' },
    calls: {
      'p:enqueue': '12 now-70000 added',
      'q:enqueue': '3 now-50000 added added',
      'L:claim': '4 now claimed\nL:5\na',
      'M:claim': '4 now-90000 claimed\nM:5\n99999999999999',
    },
  };
  const queue = await server.queue(before);
  expect(await queue.run(tidy, args)).toBe('0');
  expect(await queue.state()).toEqual(
    expected(before, {
      calls: { 'q:enqueue': '3 now-50000 added added', 'L:claim': '4 now claimed\nL:5\na' },
    }),
  );
});

test('many callers are forgotten in bounded steps', async () => {
  const rows = Array.from({ length: 2_000 }, (_, i) => [`p${i}:enqueue`, '1 now-70000 added']);
  const calls = Object.fromEntries(rows) as Record<string, string>;
  const queue = await server.queue({ calls: { ...calls, 'q:enqueue': '1 now added' } });
  let steps = 0;
  let cursor = '0';
  do {
    cursor = await queue.run(tidy, { ...args, cursor });
    steps += 1;
  } while (cursor !== '0');
  expect(steps).toBeGreaterThan(10);
  expect(await queue.state()).toEqual({ calls: { 'q:enqueue': '1 now added' } });
});

test('a queue without callers is tidy', async () => {
  const queue = await server.queue();
  expect(await queue.run(tidy, args)).toBe('0');
  expect(await queue.state()).toEqual({});
});
