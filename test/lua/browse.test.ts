import { describe, expect, test } from 'vitest';
import { nouns, type Noun } from '../../src/keys.js';
import { browse } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  attempts: { a: 1, b: 2 },
  delayed: { c: 5, d: 6 },
  waiting: ['x', 'y', 'x'],
};

function page(noun: Noun, kind: 'hash' | 'zset' | 'list', whole: 0 | 1, cursor = '0') {
  return { place: nouns.indexOf(noun) + 1, kind, cursor, whole } as const;
}

test.each([
  ['attempts', 'hash', 1, { ids: ['a', 'b'], values: ['1', '2'] }],
  ['attempts', 'hash', 0, { ids: ['a', 'b'], values: [] }],
  ['delayed', 'zset', 1, { ids: ['c', 'd'], values: ['5', '6'] }],
  ['delayed', 'zset', 0, { ids: ['c', 'd'], values: [] }],
  ['waiting', 'list', 0, { ids: ['x', 'y', 'x'], values: [] }],
  ['stalls', 'hash', 1, { ids: [], values: [] }],
  ['failed', 'zset', 1, { ids: [], values: [] }],
] as const)('a page of %s (%s, whole: %s)', async (noun, kind, whole, reply) => {
  const queue = await server.queue(before);
  expect(await queue.run(browse, page(noun, kind, whole))).toEqual({ cursor: '0', ...reply });
  expect(await queue.state()).toEqual(expected(before));
});

test('these rows and members, wherever they are', async () => {
  const queue = await server.queue(before);
  const look = (noun: Noun, kind: 'hash' | 'zset', ...ids: string[]) =>
    queue.run(
      browse,
      page(noun, kind, 1),
      ids.map((id) => ({ id })),
    );
  expect((await look('attempts', 'hash', 'b', 'z', 'a')).values).toEqual(['2', undefined, '1']);
  expect((await look('delayed', 'zset', 'd', 'z')).values).toEqual(['6', undefined]);
  expect(await queue.state()).toEqual(expected(before));
});

async function pagesOf(queue: Bench, noun: Noun, kind: 'hash' | 'zset' | 'list') {
  const pages: (readonly string[])[] = [];
  let cursor = '0';
  do {
    const found = await queue.run(browse, page(noun, kind, 0, cursor));
    pages.push(found.ids);
    ({ cursor } = found);
  } while (cursor !== '0');
  return pages;
}

const ids = Array.from({ length: 1_000 }, (_, i) => `job${i}`);

describe('a large key is read page by page', () => {
  test.each(['hash', 'zset', 'list'] as const)('a %s', async (kind) => {
    const noun = { hash: 'attempts', zset: 'delayed', list: 'waiting' } as const;
    const rows = Object.fromEntries(ids.map((id) => [id, 1]));
    const queue = await server.queue({ [noun[kind]]: kind === 'list' ? ids : rows });
    const pages = await pagesOf(queue, noun[kind], kind);
    expect([...new Set(pages.flat())].toSorted()).toEqual(ids.toSorted());
    expect(pages.length).toBeGreaterThanOrEqual(5);
    for (const found of pages) expect(found.length).toBeLessThan(256);
  });

  test('a list from its tail on, so that pops at the head hide nothing', async () => {
    const queue = await server.queue({ waiting: ids });
    const { cursor, ids: tail } = await queue.run(browse, page('waiting', 'list', 0));
    expect(tail).toEqual(ids.slice(800));
    await queue.redis.lpop(queue.keys.waiting, 300);
    const second = await queue.run(browse, page('waiting', 'list', 0, cursor));
    expect(second.ids).toEqual(ids.slice(600, 800));
  });

  test('large rows are fewer a page', async () => {
    const row = 'x'.repeat(30_000);
    const queue = await server.queue({
      jobs: Object.fromEntries(ids.slice(0, 300).map((id) => [id, row])),
    });
    const pages = await pagesOf(queue, 'jobs', 'hash');
    expect(new Set(pages.flat()).size).toBe(300);
    for (const found of pages) expect(found.length).toBeLessThan(20);
  });
});
