import { expect, test } from 'vitest';
import { renew } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { lease: 'L', period: 60_000 };

test.each([
  ['live', 'now+10000'],
  ['expired, while nobody has declared it dead', 'now-10000'],
])('moves the deadline of a lease that is %s', async (_, deadline) => {
  const before: State = { leases: { L: deadline, M: 'now+10000' }, held: { L: 3, M: 1 } };
  const queue = await server.queue(before);
  expect(await queue.run(renew, args)).toEqual({ word: 'alive', held: 3, stops: [] });
  expect(await queue.state()).toEqual(
    expected(before, { leases: { L: 'now+60000', M: 'now+10000' } }),
  );
});

test('tells a lease without a row in held that it holds nothing', async () => {
  const queue = await server.queue({ leases: { L: 'now+10000' } });
  expect(await queue.run(renew, args)).toEqual({ word: 'alive', held: 0, stops: [] });
});

test.each<[string, State]>([
  ['dead', { leases: { L: 0 }, held: { L: 2 } }],
  ['gone', { leases: { M: 'now+10000' } }],
])('never makes a lease live again that is %s', async (_, before) => {
  const queue = await server.queue(before);
  expect(await queue.run(renew, args)).toEqual({ word: 'dead' });
  expect(await queue.state()).toEqual(expected(before));
});

test('sent twice, it is as harmless as sent once', async () => {
  const queue = await server.queue({ leases: { L: 'now+10000' } });
  await queue.run(renew, args);
  expect(await queue.run(renew, args)).toEqual({ word: 'alive', held: 0, stops: [] });
  expect(await queue.state()).toEqual({ leases: { L: 'now+60000' } });
});

test('tells which of its jobs were asked to stop, none of another lease', async () => {
  const stopping = { 'K\tx': 0, 'L\ta': 0, 'L\t1e3': 0, 'L\tü: b': 0, 'LL\ty': 0, 'M\tz': 0 };
  const before: State = { leases: { L: 'now+10000' }, held: { L: 4 }, stopping };
  const queue = await server.queue(before);
  const stops = ['1e3', 'a', 'ü: b'];
  expect(await queue.run(renew, args)).toEqual({ word: 'alive', held: 4, stops });
  expect(await queue.state()).toEqual(expected(before, { leases: { L: 'now+60000' } }));
});

test('tells a hundred of many', async () => {
  const many = Array.from({ length: 300 }, (_, i) => [`L\tjob${i}`, 0]);
  const stopping = Object.fromEntries(many) as Record<string, number>;
  const queue = await server.queue({ leases: { L: 'now+10000' }, held: { L: 300 }, stopping });
  const reply = await queue.run(renew, args);
  expect(reply).toHaveProperty('stops.length', 100);
});
