import { expect, test } from 'vitest';
import { tidy } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { age: 60_000 };

/** How many samples it takes until nothing is left to forget. */
async function samples(queue: Awaited<ReturnType<typeof server.queue>>): Promise<number> {
  let count = 1;
  while ((await queue.run(tidy, args)) > 0) count += 1;
  return count;
}

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
  expect(await queue.run(tidy, args)).toBe(2);
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
  expect(await samples(queue)).toBeGreaterThan(20);
  expect(await queue.state()).toEqual({ calls: { 'q:enqueue': '1 now added' } });
});

test('workers that have gone for long are forgotten; the row of one that lives may be old', async () => {
  const before: State = {
    leases: { alive: 'now+30000', dead: 0 },
    held: { dead: 1 },
    workers: {
      alive: 'now-70000 {"pid":1}',
      dead: 'now-70000 {"pid":2}',
      gone: 'now-70000 {"pid":3}',
      late: 'now-50000 {"pid":4}',
    },
  };
  const queue = await server.queue(before);
  expect(await queue.run(tidy, args)).toBe(1);
  const { gone: _, ...workers } = before.workers as Record<string, string>;
  expect(await queue.state()).toEqual(expected(before, { workers }));
});

test('many workers are forgotten in bounded steps', async () => {
  const row = `now-70000 ${JSON.stringify({ host: 'h'.repeat(100) })}`;
  const rows = Array.from({ length: 1_500 }, (_, i) => [`L${i}`, row]);
  const queue = await server.queue({ workers: Object.fromEntries(rows) as Record<string, string> });
  expect(await samples(queue)).toBeGreaterThan(15);
  expect(await queue.state()).toEqual({});
});

test('a queue without callers is tidy', async () => {
  const queue = await server.queue();
  expect(await queue.run(tidy, args)).toBe(0);
  expect(await queue.state()).toEqual({});
});

test('rows that nobody can read go, and keep none from being forgotten', async () => {
  const queue = await server.queue({
    calls: { odd: 'odd', 'p:enqueue': '12 now-70000 added' },
    workers: { odd: 'odd', gone: 'now-70000 {}' },
  });
  expect(await queue.run(tidy, args)).toBe(4);
  expect(await queue.state()).toEqual({});
});
