import { expect, test } from 'vitest';
import { arrive, recheck } from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, manyOpen, open, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { limit: 100 };

const ap = edge('a', 'p');
const ar = edge('a', 'r/p', 'wait');
const bp = edge('b', 'p');
const before: State = {
  jobs: { a: '["a"]', b: '["b"]', aa: '["aa"]' },
  deferred: { a: 'now-10000', b: 'now+60000', aa: 'now+60000' },
  awaiting: open(ap, ar, bp, edge('aa', 'p')),
};

test('tells the edges of children that are due, and when the next check is; nothing else changes', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(recheck, args)).toEqual([ap, ar]);
  expect(await queue.state()).toEqual(
    expected(before, { deferred: { a: 'now+10000', b: 'now+60000', aa: 'now+60000' } }),
  );
  expect(await queue.run(recheck, args)).toEqual([]);
});

test('checks follow ever more seldom: 5 s at first, doubling, each 10 min in the end', async () => {
  const queue = await server.queue(before);
  const waits: number[] = [];
  for (let check = 0; check < 9; check += 1) {
    const score = Number(await queue.redis.zscore(queue.keys.deferred, 'a'));
    // The time comes; how often it was checked is in the eighths.
    await queue.redis.zadd(queue.keys.deferred, queue.now - 10_000 + (score % 1), 'a');
    expect(await queue.run(recheck, args)).toEqual([ap, ar]);
    const next = Number(await queue.redis.zscore(queue.keys.deferred, 'a'));
    waits.push(Math.floor((next - queue.now) / 5_000) * 5);
    const options = { prefix: queue.prefix };
    expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600]);
});

test('a child that was checked often still leaves with its last edge', async () => {
  const queue = await server.queue({ ...before, deferred: { ...before.deferred, b: 1.875 } });
  await queue.run(recheck, args);
  const news = { edge: bp, word: 'completed', text: '' } as const;
  expect(await queue.run(arrive, {}, [news])).toEqual(['accepted']);
  expect(await queue.state()).toMatchObject({ waiting: ['b'] });
  expect(await queue.redis.zscore(queue.keys.deferred, 'b')).toBeNull();
});

test('the longest unheard are checked first, so many a call', async () => {
  const ids = Array.from({ length: 150 }, (_, i) => `job${i}`);
  const queue = await server.queue({
    jobs: Object.fromEntries(ids.map((id) => [id, '[]'])),
    deferred: Object.fromEntries(ids.map((id, i) => [id, i + 1])),
    awaiting: open(...ids.map((id) => edge(id, 'p'))),
  });
  const first = await queue.run(recheck, args);
  expect(first).toEqual(ids.slice(0, 100).map((id) => edge(id, 'p')));
  expect(await queue.run(recheck, args)).toHaveLength(50);
  expect(await queue.run(recheck, args)).toEqual([]);
});

test('a call tells 1,000 edges and those of one child at most', async () => {
  const ids = ['a', 'b', 'c'];
  const queue = await server.queue({
    jobs: Object.fromEntries(ids.map((id) => [id, '[]'])),
    deferred: { a: 1, b: 2, c: 3 },
    awaiting: { ...manyOpen('a', 600), ...manyOpen('b', 600), ...manyOpen('c', 600) },
  });
  expect(await queue.run(recheck, args)).toHaveLength(1_200);
  expect(await queue.state()).toMatchObject({ deferred: { c: 3 } });
  expect(await queue.run(recheck, args)).toHaveLength(600);
});
