import { expect, test } from 'vitest';
import { reckon } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { bitOfEverything } from '../helpers/scenarios.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

test('the numbers of a queue at one moment', async () => {
  const before: State = { ...bitOfEverything, tombstones: { x: 1, y: 3 } };
  const queue = await server.queue(before);
  const facts = await queue.run(reckon, {});
  expect(facts.marks).toEqual({
    schema: '1',
    token: '9',
    paused: undefined,
    swept: undefined,
  });
  expect(facts.sizes).toEqual({
    jobs: 23,
    active: 6,
    suspects: 1,
    delayed: 4,
    deferred: 2,
    completed: 3,
    failed: 2,
    cancelled: 1,
    expired: 1,
    entries: 4,
    tombstones: 2,
    voids: 4,
    releasing: 2,
    held: 6,
    alive: 1,
    lapsed: 2,
    farthest: queue.now + 30_000,
    markers: 0,
  });
  expect(facts.due).toEqual({
    delayed: queue.now - 60_000,
    deferred: queue.now - 10_000,
    expiring: 0,
    evicting: queue.now - 5_000,
  });
  expect(await queue.state()).toEqual(expected(before));
});

test('of an empty queue they are nothing', async () => {
  const queue = await server.queue();
  const { sizes, due } = await queue.run(reckon, {});
  expect(new Set(Object.values(sizes))).toEqual(new Set([0]));
  expect(new Set(Object.values(due))).toEqual(new Set([undefined]));
});

test('a lease that ends at this very moment counts once, as lapsed', async () => {
  const queue = await server.queue({ leases: { before: 'now-1', at: 'now', behind: 'now+1' } });
  const time = [Math.floor(queue.now / 1_000), (queue.now % 1_000) * 1_000];
  const still = `
local real = redis
local redis = { call = function(command, ...)
  return command == 'TIME' and { '${time.join("', '")}' } or real.call(command, ...)
end }`;
  const { script, argv, parse } = queue.call(reckon, {});
  const source = script.source.replace('\n', `${still}\n`);
  const { now, sizes } = parse(await queue.redis.call('EVAL', source, ...argv));
  expect(now).toBe(queue.now);
  expect(sizes).toMatchObject({ alive: 1, lapsed: 2 });
});

test('sums of more than a thousand rows are left to others', async () => {
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`x${i}`, 2]));
  const queue = await server.queue({ tombstones: many, held: many });
  const { sizes } = await queue.run(reckon, {});
  expect(sizes).toMatchObject({ tombstones: 1_001, voids: -1, held: -1 });
  await queue.redis.hdel(queue.keys.tombstones, 'x0');
  expect((await queue.run(reckon, {})).sizes).toMatchObject({ tombstones: 1_000, voids: 2_000 });
});
