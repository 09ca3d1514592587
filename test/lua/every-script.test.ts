// What holds of every script of the catalogue, on a queue that has a bit of everything.
import { expect, test } from 'vitest';
import * as catalogue from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
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
