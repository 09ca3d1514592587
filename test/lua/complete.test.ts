import { expect, test } from 'vitest';
import { complete } from '../../src/scripts.js';
import { testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]' },
  traits: { a: '{"lifo":true}', b: '{"lifo":true}' },
  attempts: { a: 1, b: 1 },
  stalls: { a: 1, b: 1 },
  results: { a: '{"failedReason":"x"}', b: '{"failedReason":"x"}' },
  active: { a: 'L:8', b: 'L:8', c: 'M:9' },
  held: { L: 2, M: 1 },
  leases: { L: 'now+30000', M: 'now+30000' },
};

test('a job that is kept enters completed with its outcome in the place of its failures', async () => {
  const queue = await server.queue(before);
  const outcome = '{"returnvalue":{"deep":[1,2]},"processedOn":5}';
  const item = { id: 'a', token: 'L:8', outcome } as const;
  expect(await queue.run(complete, {}, [item])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: { b: 'L:8', c: 'M:9' },
      held: { L: 1, M: 1 },
      completed: { a: 'now' },
      results: { a: outcome, b: '{"failedReason":"x"}' },
    }),
  );
});

test('a job that is dropped leaves nothing', async () => {
  const queue = await server.queue(before);
  const item = { id: 'a', token: 'L:8', outcome: '' } as const;
  expect(await queue.run(complete, {}, [item])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      jobs: { b: '["b"]', c: '["c"]' },
      traits: { b: '{"lifo":true}' },
      attempts: { b: 1 },
      stalls: { b: 1 },
      results: { b: '{"failedReason":"x"}' },
      active: { b: 'L:8', c: 'M:9' },
      held: { L: 1, M: 1 },
    }),
  );
});

test('a batch may mix leases and retentions; a lease that holds nothing more has no row', async () => {
  const queue = await server.queue(before);
  const words = await queue.run(complete, {}, [
    { id: 'a', token: 'L:8', outcome: '' },
    { id: 'c', token: 'M:9', outcome: '1' },
    { id: 'b', token: 'L:8', outcome: '' },
  ]);
  expect(words).toEqual(['settled', 'settled', 'settled']);
  expect(await queue.state()).toEqual({
    meta: { schema: '1', token: '9' },
    jobs: { c: '["c"]' },
    completed: { c: 'now' },
    results: { c: '1' },
    leases: { L: 'now+30000', M: 'now+30000' },
  });
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
  expect(await queue.run(complete, {}, items)).toEqual(ids.map(() => 'settled'));
  expect(Object.keys(await queue.state()).toSorted()).toEqual(['completed', 'jobs', 'results']);
});

testSettle(server, complete, { outcome: '{"returnvalue":1}' });
