import { describe, expect, test } from 'vitest';
import { depend } from '../../src/scripts.js';
import { edge, expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const ask = (parent: string, policy = 'fail', child = 'r/k') => ({
  parent,
  edge: edge(child, parent, policy),
});
const registered = (...items: { parent: string; edge: string }[]) =>
  Object.fromEntries(items.map((item) => [`${item.parent}\t${item.edge}`, 0]));
const pending = { word: 'pending', text: '' };

const before: State = {
  jobs: Object.fromEntries(['w', 'd', 's', 'a', 'k', 'c', 'f', 'x'].map((id) => [id, `["${id}"]`])),
  traits: { d: '{"size":5000}' },
  waiting: ['w'],
  delayed: { d: 'now+60000' },
  suspects: { s: 'now' },
  active: { a: 'L:5!cancel' },
  deferred: { k: 'now+5000' },
  completed: { c: 'now' },
  failed: { f: 'now' },
  cancelled: { x: 'now' },
  results: { c: '{"returnvalue":1}' },
  failures: { f: '{}\n' },
  watched: { w: 'awaited' },
};

test('edges of parents that have not finished are registered, and pin them', async () => {
  const queue = await server.queue(before);
  const items = ['w', 'd', 's', 'a', 'k'].map((parent) => ask(parent));
  expect(await queue.run(depend, {}, items)).toEqual(items.map(() => pending));
  expect(await queue.state()).toEqual(
    expected(before, {
      dependents: registered(...items),
      watched: Object.fromEntries(['w', 'd', 's', 'a', 'k'].map((id) => [id, 'parent'])),
    }),
  );
});

test('of the others the answer is told, and nothing changes', async () => {
  const queue = await server.queue(before);
  const items = ['c', 'f', 'x', 'zz'].map((parent) => ask(parent));
  expect(await queue.run(depend, {}, items)).toEqual([
    { word: 'completed', text: '{"returnvalue":1}' },
    { word: 'failed', text: '' },
    { word: 'cancelled', text: '' },
    { word: 'unknown', text: '' },
  ]);
  expect(await queue.run(depend, {}, [ask('f', 'run')])).toEqual([{ word: 'failed', text: '' }]);
  expect(await queue.state()).toEqual(expected(before));
});

test('a child that waits for better news is registered with a parent that failed', async () => {
  const queue = await server.queue(before);
  const items = ['c', 'f', 'x', 'zz'].map((parent) => ask(parent, 'wait'));
  const words = (await queue.run(depend, {}, items)).map(({ word }) => word);
  expect(words).toEqual(['completed', 'pending', 'pending', 'unknown']);
  expect(await queue.state()).toEqual(
    expected(before, {
      dependents: registered(ask('f', 'wait'), ask('x', 'wait')),
      watched: { w: 'awaited', f: 'parent', x: 'parent' },
    }),
  );
});

test('sent twice, it registers an edge once; another nonce is another edge', async () => {
  const queue = await server.queue(before);
  await queue.run(depend, {}, [ask('w'), ask('w')]);
  const after = await queue.stored();
  expect(await queue.run(depend, {}, [ask('w')])).toEqual([pending]);
  expect(await queue.stored()).toEqual(after);
  await queue.run(depend, {}, [{ parent: 'w', edge: edge('r/k', 'w', 'fail', 'n2') }]);
  expect(await queue.redis.zcard(queue.keys.dependents)).toBe(2);
});

test('a completed parent without an outcome is told without', async () => {
  const queue = await server.queue({ jobs: { c: '[]' }, completed: { c: 'now' } });
  expect(await queue.run(depend, {}, [ask('c')])).toEqual([{ word: 'completed', text: '' }]);
});

describe('outcomes', () => {
  const large = 'x'.repeat(65_537);
  const big = 'x'.repeat(65_536);

  test('over 64 KiB are to be read from the parent', async () => {
    const queue = await server.queue({
      jobs: { c: '[]', d: '[]' },
      completed: { c: 'now', d: 'now' },
      results: { c: large, d: big },
    });
    expect(await queue.run(depend, {}, [ask('c'), ask('d')])).toEqual([
      { word: 'completed', text: '' },
      { word: 'completed', text: big },
    ]);
  });

  test('are told up to 256 KiB', async () => {
    const parents = ['a', 'b', 'c', 'd', 'e', 'f'];
    const queue = await server.queue({
      jobs: Object.fromEntries(parents.map((id) => [id, '[]'])),
      completed: Object.fromEntries(parents.map((id) => [id, 'now'])),
      results: Object.fromEntries(parents.map((id) => [id, id === 'f' ? '' : big])),
    });
    const answers = await queue.run(
      depend,
      {},
      parents.map((parent) => ask(parent)),
    );
    const told = [65_536, 65_536, 65_536, 65_536, 0, 0];
    expect(answers.map(({ text }) => text.length)).toEqual(told);
  });
});

test('strange ids are ids', async () => {
  const strange = ['0', '1e3', '__proto__', 'two words', 'a:b', 'ü€😀'];
  const queue = await server.queue();
  await queue.redis.hset(queue.keys.jobs, ...strange.flatMap((id) => [id, '[]']));
  await queue.seed({ waiting: strange });
  const items = strange.map((id) => ask(id, 'fail', `r/${id}`));
  expect(await queue.run(depend, {}, items)).toEqual(strange.map(() => pending));
  const members = items.map((item) => `${item.parent}\t${item.edge}`);
  expect(await queue.redis.zrange(queue.keys.dependents, '0', '-1')).toEqual(members.toSorted());
});

describe('a parent whose state does not tell its fate', () => {
  const fates = ['cancel', 'release', 'removed'] as const;

  test.each(fates)('tells it to whoever asks later, and waits for nothing: %s', async (fate) => {
    const queue = await server.queue({ ...before, watched: { x: `parent\t${fate}` } });
    const items = ['fail', 'run', 'wait'].map((policy) => ask('x', policy));
    const answers = await queue.run(depend, {}, items);
    expect(answers.map(({ word }) => word)).toEqual([fate, fate, fate]);
    expect(await queue.state()).not.toHaveProperty('dependents');
  });
});
