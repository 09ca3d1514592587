import { expect, test } from 'vitest';
import { pause, resume } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { call: 'p:resume', number: 7 };
const calls = { 'p:resume': '7 now resumed' };
const paused: State = { meta: { schema: 1, paused: 'now-60000' } };
const resumed = { meta: { schema: 1 } };

test('the queue is no longer paused; with nothing to do nobody is woken', async () => {
  const queue = await server.queue({ ...paused, completed: { a: 'now' }, jobs: { a: '["a"]' } });
  expect(await queue.run(resume, args)).toBe('resumed');
  expect(await queue.state()).toEqual({
    calls,
    meta: { schema: '1' },
    completed: { a: 'now' },
    jobs: { a: '["a"]' },
  });
});

test.each<[string, State]>([
  ['waiting', { waiting: ['a'] }],
  ['suspects', { suspects: { a: 'now' } }],
  ['delayed', { delayed: { a: 'now+60000' } }],
])('the marker is set, once, when there are jobs in %s', async (_, jobs) => {
  const queue = await server.queue({ ...paused, ...jobs });
  await queue.run(resume, args);
  await queue.run(resume, { ...args, number: 8 });
  expect(await queue.state()).toEqual(
    expected({ ...resumed, ...jobs }, { calls: { 'p:resume': '8 now resumed' }, wake: ['1'] }),
  );
});

test('a queue that is not paused stays as it is', async () => {
  const queue = await server.queue(resumed);
  expect(await queue.run(resume, args)).toBe('resumed');
  expect(await queue.state()).toEqual(expected(resumed, { calls }));
});

test('an old copy that comes after the queue was paused again does not resume it', async () => {
  const queue = await server.queue(paused);
  await queue.run(resume, args);
  await queue.run(pause, { call: 'p:pause', number: 1 });
  expect(await queue.run(resume, args)).toBe('resumed');
  expect(await queue.state()).toHaveProperty('meta', { schema: '1', paused: 'now' });
});

testNumbered(server, resume, paused, args, [], 'stale');
