import { describe, expect, test } from 'vitest';
import { list } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

type Order = 'oldest' | 'newest';
const range = (start: number, stop: number, order: Order = 'oldest') => ({
  state: 'waiting' as const,
  start,
  stop,
  order,
  age: '' as const,
});

const timed = ['delayed', 'deferred', 'completed', 'failed', 'cancelled'] as const;

test.each(timed)('%s jobs are listed by time, from either end', async (state) => {
  const before: State = { [state]: { c: 'now-30000', b: 'now-20000', a: 'now-10000' } };
  const queue = await server.queue(before);
  const page = async (start: number, stop: number, order: Order) => {
    const { ids } = await queue.run(list, { ...range(start, stop, order), state });
    return ids;
  };
  expect(await page(0, 99, 'oldest')).toEqual(['c', 'b', 'a']);
  expect(await page(0, 99, 'newest')).toEqual(['a', 'b', 'c']);
  expect(await page(0, 0, 'newest')).toEqual(['a']);
  expect(await page(1, 1, 'oldest')).toEqual(['b']);
  expect(await page(3, 9, 'oldest')).toEqual([]);
  expect(await page(3, 9, 'newest')).toEqual([]);
  expect(await queue.state()).toEqual(expected(before));
});

test.each(['completed', 'failed', 'cancelled'] as const)(
  '%s jobs are listed by age, positions counted among these',
  async (state) => {
    const times = { d: 'now-40000', c: 'now-30000', b: 'now-20000', a: 'now-10000' };
    const before: State = { [state]: times };
    const queue = await server.queue(before);
    const page = async (age: number, start: number, stop: number) => {
      const { ids } = await queue.run(list, { ...range(start, stop), state, age });
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

  test.each<[string, number, number, Order, string[]]>([
    ['suspects come first', 0, 9, 'oldest', ['s', 't', 'a', 'b', 'c']],
    ['a range of suspects only', 0, 1, 'oldest', ['s', 't']],
    ['a range across both', 1, 2, 'oldest', ['t', 'a']],
    ['a range behind the suspects', 3, 4, 'oldest', ['b', 'c']],
    ['a range behind the end', 5, 9, 'oldest', []],
    ['suspects come last from the other end', 0, 9, 'newest', ['c', 'b', 'a', 't', 's']],
    ['a range of the list, from the other end', 0, 1, 'newest', ['c', 'b']],
    ['a range across both, from the other end', 2, 3, 'newest', ['a', 't']],
    ['suspects only, from the other end', 4, 4, 'newest', ['s']],
    ['a range before the first, from the other end', 5, 9, 'newest', []],
  ])('%s', async (_, start, stop, order, ids) => {
    const queue = await server.queue(before);
    expect(await queue.run(list, range(start, stop, order))).toEqual({ ids, gone: [] });
    expect(await queue.state()).toEqual(expected(before));
  });

  test('of an empty queue there are none', async () => {
    const queue = await server.queue();
    for (const order of ['oldest', 'newest'] as const)
      expect(await queue.run(list, range(0, 9, order))).toEqual({ ids: [], gone: [] });
  });

  test('void entries are listed too, and told unless their job waits again', async () => {
    const state: State = {
      jobs: { a: '[]', again: '[]', failed: '[]', cancelled: '[]', active: '[]', large: '[]' },
      traits: { large: '{"size":4096}' },
      failed: { failed: 'now' },
      cancelled: { cancelled: 'now' },
      active: { active: 'L:5' },
      waiting: ['gone', 'a', 'again', 'failed', 'cancelled', 'active', 'again', 'large', 'large'],
      tombstones: { gone: 1, again: 1, failed: 1, cancelled: 1, active: 1, large: 1 },
    };
    const queue = await server.queue(state);
    for (const order of ['oldest', 'newest'] as const) {
      const { ids, gone } = await queue.run(list, range(0, 99, order));
      expect(order === 'oldest' ? ids : ids.toReversed()).toEqual(state.waiting);
      expect(gone).toEqual(['gone', 'failed', 'cancelled', 'active']);
    }
    expect(await queue.state()).toEqual(expected(state));
  });
});
