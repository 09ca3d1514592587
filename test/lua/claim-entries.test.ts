import { describe, expect, test } from 'vitest';
import { claim, remove } from '../../src/scripts.js';
import { args, before, ids, row } from '../helpers/claims.js';
import { expected } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

describe('void entries', () => {
  test('are skipped, each with one off its tombstone', async () => {
    const state = { ...before, waiting: ['x', 'a', 'x', 'b'], tombstones: { x: 2 } };
    const queue = await server.queue(state);
    expect(ids(await queue.run(claim, args))).toEqual(['a', 'b']);
    const after = await queue.state();
    expect(after).not.toHaveProperty('waiting');
    expect(after).not.toHaveProperty('tombstones');
  });

  test('go with the last live one before them', async () => {
    const queue = await server.queue({ ...before, waiting: ['a', 'x', 'x'], tombstones: { x: 2 } });
    expect(ids(await queue.run(claim, { ...args, want: 1 }))).toEqual(['a']);
    const after = await queue.state();
    expect(after).not.toHaveProperty('waiting');
    expect(after).not.toHaveProperty('tombstones');
    expect(after).not.toHaveProperty('wake');
  });

  test('keep the rest of their tombstone', async () => {
    const state = { ...before, waiting: ['x', 'a', 'b', 'x'], tombstones: { x: 2 } };
    const queue = await server.queue(state);
    expect(ids(await queue.run(claim, { ...args, want: 1 }))).toEqual(['a']);
    expect(await queue.state()).toMatchObject({ waiting: ['b', 'x'], tombstones: { x: '1' } });
  });

  test('a job that was removed and added anew is claimed once, by its new entry', async () => {
    const queue = await server.queue({ ...before, waiting: ['a', 'b', 'a'], tombstones: { a: 1 } });
    expect(ids(await queue.run(claim, { ...args, want: 1 }))).toEqual(['b']);
    expect(ids(await queue.run(claim, { ...args, number: 8 }))).toEqual(['a']);
    expect(await queue.run(claim, { ...args, number: 9 })).toMatchObject({ word: 'empty' });
  });

  test('also after it was removed and added twice', async () => {
    const waiting = ['a', 'a', 'b', 'a'];
    const queue = await server.queue({ ...before, waiting, tombstones: { a: 2 } });
    expect(ids(await queue.run(claim, args))).toEqual(['b', 'a']);
    expect(await queue.state()).toMatchObject({ active: { a: 'L:now', b: 'L:now' } });
    expect(await queue.state()).not.toHaveProperty('tombstones');
  });

  test('a job that was removed and is now delayed is not claimed through its old entry', async () => {
    const state = { ...before, waiting: ['a'], tombstones: { a: 1 }, delayed: { a: 'now+60000' } };
    const queue = await server.queue(state);
    expect(await queue.run(claim, args)).toMatchObject({ word: 'empty', jobs: [] });
    expect(await queue.state()).toEqual(
      expected(state, {
        waiting: undefined,
        tombstones: undefined,
        calls: { 'L:claim': '7 now empty\nL:now' },
      }),
    );
  });

  test('an entry without a record is skipped', async () => {
    const queue = await server.queue({ ...before, waiting: ['ghost', 'a'] });
    const reply = await queue.run(claim, args);
    expect('jobs' in reply && reply.jobs.filter(({ record }) => record)).toEqual([row('a')]);
    expect(await queue.state()).toMatchObject({ active: { a: 'L:now' }, held: { L: '1' } });
  });

  test('are looked at 1,000 at a time: then there may be more', async () => {
    const waiting = [...Array.from({ length: 1_500 }, () => 'x'), 'a'];
    const queue = await server.queue({ ...before, waiting, tombstones: { x: 1_500 } });
    expect(await queue.run(claim, args)).toMatchObject({ word: 'more', jobs: [] });
    expect(await queue.state()).toMatchObject({ tombstones: { x: '500' }, wake: ['1'] });
    expect(await queue.redis.llen(queue.keys.waiting)).toBe(501);
    expect(ids(await queue.run(claim, { ...args, number: 8 }))).toEqual(['a']);
    expect(await queue.state()).not.toHaveProperty('tombstones');
  });

  test('go all at once when remove finds no live entry left', async () => {
    const queue = await server.queue({ ...before, tombstones: { b: 1, c: 1 } });
    await queue.redis.hdel(queue.keys.jobs, 'b', 'c');
    await queue.run(remove, { call: 'p:remove', number: 1, state: '' }, [{ id: 'a' }]);
    expect(Object.keys(await queue.state()).toSorted()).toEqual(['calls', 'leases', 'meta']);
  });
});

describe('sizes', () => {
  const sizes = { a: '{"size":200000}', b: '{"size":100000}', c: '{"size":1000}' };

  test('records beyond 256 KiB are claimed but left for reread', async () => {
    const queue = await server.queue({ ...before, traits: sizes });
    expect(await queue.run(claim, args)).toHaveProperty('jobs', [
      row('a'),
      { ...row('b'), record: undefined },
      { ...row('c'), record: undefined },
    ]);
    expect(await queue.state()).toMatchObject({
      active: { a: 'L:now', b: 'L:now', c: 'L:now' },
      held: { L: '3' },
    });
  });

  test('the first is always read', async () => {
    const queue = await server.queue({ ...before, traits: { a: '{"size":1000000}' } });
    expect(await queue.run(claim, { ...args, want: 1 })).toHaveProperty('jobs', [row('a')]);
  });
});
