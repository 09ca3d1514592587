import { expect, test } from 'vitest';
import { close, lapse, reclaim } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  leases: { L: 'now+30000', M: 'now+30000' },
  held: { M: 1 },
  active: { a: 'M:3' },
  jobs: { a: '["a"]' },
  calls: { 'L:claim': '4 now empty', 'L:requeue': '1 now unknown', 'M:claim': '1 now claimed' },
  workers: { L: 'now+30000 {}', M: 'now+30000 {}' },
};
const rows = [{ call: 'L:claim' }, { call: 'L:requeue' }];

test('the lease goes, and its rows in calls and workers', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(close, { lease: 'L' }, rows)).toBe('closed');
  expect(await queue.state()).toEqual(
    expected(before, {
      leases: { M: 'now+30000' },
      calls: { 'M:claim': '1 now claimed' },
      workers: { M: 'now+30000 {}' },
    }),
  );
});

test('a lease that still holds jobs is declared dead, for reclaim to find, which hears what has started', async () => {
  const calls = { ...before.calls, 'M:report': '1 now told' };
  const queue = await server.queue({ ...before, calls });
  const told = [{ call: 'M:claim' }, { call: 'M:report' }];
  expect(await queue.run(close, { lease: 'M' }, told)).toBe('dead');
  expect(await queue.state()).toEqual(
    expected(before, {
      leases: { L: 'now+30000', M: 0 },
      workers: { L: 'now+30000 {}' },
    }),
  );
  await queue.run(reclaim, { cursor: '0', losses: 2 });
  expect(await queue.run(lapse, { latest: 0 })).toMatchObject({ holding: 0 });
  expect(await queue.state()).toHaveProperty('calls', {
    'L:claim': '4 now empty',
    'L:requeue': '1 now unknown',
  });
});

test('a lease that holds jobs but is gone is not made anew', async () => {
  const queue = await server.queue({ ...before, leases: { L: 'now+30000' } });
  expect(await queue.run(close, { lease: 'M' }, rows)).toBe('dead');
  expect(await queue.state()).toHaveProperty('leases', { L: 'now+30000' });
});

test('of a worker whose lease has gone, the row that tells of it goes', async () => {
  const queue = await server.queue({ workers: { L: 'now-60000 {}' } });
  expect(await queue.run(close, { lease: 'L' })).toBe('closed');
  expect(await queue.state()).toEqual({});
});

test('a producer, which has no lease, leaves no rows', async () => {
  const queue = await server.queue({ calls: { 'p:enqueue': '1 now added' } });
  expect(await queue.run(close, { lease: 'p' }, [{ call: 'p:enqueue' }])).toBe('closed');
  expect(await queue.state()).toEqual({});
});

test('a caller that never called closes as well', async () => {
  const queue = await server.queue({ leases: { L: 'now+30000' } });
  expect(await queue.run(close, { lease: 'L' })).toBe('closed');
  expect(await queue.state()).toEqual({});
});

test.each<[string, State]>([
  ['waiting', { waiting: ['a'] }],
  ['suspects', { suspects: { a: 'now' } }],
  ['delayed', { delayed: { a: 'now+60000' } }],
])('the marker is put back, once, while there are jobs in %s', async (_, jobs) => {
  const queue = await server.queue(jobs);
  await queue.run(close, { lease: 'L' }, rows);
  await queue.run(close, { lease: 'L' }, rows);
  expect(await queue.state()).toEqual(expected(jobs, { wake: ['1'] }));
});

test('sent twice, it changes nothing more', async () => {
  const queue = await server.queue(before);
  await queue.run(close, { lease: 'M' }, rows);
  const after = await queue.stored();
  expect(await queue.run(close, { lease: 'M' }, rows)).toBe('dead');
  expect(await queue.stored()).toEqual(after);
});
