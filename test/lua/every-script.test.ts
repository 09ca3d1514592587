// What holds of every script of the catalogue, on a queue that has a bit of everything.
import { expect, test } from 'vitest';
import * as catalogue from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
import { marks } from '../../src/scripts/examining.js';
import { bitOfEverything, scenarios } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('each script has its scenario', () => {
  const names = Object.values(catalogue).flatMap((value) =>
    typeof value === 'object' && 'source' in value ? [value.name] : [],
  );
  expect(scenarios.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

test.each(scenarios)('$name keeps the invariants', async ({ call }) => {
  const queue = await server.queue(bitOfEverything);
  const options = { prefix: queue.prefix };
  expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  await queue.send(call(queue));
  expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
});

/** A queue is paused whatever that row says. */
const read = marks.filter((mark) => mark !== 'paused');
const odd = {
  meta: { ...Object.fromEntries(read.map((mark) => [mark, 'odd'])), stamp: 5 },
  held: { L: 'odd', D: '1.5' },
};

test.each(scenarios)('$name moves the same jobs when nobody can read meta and held', async ({ call }) => {
  const calm = await server.queue(bitOfEverything);
  await calm.send(call(calm));
  const torn = await server.queue({ ...bitOfEverything, ...odd });
  await torn.send(call(torn));
  const { meta: _, held: __, ...rest } = await torn.state();
  const { meta: ___, held: ____, ...wanted } = await calm.state();
  expect(rest).toEqual(wanted);
}); // prettier-ignore

test.each(scenarios)('$name can do what it does on an empty queue', async ({ call }) => {
  const queue = await server.queue();
  await queue.send(call(queue));
  const options = { prefix: queue.prefix };
  expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
});

test.each(scenarios)('$name, run twice, sets at most one marker', async ({ call }) => {
  const queue = await server.queue(bitOfEverything);
  await queue.send(call(queue));
  await queue.send(call(queue));
  expect(await queue.redis.llen(queue.keys.wake)).toBeLessThanOrEqual(1);
});
