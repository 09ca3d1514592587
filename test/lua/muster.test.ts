import { expect, test } from 'vitest';
import { muster } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  leases: { L: 7_000, D: 0 },
  held: { L: 2, X: 1 },
  active: { a: 'L:9', b: 'L:8!cancel', c: 'D:7' },
};
const leases = ['L', 'D', 'X', 'Y'].map((lease) => ({ lease }));

test('leases are told with what they hold, by both accounts', async () => {
  const queue = await server.queue(before);
  const facts = await queue.run(muster, {}, leases);
  expect(facts).toMatchObject([
    { deadline: 7_000, held: '2', jobs: 2 },
    { deadline: 0, held: undefined, jobs: 1 },
    { deadline: undefined, held: '1', jobs: 0 },
    { deadline: undefined, held: undefined, jobs: 0 },
  ]);
  expect(Math.abs((facts[0]?.now ?? 0) - queue.now)).toBeLessThan(5_000);
  expect(await queue.state()).toEqual(expected(before));
});

test('more than a thousand active jobs are not counted', async () => {
  const active = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`job${i}`, 'L:9']));
  const queue = await server.queue({ ...before, active });
  const facts = await queue.run(muster, {}, leases);
  expect(facts.map(({ jobs }) => jobs)).toEqual([undefined, undefined, undefined, undefined]);
});
