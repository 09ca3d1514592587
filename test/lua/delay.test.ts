import { describe, expect, test } from 'vitest';
import { delay } from '../../src/scripts.js';
import { testAskedStays, testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]', d: '["d"]' },
  attempts: { a: 1 },
  failures: { a: '{}\n' },
  stalls: { b: 1 },
  active: { a: 'L:8', b: 'L:9' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
  waiting: ['c'],
  delayed: { d: 'now+50000' },
};
const a = { id: 'a', token: 'L:8', delay: 60_000 };
const b = { id: 'b', token: 'L:9', delay: 0 };

test('a job that is put off becomes delayed, no attempt burnt; without a delay it waits', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(delay, {}, [a, b])).toEqual(['settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: undefined,
      held: undefined,
      waiting: ['c', 'b'],
      delayed: { d: 'now+50000', a: 'now+60000' },
      wake: ['1'],
    }),
  );
});

test('a job that has started has no ttl any more', async () => {
  const traits = { a: '{"ends":now+60000}', b: '{"ends":now+60000,"lifo":true}' };
  const queue = await server.queue({ ...before, traits });
  await queue.run(delay, {}, [a, b]);
  expect(await queue.state()).toMatchObject({
    traits: { b: '{"lifo":true}' },
    waiting: ['b', 'c'],
  });
});

test('a lifo job without a delay waits at the head', async () => {
  const queue = await server.queue({ ...before, traits: { b: '{"lifo":true}' } });
  await queue.run(delay, {}, [b]);
  expect(await queue.state()).toHaveProperty('waiting', ['b', 'c']);
});

test('due times keep all their digits', async () => {
  const queue = await server.queue(before);
  await queue.run(delay, {}, [{ ...a, delay: 31_536_000_123 }]);
  const due = Number(await queue.redis.zscore(queue.keys.delayed, 'a'));
  expect(due - queue.now - 31_536_000_123).toBeGreaterThanOrEqual(0);
  expect(due - queue.now - 31_536_000_123).toBeLessThan(5_000);
});

describe('the marker', () => {
  test.each([
    ['is set when the job becomes the earliest', 10_000, true],
    ['is not set when an earlier job is there', 60_000, false],
  ])('%s', async (_, ms, marked) => {
    const queue = await server.queue(before);
    await queue.run(delay, {}, [{ ...a, delay: ms }]);
    expect('wake' in (await queue.state())).toBe(marked);
  });

  test('is not doubled', async () => {
    const queue = await server.queue({ ...before, wake: ['1'] });
    await queue.run(delay, {}, [{ ...a, delay: 10_000 }, b]);
    expect(await queue.state()).toHaveProperty('wake', ['1']);
  });
});

testSettle(server, delay, {}, { delay: 20_000 });
testAskedStays(server, delay, {}, { delay: 0 });
