import { describe, expect, test } from 'vitest';
import { dependents, release, untold } from '../../src/scripts.js';
import { edge, expected, type State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const args = { limit: 256 };
const ask = (parent: string, word = '', after = '', acks: readonly string[] = [], kept = 0) => ({
  parent,
  word,
  after,
  acks: acks.join('\n'),
  kept,
});
const of = (parent: string, count: number) =>
  Array.from({ length: count }, (_, i) => edge(`r/k${String(i).padStart(4, '0')}`, parent));
const members = (parent: string, edges: readonly string[]) =>
  Object.fromEntries(edges.map((text) => [`${parent}\t${text}`, 0]));

const edges = of('p', 3);
const before: State = {
  jobs: { p: '["p"]', p2: '["p2"]', 'p p': '["p p"]' },
  completed: { p: 'now-10000' },
  results: { p: '{"returnvalue":1}', p2: '{"returnvalue":2}' },
  releasing: { p: 'completed' },
  evicting: { p: 'now-10000' },
  watched: { p: 'parent', p2: 'parent', 'p p': 'parent' },
  dependents: {
    ...members('p', edges),
    ...members('p2', of('p2', 1)),
    ...members('p p', of('p p', 1)),
  },
};
const told = [{ word: 'told' }];

describe('a finished parent', () => {
  test('tells word, outcome and edges, and nothing changes', async () => {
    const queue = await server.queue(before);
    const reply = [{ word: 'completed', text: '{"returnvalue":1}', edges, anew: true }];
    expect(await queue.run(release, args, [ask('p')])).toEqual(reply);
    expect(await queue.state()).toEqual(expected(before));
  });

  test('forgets acknowledged edges; when no other is left its row goes, and it stays for 15 min', async () => {
    const queue = await server.queue(before);
    const reply = await queue.run(release, args, [ask('p', 'completed', edges[2], edges)]);
    expect(reply).toEqual(told);
    expect(await queue.state()).toEqual(
      expected(before, {
        releasing: undefined,
        evicting: { p: 'now+900000' },
        dependents: { ...members('p2', of('p2', 1)), ...members('p p', of('p p', 1)) },
      }),
    );
    const after = await queue.stored();
    expect(await queue.run(release, args, [ask('p', 'completed', edges[2], edges)])).toEqual(told);
    expect(await queue.stored()).toEqual(after);
  });

  test('keeps edges that were not acknowledged, behind which there is nothing to tell', async () => {
    const queue = await server.queue({ ...before, releasing: { p: 'failed' } });
    const acks = [edges[0] ?? '', edges[2] ?? ''];
    expect(await queue.run(release, args, [ask('p', 'failed', edges[2], acks, 1)])).toEqual(told);
    expect(await queue.run(dependents, { parent: 'p', after: '', limit: 9 })).toEqual([edges[1]]);
    expect(await queue.state()).not.toHaveProperty('releasing');
  });

  test('that has failed again tells an edge that was registered before those that were kept', async () => {
    const queue = await server.queue({ ...before, releasing: { p: 'failed' } });
    const acks = [edges[1] ?? ''];
    expect(await queue.run(release, args, [ask('p', 'failed', edges[2], acks, 1)])).toMatchObject([
      { word: 'failed', edges: [edges[0], edges[2]], anew: true },
    ]);
    expect(await queue.state()).toHaveProperty('releasing');
    expect(await queue.run(release, args, [ask('p', 'failed', edges[2], [], 2)])).toEqual(told);
  });

  test('that has completed again tells an edge that stands before those of its earlier end', async () => {
    const queue = await server.queue(before);
    const acks = [edges[1] ?? '', edges[2] ?? ''];
    expect(await queue.run(release, args, [ask('p', 'completed', edges[2], acks)])).toMatchObject([
      { word: 'completed', edges: [edges[0]] },
    ]);
    expect(await queue.state()).toHaveProperty('releasing');
  });

  test.each([
    ['for ever', undefined, undefined],
    ['for longer anyway', { p: 'now+3600000' }, { p: 'now+3600000' }],
  ])('that is kept %s is kept as long', async (_, evicting, after) => {
    const queue = await server.queue({ ...before, evicting: evicting ?? {} });
    await queue.run(release, args, [ask('p', 'completed', edges[2], edges)]);
    expect((await queue.state())['evicting']).toEqual(after);
  });

  test('whose word has changed is told anew from its first edge', async () => {
    const queue = await server.queue({ ...before, releasing: { p: 'evicted' } });
    const acks = [edges[0] ?? ''];
    expect(await queue.run(release, args, [ask('p', 'failed', edges[1], acks)])).toMatchObject([
      { word: 'evicted', edges },
    ]);
  });

  test('that runs again tells no more, and keeps its edges: who was absent may have come', async () => {
    const queue = await server.queue({ ...before, releasing: {}, evicting: {} });
    const acks = [edges[0] ?? ''];
    expect(await queue.run(release, args, [ask('p', 'completed', edges[0], acks)])).toEqual(told);
    expect(await queue.run(dependents, { parent: 'p', after: '', limit: 9 })).toEqual(edges);
  });

  test.each(['failed', 'cancelled', 'cancel', 'release', 'removed', 'evicted'])(
    'that is %s tells its newest failure',
    async (word) => {
      const state = { ...before, releasing: { p: word }, failures: { p: '{"n":2}\n{"n":1}\n' } };
      const queue = await server.queue(state);
      const [reply] = await queue.run(release, args, [ask('p')]);
      expect(reply).toEqual({ word, text: '{"n":2}', edges, anew: true });
    },
  );

  test.each([
    ['without an outcome', {}],
    ['whose outcome is over 64 KiB', { p: 'x'.repeat(65_537) }],
  ])('%s has it read by others', async (_, results) => {
    const queue = await server.queue({ ...before, results });
    expect(await queue.run(release, args, [ask('p')])).toMatchObject([{ text: '' }]);
  });
});

test('a parent that is not there has nothing to tell', async () => {
  const queue = await server.queue(before);
  const asked = [ask('zz', 'completed', '', [edge('r/k', 'zz')]), ask('p2')];
  expect(await queue.run(release, args, asked)).toEqual([{ word: 'told' }, { word: 'told' }]);
  expect(await queue.state()).toEqual(expected(before));
});

/** Tells all, page by page, and gives the pages. */
async function tellAll(queue: Bench, parent: string, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  let next = ask(parent);
  for (;;) {
    const [reply] = await queue.run(release, { limit }, [next]);
    if (!reply || !('edges' in reply)) return pages;
    pages.push([...reply.edges]);
    next = ask(parent, reply.word, reply.edges.at(-1), reply.edges);
  }
}

test('many edges are told in pages, each edge once', async () => {
  const many = of('p', 1_000);
  const queue = await server.queue({ ...before, dependents: members('p', many) });
  const pages = await tellAll(queue, 'p', 256);
  expect(pages.map((page) => page.length)).toEqual([256, 256, 256, 232]);
  expect(pages.flat()).toEqual(many);
  expect(await queue.state()).toMatchObject({ evicting: { p: 'now+900000' } });
  expect(await queue.state()).not.toHaveProperty('dependents');
});

test('edges that nobody acknowledges do not stop those behind them', async () => {
  const many = of('p', 600);
  const queue = await server.queue({ ...before, dependents: members('p', many) });
  const [first] = await queue.run(release, args, [ask('p')]);
  if (!first || !('edges' in first)) throw new Error('nothing told');
  const [next] = await queue.run(release, args, [ask('p', first.word, first.edges.at(-1))]);
  expect(next).toHaveProperty('edges', many.slice(256, 512));
});

test('several parents share the limit; who got none asks again', async () => {
  const queue = await server.queue({
    releasing: { a: 'completed', b: 'failed', c: 'failed', d: 'failed' },
    dependents: {
      ...members('a', of('a', 2)),
      ...members('b', of('b', 2)),
      ...members('c', of('c', 1)),
    },
  });
  const asked = [ask('d'), ask('a'), ask('b'), ask('c'), ask('zz')];
  expect(await queue.run(release, { limit: 3 }, asked)).toEqual([
    { word: 'told' },
    { word: 'completed', text: '', edges: of('a', 2), anew: true },
    { word: 'failed', text: '', edges: of('b', 1), anew: true },
    { word: 'again' },
    { word: 'told' },
  ]);
  expect(await queue.state()).toMatchObject({
    releasing: { a: 'completed', b: 'failed', c: 'failed' },
  });
});

test('strange ids tell their own edges only', async () => {
  const strange = ['0', '1e3', '__proto__', 'two words', 'two', 'a:b', 'ü€😀', 'ü'];
  const queue = await server.queue();
  await queue.redis.hset(queue.keys.releasing, ...strange.flatMap((id) => [id, 'completed']));
  const texts = strange.map((id) => edge('r/k', id));
  const rows = strange.flatMap((id, i) => [0, `${id}\t${texts[i]}`]);
  await queue.redis.zadd(queue.keys.dependents, ...rows);
  const reply = await queue.run(
    release,
    args,
    strange.map((id) => ask(id)),
  );
  expect(reply).toEqual(
    texts.map((text) => ({ word: 'completed', text: '', edges: [text], anew: true })),
  );
});

describe('untold', () => {
  test('names finished parents that are to be told, some of many', async () => {
    const parents = Array.from({ length: 100 }, (_, i) => `p${i}`);
    const releasing = Object.fromEntries(parents.map((id) => [id, 'failed']));
    const queue = await server.queue({ releasing });
    const all = await queue.run(untold, { limit: 200 });
    expect(all.toSorted()).toEqual(parents.toSorted());
    const some = await queue.run(untold, { limit: 64 });
    expect(new Set(some).size).toBe(64);
    expect(await queue.state()).toEqual({ releasing });
  });

  test('names nobody when there is nothing to tell', async () => {
    const queue = await server.queue();
    expect(await queue.run(untold, { limit: 64 })).toEqual([]);
  });
});

describe('dependents', () => {
  test('are listed page by page, those of one parent only', async () => {
    const queue = await server.queue(before);
    const page = async (after: string, limit: number) =>
      await queue.run(dependents, { parent: 'p', after, limit });
    expect(await page('', 2)).toEqual(edges.slice(0, 2));
    expect(await page(edges[1] ?? '', 2)).toEqual(edges.slice(2));
    expect(await page(edges[2] ?? '', 2)).toEqual([]);
    expect(await queue.run(dependents, { parent: 'zz', after: '', limit: 9 })).toEqual([]);
    expect(await queue.state()).toEqual(expected(before));
  });
});
