import { expect, test } from 'vitest';
import { lapse, renew } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  leases: { L: 'now+30000', E: 'now-10000', F: 'now-20000', D: 0 },
  held: { L: 1, E: 2 },
  calls: {
    'L:claim': '1 now empty',
    'E:claim': '1 now empty',
    'F:claim': '1 now empty',
    'F:report': '3 now reported',
  },
  workers: { L: 'now {"pid":1}', E: 'now-60000 {"pid":2}', F: 'now-60000 {"pid":3}' },
};

test('a lease past its deadline is dead; it goes, with its calls, only if it holds nothing', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER })).toEqual({
    holding: 1,
    spared: 0,
    more: false,
  });
  expect(await queue.state()).toEqual(
    expected(before, {
      leases: { L: 'now+30000', E: 0 },
      calls: { 'L:claim': '1 now empty', 'E:claim': '1 now empty' },
      workers: { L: 'now {"pid":1}', E: 'now-10000 {"pid":2}', F: 'now-20000 {"pid":3}' },
    }),
  );
  expect(await queue.run(renew, { lease: 'E', period: 30_000 })).toEqual({ word: 'dead' });
});

test('after an outage no lease is declared dead, and told how many hold jobs; what was dead before still goes', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(lapse, { latest: 0 })).toEqual({ holding: 0, spared: 1, more: false });
  expect(await queue.state()).toEqual(
    expected(before, { leases: { L: 'now+30000', E: 'now-10000', F: 'now-20000' } }),
  );
});

test('leases that had ended by the latest deadline given are declared dead, and no others', async () => {
  const queue = await server.queue(before);
  const [seconds = 0] = (await queue.redis.time()).map(Number);
  expect(await queue.run(lapse, { latest: 1_000 * seconds - 15_000 })).toEqual({
    holding: 0,
    spared: 1,
    more: false,
  });
  expect(await queue.redis.zscore(queue.keys.leases, 'F')).toBe(null);
  expect(Number(await queue.redis.zscore(queue.keys.leases, 'E'))).toBeGreaterThan(0);
});

test('dead leases that hold jobs stay, and are counted', async () => {
  const state: State = { leases: { C: 0, D: 0 }, held: { C: 1, D: 2 } };
  const queue = await server.queue(state);
  expect(await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER })).toEqual({
    holding: 2,
    spared: 0,
    more: false,
  });
  expect(await queue.state()).toEqual(expected(state));
});

test('a dead lease of which nobody can read what it holds goes when no job is active', async () => {
  const state: State = { leases: { D: 0 }, held: { D: 'odd' }, active: { a: 'D:1' } };
  const queue = await server.queue(state);
  expect(await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER })).toEqual({
    holding: 1,
    spared: 0,
    more: false,
  });
  expect(await queue.state()).toEqual(expected(state));
  await queue.redis.del(queue.keys.active);
  expect(await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER })).toEqual({
    holding: 0,
    spared: 0,
    more: false,
  });
  expect(await queue.state()).toEqual({});
});

test('of a worker that has gone, a row stays, unless there are a thousand of such already', async () => {
  const names = Array.from({ length: 999 }, (_, i) => `gone${i}`);
  const queue = await server.queue({
    leases: { L: 'now+30000', E: 'now-10000', F: 'now-5000' },
    workers: Object.fromEntries(names.map((name) => [name, 'now {}'])),
  });
  await queue.seed({ workers: { L: 'now {}', E: 'now {}', F: 'now {}' } });
  await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER });
  expect(await queue.redis.hkeys(queue.keys.workers)).toHaveLength(1_001);
  const { workers } = await queue.state();
  expect(workers).toMatchObject({ L: 'now {}', E: 'now-10000 {}' });
  expect(workers).not.toHaveProperty('F');
});

test('one step declares a hundred dead', async () => {
  const names = Array.from({ length: 150 }, (_, i) => `L${i}`);
  const leases = Object.fromEntries(names.map((name) => [name, 'now-10000']));
  const queue = await server.queue({ leases });
  await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER });
  expect(await queue.redis.zcard(queue.keys.leases)).toBe(50);
  await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER });
  expect(await queue.state()).toEqual({});
});

test('it finds who holds jobs behind hundreds that hold nothing', async () => {
  const names = Array.from({ length: 900 }, (_, i) => `L${i}`);
  const leases = {
    ...Object.fromEntries(names.map((name) => [name, 'now-20000'])),
    M: 'now-10000',
  };
  const queue = await server.queue({ leases, held: { M: 1 } });
  expect(await queue.run(lapse, { latest: 0 })).toEqual({ holding: 0, spared: 1, more: false });
  expect(await queue.state()).toEqual(expected({ leases, held: { M: 1 } }));
});

test('what holds nothing and ended long ago goes, though it would be spared', async () => {
  const names = Array.from({ length: 150 }, (_, i) => `L${i}`);
  const old = Object.fromEntries(names.map((name) => [name, 'now-70000']));
  const leases = { ...old, M: 'now-70000', N: 'now-30000' };
  const queue = await server.queue({
    leases,
    held: { M: 1 },
    calls: { 'L1:claim': '1 now empty' },
  });
  const first = await queue.run(lapse, { latest: 0 });
  expect(first).toEqual({ holding: 0, spared: 1, more: true });
  const second = await queue.run(lapse, { latest: 0 });
  expect(second).toEqual({ holding: 0, spared: 1, more: false });
  expect(await queue.state()).toEqual({
    leases: { M: 'now-70000', N: 'now-30000' },
    held: { M: '1' },
  });
});

test('sent twice, it changes nothing more', async () => {
  const queue = await server.queue(before);
  await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER });
  const after = await queue.stored();
  expect(await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER })).toEqual({
    holding: 1,
    spared: 0,
    more: false,
  });
  expect(await queue.stored()).toEqual(after);
});
