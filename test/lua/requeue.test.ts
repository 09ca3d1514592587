import { expect, test } from 'vitest';
import { requeue } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:requeue', number: 7 };
const calls = (words: string) => ({ 'p:requeue': `7 now ${words}` });

const before: State = {
  jobs: { a: '["a"]', b: '["b"]', w: '["w"]' },
  waiting: ['w'],
  completed: { a: 'now-10000' },
  failed: { b: 'now-10000' },
  attempts: { a: 1, b: 3, w: 1 },
  stalls: { a: 1, b: 2 },
  results: { a: '{}', b: '{}\n{}', w: '{}' },
};

test('finished jobs wait at the tail; attempts, losses and outcome are cleared', async () => {
  const queue = await server.queue(before);
  const words = await queue.run(requeue, args, [{ id: 'b' }, { id: 'a' }]);
  expect(words).toEqual(['requeued', 'requeued']);
  expect(await queue.state()).toEqual(
    expected(before, {
      waiting: ['w', 'b', 'a'],
      completed: undefined,
      failed: undefined,
      attempts: { w: 1 },
      stalls: undefined,
      results: { w: '{}' },
      calls: calls('requeued requeued'),
      wake: ['1'],
    }),
  );
});

test('a lifo job keeps its traits and waits at the head', async () => {
  const queue = await server.queue({ ...before, traits: { a: '{"lifo":true}' }, wake: ['1'] });
  await queue.run(requeue, args, [{ id: 'a' }]);
  expect(await queue.state()).toMatchObject({
    waiting: ['a', 'w'],
    traits: { a: '{"lifo":true}' },
    wake: ['1'],
  });
});

test.each<[string, State]>([
  ['waiting', { waiting: ['a'] }],
  ['a suspect', { suspects: { a: 'now' }, stalls: { a: 1 } }],
  ['delayed', { delayed: { a: 'now+60000' }, attempts: { a: 1 }, results: { a: '{}' } }],
  ['active', { active: { a: 'L:5' }, held: { L: 1 }, attempts: { a: 1 } }],
])('a job that is %s is unfinished, and nothing changes', async (_, where) => {
  const state: State = { jobs: { a: '["a"]' }, ...where };
  const queue = await server.queue(state);
  expect(await queue.run(requeue, args, [{ id: 'a' }])).toEqual(['unfinished']);
  expect(await queue.state()).toEqual(expected(state, { calls: calls('unfinished') }));
});

test('a batch may mix states; an id that comes twice is requeued once', async () => {
  const queue = await server.queue(before);
  const ids = ['a', 'a', 'w', 'x'].map((id) => ({ id }));
  const words = ['requeued', 'unfinished', 'unfinished', 'unknown'];
  expect(await queue.run(requeue, args, ids)).toEqual(words);
  expect(await queue.state()).toMatchObject({
    waiting: ['w', 'a'],
    attempts: { b: '3', w: '1' },
    calls: calls(words.join(' ')),
  });
});

test('a job whose removed namesake left a void entry waits by an entry of its own', async () => {
  const state = { ...before, waiting: ['a', 'w'], tombstones: { a: 1 } };
  const queue = await server.queue(state);
  await queue.run(requeue, args, [{ id: 'a' }]);
  expect(await queue.state()).toMatchObject({ waiting: ['a', 'w', 'a'], tombstones: { a: '1' } });
});

testNumbered(
  ...([server, requeue, before, args] as const),
  [{ id: 'a' }, { id: 'w' }, { id: 'x' }],
  'stale',
);
