import { describe, expect, test } from 'vitest';
import { retry } from '../../src/scripts.js';
import { testAskedStays, testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]', d: '["d"]' },
  attempts: { a: 1 },
  failures: { a: '{"failedReason":"first"}\n' },
  active: { a: 'L:8', b: 'L:9' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
  waiting: ['c'],
  delayed: { d: 'now+50000' },
};
const failure = '{"failedReason":"second"}';
const a = { id: 'a', token: 'L:8', attempts: 2, delay: 60_000, failure };
const b = { id: 'b', token: 'L:9', attempts: 1, delay: 0, failure };
const failures = { a: `${failure}\n{"failedReason":"first"}\n` };

test('a job with a delay becomes delayed', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(retry, {}, [a])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: { b: 'L:9' },
      held: { L: 1 },
      delayed: { d: 'now+50000', a: 'now+60000' },
      attempts: { a: 2 },
      failures,
    }),
  );
});

test('a job without a delay waits at the tail, and the marker is set', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(retry, {}, [b])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: { a: 'L:8' },
      held: { L: 1 },
      waiting: ['c', 'b'],
      attempts: { a: 1, b: 1 },
      failures: { a: '{"failedReason":"first"}\n', b: `${failure}\n` },
      wake: ['1'],
    }),
  );
});

test('a job that has started has no ttl any more', async () => {
  const traits = { a: '{"ends":now+60000}', b: '{"ends":now+60000,"lifo":true}' };
  const queue = await server.queue({ ...before, traits });
  await queue.run(retry, {}, [a, b]);
  expect(await queue.state()).toMatchObject({
    traits: { b: '{"lifo":true}' },
    waiting: ['b', 'c'],
  });
});

test('a lifo job without a delay waits at the head', async () => {
  const queue = await server.queue({ ...before, traits: { b: '{"lifo":true}' } });
  await queue.run(retry, {}, [b]);
  expect(await queue.state()).toHaveProperty('waiting', ['b', 'c']);
});

test('a batch may mix both', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(retry, {}, [a, b])).toEqual(['settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: undefined,
      held: undefined,
      waiting: ['c', 'b'],
      delayed: { d: 'now+50000', a: 'now+60000' },
      attempts: { a: 2, b: 1 },
      failures: { ...failures, b: `${failure}\n` },
      wake: ['1'],
    }),
  );
});

describe('the marker', () => {
  test('is set when the job becomes the earliest', async () => {
    const queue = await server.queue(before);
    await queue.run(retry, {}, [{ ...a, delay: 10_000 }]);
    expect(await queue.state()).toHaveProperty('wake', ['1']);
  });

  test('is not doubled', async () => {
    const queue = await server.queue({ ...before, wake: ['1'] });
    await queue.run(retry, {}, [{ ...a, delay: 10_000 }, b]);
    expect(await queue.state()).toHaveProperty('wake', ['1']);
  });
});

testSettle(server, retry, {}, { attempts: 1, delay: 20_000, failure });
testAskedStays(server, retry, {}, { attempts: 1, delay: 20_000, failure });
