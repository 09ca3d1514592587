import { expect, test } from 'vitest';
import { resume } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const paused: State = { meta: { schema: 1, paused: 'now-60000' } };
const resumed = { meta: { schema: 1 } };

test('the queue is no longer paused; with nothing to do nobody is woken', async () => {
  const queue = await server.queue({ ...paused, completed: { a: 'now' }, jobs: { a: '["a"]' } });
  expect(await queue.run(resume, {})).toBe('resumed');
  expect(await queue.state()).toEqual({
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
  await queue.run(resume, {});
  await queue.run(resume, {});
  expect(await queue.state()).toEqual(expected({ ...resumed, ...jobs }, { wake: ['1'] }));
});

test('a queue that is not paused stays as it is', async () => {
  const queue = await server.queue(resumed);
  expect(await queue.run(resume, {})).toBe('resumed');
  expect(await queue.state()).toEqual(expected(resumed));
});
