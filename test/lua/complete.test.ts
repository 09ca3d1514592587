import { expect, test } from 'vitest';
import { complete } from '../../src/scripts.js';
import { testAskedEnds, testRetention, testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const keep = { age: '' };
const drop = { age: '0' };

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]' },
  traits: { a: '{"lifo":true}', b: '{"lifo":true}' },
  attempts: { a: 1, b: 1 },
  stalls: { a: 1, b: 1 },
  failures: { a: '{"failedReason":"x"}\n', b: '{"failedReason":"x"}\n' },
  active: { a: 'L:8', b: 'L:8', c: 'M:9' },
  held: { L: 2, M: 1 },
  leases: { L: 'now+30000', M: 'now+30000' },
};

test('a job that is kept enters completed with its outcome; its failures stay', async () => {
  const queue = await server.queue(before);
  const outcome = '{"returnvalue":{"deep":[1,2]},"processedOn":5}';
  const item = { id: 'a', token: 'L:8', outcome } as const;
  expect(await queue.run(complete, keep, [item])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: { b: 'L:8', c: 'M:9' },
      held: { L: 1, M: 1 },
      completed: { a: 'now' },
      results: { a: outcome },
    }),
  );
});

test('a job that is dropped leaves nothing', async () => {
  const queue = await server.queue(before);
  const item = { id: 'a', token: 'L:8', outcome: '' } as const;
  expect(await queue.run(complete, drop, [item])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      jobs: { b: '["b"]', c: '["c"]' },
      traits: { b: '{"lifo":true}' },
      attempts: { b: 1 },
      stalls: { b: 1 },
      failures: { b: '{"failedReason":"x"}\n' },
      active: { b: 'L:8', c: 'M:9' },
      held: { L: 1, M: 1 },
    }),
  );
});

test('a batch may mix leases; a lease that holds nothing more has no row', async () => {
  const queue = await server.queue(before);
  const words = await queue.run(complete, keep, [
    { id: 'a', token: 'L:8', outcome: '1' },
    { id: 'c', token: 'M:9', outcome: '' },
    { id: 'b', token: 'L:8', outcome: '2' },
  ]);
  expect(words).toEqual(['settled', 'settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: undefined,
      held: undefined,
      completed: { a: 'now', b: 'now', c: 'now' },
      results: { a: '1', b: '2', c: '' },
    }),
  );
});

test('256 jobs are one call', async () => {
  const ids = Array.from({ length: 256 }, (_, i) => `job${i}`);
  const queue = await server.queue({
    jobs: Object.fromEntries(ids.map((id) => [id, '[]'])),
    active: Object.fromEntries(ids.map((id) => [id, 'L:8'])),
    held: { L: 256 },
  });
  const items = ids.map((id) => ({
    id,
    token: 'L:8',
    outcome: '1',
  }));
  expect(await queue.run(complete, keep, items)).toEqual(ids.map(() => 'settled'));
  expect(Object.keys(await queue.state()).toSorted()).toEqual(['completed', 'jobs', 'results']);
});

testRetention(server, 'completed', 'completed', (queue, age, id) =>
  queue.run(complete, { age }, [{ id, token: 'L:8', outcome: '1' }]),
);

testSettle(server, complete, keep, { outcome: '{"returnvalue":1}' });
testAskedEnds(server, complete, keep, { outcome: '{"returnvalue":1}' });
