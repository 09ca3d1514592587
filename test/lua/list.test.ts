import { describe, expect, test } from 'vitest';
import { list } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const range = (start: number, stop: number) => ({
  state: 'waiting' as const,
  start,
  stop,
  age: '' as const,
});

const timed = ['delayed', 'deferred', 'completed', 'failed', 'cancelled'] as const;

test.each(timed)('%s jobs are listed by time', async (state) => {
  const before: State = { [state]: { c: 'now-30000', b: 'now-20000', a: 'now-10000' } };
  const queue = await server.queue(before);
  const page = (start: number, stop: number) => queue.run(list, { state, start, stop, age: '' });
  expect(await page(0, 99)).toEqual({ cursor: '0', ids: ['c', 'b', 'a'] });
  expect(await page(1, 1)).toEqual({ cursor: '0', ids: ['b'] });
  expect(await page(3, 9)).toEqual({ cursor: '0', ids: [] });
  expect(await queue.state()).toEqual(expected(before));
});

test.each(['completed', 'failed', 'cancelled'] as const)(
  '%s jobs are listed by age, positions counted among these',
  async (state) => {
    const times = { d: 'now-40000', c: 'now-30000', b: 'now-20000', a: 'now-10000' };
    const before: State = { [state]: times };
    const queue = await server.queue(before);
    const page = async (age: number, start: number, stop: number) => {
      const { ids } = await queue.run(list, { state, start, stop, age });
      return ids;
    };
    expect(await page(20_000, 0, 99)).toEqual(['d', 'c', 'b']);
    expect(await page(20_000, 1, 1)).toEqual(['c']);
    expect(await page(20_000, 2, 9)).toEqual(['b']);
    expect(await page(3_600_000, 0, 9)).toEqual([]);
    expect(await page(0, 0, 0)).toEqual(['d']);
    expect(await queue.state()).toEqual(expected(before));
  },
);

describe('waiting jobs', () => {
  const before: State = { suspects: { s: 1, t: 2 }, waiting: ['a', 'b', 'c'] };

  test.each([
    ['suspects come first', 0, 9, ['s', 't', 'a', 'b', 'c']],
    ['a range of suspects only', 0, 1, ['s', 't']],
    ['a range across both', 1, 2, ['t', 'a']],
    ['a range behind the suspects', 3, 4, ['b', 'c']],
    ['a range behind the end', 5, 9, []],
  ])('%s', async (_, start, stop, ids) => {
    const queue = await server.queue(before);
    expect(await queue.run(list, range(start, stop))).toEqual({ cursor: '0', ids });
    expect(await queue.state()).toEqual(expected(before));
  });

  test('void entries are listed too', async () => {
    const queue = await server.queue({ waiting: ['x', 'a'], tombstones: { x: 1 } });
    expect(await queue.run(list, range(0, 9))).toEqual({ cursor: '0', ids: ['x', 'a'] });
  });
});

test('active jobs are listed page by page', async () => {
  const ids = Array.from({ length: 1_000 }, (_, i) => `job${i}`);
  const queue = await server.queue({ active: Object.fromEntries(ids.map((id) => [id, 'L:5'])) });
  const found = new Set<string>();
  let pages = 0;
  let cursor = '0';
  do {
    const page = await queue.run(list, { state: 'active', start: cursor, stop: 0, age: '' });
    for (const id of page.ids) found.add(id);
    pages += 1;
    ({ cursor } = page);
  } while (cursor !== '0');
  expect([...found].toSorted()).toEqual(ids.toSorted());
  expect(pages).toBeGreaterThan(2);
});
