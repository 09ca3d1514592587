import { expect, test } from 'vitest';
import { handback } from '../../src/scripts.js';
import { testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]', w: '["w"]' },
  attempts: { a: 1 },
  active: { a: 'L:8', b: 'L:8', c: 'L:9' },
  held: { L: 3 },
  leases: { L: 'now+30000' },
  waiting: ['w'],
};
const a = { id: 'a', token: 'L:8' };
const b = { id: 'b', token: 'L:8' };
const c = { id: 'c', token: 'L:9' };

test('jobs go back to the head in their order, no attempt burnt, and the marker is set', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(handback, {}, [a, b, c])).toEqual(['settled', 'settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: undefined,
      held: undefined,
      waiting: ['a', 'b', 'c', 'w'],
      wake: ['1'],
    }),
  );
});

test('lifo jobs keep their place in that order', async () => {
  const queue = await server.queue({ ...before, traits: { b: '{"lifo":true}' } });
  await queue.run(handback, {}, [a, b]);
  expect(await queue.state()).toHaveProperty('waiting', ['a', 'b', 'w']);
});

test('a job with losses becomes a suspect again; one lost twice stands behind all others', async () => {
  const stalls = { a: 1, c: 2 };
  const queue = await server.queue({ ...before, stalls });
  expect(await queue.run(handback, {}, [a, b, c])).toEqual(['settled', 'settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(
      { ...before, stalls },
      {
        active: undefined,
        held: undefined,
        waiting: ['b', 'w'],
        suspects: { a: 'now', c: 'now+10000000000000' },
        wake: ['1'],
      },
    ),
  );
});

test('the marker is not doubled, and not set when nothing went back', async () => {
  const marked = await server.queue({ ...before, wake: ['1'] });
  await marked.run(handback, {}, [a]);
  expect(await marked.state()).toHaveProperty('wake', ['1']);
  const lost = await server.queue(before);
  await lost.run(handback, {}, [{ ...a, token: 'L:9' }]);
  expect(await lost.state()).not.toHaveProperty('wake');
});

testSettle(server, handback, {});
