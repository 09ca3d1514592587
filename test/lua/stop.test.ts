import { expect, test } from 'vitest';
import { stop } from '../../src/scripts.js';
import { testAskedEnds, testRetention, testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const keep = { age: '' };

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]' },
  active: { a: 'L:8!cancelled', b: 'L:9!cancel', c: 'M:7!release' },
  stopping: { 'L\ta': 0, 'L\tb': 0, 'M\tc': 0 },
  held: { L: 2, M: 1 },
  leases: { L: 'now+30000', M: 0 },
  failures: { a: '{"failedReason":"why"}\n' },
};

test('a job that was asked to stop enters cancelled; why stays in its failures', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(stop, keep, [{ id: 'a', token: 'L:8' }])).toEqual(['settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: { b: 'L:9!cancel', c: 'M:7!release' },
      stopping: { 'L\tb': 0, 'M\tc': 0 },
      held: { L: 1, M: 1 },
      cancelled: { a: 'now' },
    }),
  );
});

test('a job that is dropped leaves nothing', async () => {
  const queue = await server.queue(before);
  const items = [
    { id: 'a', token: 'L:8' },
    { id: 'c', token: 'M:7' },
  ];
  expect(await queue.run(stop, { age: '0' }, items)).toEqual(['settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      jobs: { b: '["b"]' },
      active: { b: 'L:9!cancel' },
      stopping: { 'L\tb': 0 },
      held: { L: 1 },
      failures: undefined,
    }),
  );
});

test('dependents are told the word with which the job was asked to stop', async () => {
  const state = { ...before, watched: { a: 'parent', b: 'parent', c: 'parent' } };
  const queue = await server.queue(state);
  const words = await queue.run(stop, keep, [
    { id: 'c', token: 'M:7' },
    { id: 'a', token: 'L:8' },
    { id: 'b', token: 'L:9' },
  ]);
  expect(words).toEqual(['releasing', 'releasing', 'releasing']);
  expect(await queue.state()).toEqual(
    expected(state, {
      active: undefined,
      stopping: undefined,
      held: undefined,
      cancelled: { a: 'now', b: 'now', c: 'now' },
      releasing: { a: 'cancelled', b: 'cancel', c: 'release' },
      watched: { a: 'parent', b: 'parent\tcancel', c: 'parent\trelease' },
    }),
  );
});

testRetention(server, 'cancelled', 'cancelled', (queue, age, id) =>
  queue.run(stop, { age }, [{ id, token: 'L:8' }]),
);

testSettle(server, stop, keep, {});
testAskedEnds(server, stop, keep, {});
