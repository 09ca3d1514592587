import { expect, test } from 'vitest';
import { progress } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { testGuard } from '../helpers/noting.js';
import { hearing, privateServer } from '../helpers/scripts.js';

const server = privateServer();
const call = { call: 'p:progress', number: 1 };

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', w: '["w"]' },
  active: { a: 'L:8', b: 'L:9' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
  waiting: ['w'],
  progress: { b: '1' },
};
const a = { id: 'a', token: 'L:8', value: '50' };
const b = { id: 'b', token: 'L:9', value: '{"step":2}' };
const w = { id: 'w', token: '', value: '"soon"' };

test('sets what each job has told, and nothing else', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(progress, call, [a, b, w])).toEqual(['noted', 'noted', 'noted']);
  expect(await queue.state()).toEqual(
    expected(before, {
      progress: { a: '50', b: '{"step":2}', w: '"soon"' },
      calls: { 'p:progress': '1 now noted noted noted' },
    }),
  );
});

test('of a job that stands twice in a batch the last value stays', async () => {
  const queue = await server.queue(before);
  await queue.run(progress, call, [a, { ...a, value: '60' }]);
  expect(await queue.state()).toHaveProperty('progress', { a: '60', b: '1' });
});

test('tells nobody while nobody listens', async () => {
  const queue = await server.queue(before);
  expect(await hearing(queue, 'events', () => queue.run(progress, call, [a, b]))).toEqual([]);
});

test('tells who listens of each, in one message, and of none that was refused', async () => {
  const queue = await server.queue(before);
  await queue.redis.set(queue.keys.audience, '0');
  const items = [a, { ...b, token: 'L:8' }, { ...a, value: '60' }];
  const heard = await hearing(queue, 'events', () => queue.run(progress, call, items));
  expect(heard).toEqual(['progress\ta\t50\nprogress\ta\t60']);
  expect(await hearing(queue, 'events', () => queue.run(progress, call, items))).toEqual([]);
});

testGuard(server, progress, { value: '50' }, 'noted');
testNumbered(server, progress, before, { ...call, number: 7 }, [a, b], 'stale');
