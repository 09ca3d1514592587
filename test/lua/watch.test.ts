import { expect, test } from 'vitest';
import { watch } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const items = (...ids: string[]) => ids.map((id) => ({ id }));

const before: State = {
  jobs: Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => [id, `["${id}"]`])),
  traits: { d: '{"size":5000}' },
  waiting: ['a'],
  delayed: { b: 'now+60000' },
  active: { c: 'L:5' },
  deferred: { d: 'now+5000' },
  completed: { e: 'now' },
  failed: { f: 'now' },
  cancelled: { g: 'now' },
  watched: { b: 'parent' },
};

test('jobs that have not finished are watched; a parent stays one; others are told as they are', async () => {
  const queue = await server.queue(before);
  const words = await queue.run(watch, {}, items('a', 'b', 'c', 'd', 'e', 'f', 'g', 'x', 'a'));
  const all = 'watched watched watched watched finished finished finished unknown watched';
  expect(words).toEqual(all.split(' '));
  expect(await queue.state()).toEqual(
    expected(before, { watched: { a: 'awaited', b: 'parent', c: 'awaited', d: 'awaited' } }),
  );
});

test('sent twice, it changes nothing more', async () => {
  const queue = await server.queue(before);
  await queue.run(watch, {}, items('a', 'e'));
  const after = await queue.stored();
  expect(await queue.run(watch, {}, items('a', 'e'))).toEqual(['watched', 'finished']);
  expect(await queue.stored()).toEqual(after);
});
