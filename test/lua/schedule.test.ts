import { describe, expect, test } from 'vitest';
import { schedule } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:schedule', number: 7, schema: 1 };
const job = (id: string, delay: number, traits = '') => ({
  id,
  record: `["${id}"]`,
  traits,
  delay,
});

const one: State = {
  meta: { schema: 1 },
  jobs: { old: '["old"]' },
  delayed: { old: 'now+50000' },
};

test('jobs become due after their delay', async () => {
  const queue = await server.queue();
  const words = await queue.run(schedule, args, [job('a', 20_000, '{"lifo":true}'), job('b', 0)]);
  expect(words).toEqual(['added', 'added']);
  expect(await queue.state()).toEqual({
    meta: { schema: '1' },
    jobs: { a: '["a"]', b: '["b"]' },
    traits: { a: '{"lifo":true}' },
    delayed: { b: 'now', a: 'now+20000' },
    calls: { 'p:schedule': '7 now added added' },
    wake: ['1'],
  });
});

test('due times keep all their digits', async () => {
  const queue = await server.queue();
  await queue.run(schedule, args, [job('a', 31_536_000_123)]);
  const due = Number(await queue.redis.zscore(queue.keys.delayed, 'a'));
  expect(due - queue.now - 31_536_000_123).toBeGreaterThanOrEqual(0);
  expect(due - queue.now - 31_536_000_123).toBeLessThan(5_000);
});

describe('the marker', () => {
  test('is set when a job becomes the earliest', async () => {
    const queue = await server.queue(one);
    await queue.run(schedule, args, [job('a', 60_000), job('b', 40_000)]);
    expect(await queue.state()).toMatchObject({
      delayed: { b: 'now+40000', old: 'now+50000', a: 'now+60000' },
      wake: ['1'],
    });
  });

  test('is not set when an earlier job is there', async () => {
    const queue = await server.queue(one);
    await queue.run(schedule, args, [job('a', 60_000)]);
    expect(await queue.state()).not.toHaveProperty('wake');
  });

  test('is not doubled', async () => {
    const queue = await server.queue({ ...one, wake: ['1'] });
    await queue.run(schedule, args, [job('a', 40_000)]);
    expect(await queue.state()).toHaveProperty('wake', ['1']);
  });
});

test.each<[string, State]>([
  ['waiting', { waiting: ['a'] }],
  ['delayed', { delayed: { a: 'now+60000' } }],
  ['active', { active: { a: 'L:5' }, held: { L: 1 }, leases: { L: 'now+30000' } }],
  ['completed', { completed: { a: 'now' }, results: { a: '{}' } }],
])('an id that is %s adds nothing, not even earlier', async (_, where) => {
  const before: State = { meta: { schema: 1 }, jobs: { a: '["first"]' }, ...where };
  const queue = await server.queue(before);
  expect(await queue.run(schedule, args, [job('a', 10_000)])).toEqual(['duplicate']);
  expect(await queue.state()).toEqual(
    expected(before, { calls: { 'p:schedule': '7 now duplicate' } }),
  );
});

test('an id that comes twice in a batch is added once, with its first delay', async () => {
  const queue = await server.queue();
  const words = await queue.run(schedule, args, [job('a', 20_000), job('a', 10_000)]);
  expect(words).toEqual(['added', 'duplicate']);
  expect(await queue.state()).toHaveProperty('delayed', { a: 'now+20000' });
});

test('an id that was removed while it waited does not wait again', async () => {
  const before: State = { ...one, waiting: ['a'], tombstones: { a: 1 } };
  const queue = await server.queue(before);
  await queue.run(schedule, args, [job('a', 10_000)]);
  expect(await queue.state()).toMatchObject({
    waiting: ['a'],
    tombstones: { a: '1' },
    delayed: { a: 'now+10000', old: 'now+50000' },
  });
});

test('an outdated caller is refused whole', async () => {
  const before: State = { meta: { schema: 2 } };
  const queue = await server.queue(before);
  expect(await queue.run(schedule, args, [job('a', 10_000)])).toBe('outdated');
  expect(await queue.state()).toEqual(expected(before));
});

testNumbered(server, schedule, one, args, [job('a', 10_000), job('old', 10_000)], 'stale');

test('a ttl begins when the job is added, also when it ends before the job is due', async () => {
  const queue = await server.queue();
  const items = [job('a', 60_000, '{"ttl":20000}'), job('b', 10_000)];
  await queue.run(schedule, args, items);
  expect(await queue.state()).toMatchObject({ delayed: { a: 'now+60000', b: 'now+10000' } });
  expect(await queue.state()).toMatchObject({
    expiring: { a: 'now+20000' },
    traits: { a: '{"ends":now+20000}' },
  });
});
