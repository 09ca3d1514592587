import { expect, test } from 'vitest';
import { drain, enqueue } from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
import { testNumbered } from '../helpers/guards.js';
import { edge, expected, type Snapshot, type State } from '../helpers/keyspace.js';
import { hearing, privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const args = { limit: 100, delayed: 1 as const };

/** One step after the other, as one caller takes them. */
function steps(queue: Bench) {
  let number = 0;
  return async (given: { limit: number; delayed: 0 | 1 }) => {
    number += 1;
    const reply = await queue.run(drain, { call: 'p:drain', number, ...given });
    if (reply === 'stale') throw new Error('stale');
    return reply;
  };
}

/** All keys but that of the numbers, which are tested below. */
async function stateOf(queue: Bench): Promise<Snapshot> {
  const { calls: _, ...state } = await queue.state();
  return state;
}

const record = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, `["${id}"]`]));

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: record('a', 'b', 's', 'd', 'h', 'c', 'f'),
  waiting: ['x', 'a', 'b'],
  tombstones: { x: 1 },
  suspects: { s: 'now' },
  delayed: { d: 'now+60000' },
  active: { h: 'L:9' },
  held: { L: 1 },
  leases: { L: 'now+30000' },
  completed: { c: 'now' },
  failed: { f: 'now' },
  traits: { a: '{"lifo":true}', h: '{"lifo":true}' },
  attempts: { d: 1, f: 1 },
  stalls: { s: 1 },
  results: { d: '{}', c: '{}', f: '{}' },
};

test('waiting jobs go, suspects among them, with all their rows', async () => {
  const queue = await server.queue(before);
  const step = steps(queue);
  expect(await step({ ...args, delayed: 0 })).toEqual({
    removed: 3,
    word: 'more',
    told: [],
  });
  expect(await stateOf(queue)).toEqual(
    expected(before, {
      jobs: record('d', 'h', 'c', 'f'),
      waiting: undefined,
      tombstones: undefined,
      suspects: undefined,
      stalls: undefined,
      traits: { h: '{"lifo":true}' },
    }),
  );
});

test('delayed jobs go when asked; active and finished ones stay', async () => {
  const queue = await server.queue(before);
  const step = steps(queue);
  expect(await step(args)).toEqual({ removed: 4, word: 'more', told: [] });
  expect(await step(args)).toEqual({ removed: 0, word: 'done', told: [] });
  expect(await stateOf(queue)).toEqual(
    expected(before, {
      jobs: record('h', 'c', 'f'),
      waiting: undefined,
      tombstones: undefined,
      suspects: undefined,
      delayed: undefined,
      traits: { h: '{"lifo":true}' },
      attempts: { f: 1 },
      stalls: undefined,
      results: { c: '{}', f: '{}' },
    }),
  );
});

test('an empty queue is done', async () => {
  const queue = await server.queue();
  const step = steps(queue);
  expect(await step(args)).toEqual({ removed: 0, word: 'done', told: [] });
  expect(await stateOf(queue)).toEqual({});
});

test('a large queue is drained in bounded steps, void entries too', async () => {
  const ids = Array.from({ length: 500 }, (_, i) => `job${i}`);
  const queue = await server.queue({
    meta: { schema: 1 },
    jobs: record(...ids),
    tombstones: { x: 3_000 },
    waiting: [...Array.from({ length: 3_000 }, () => 'x'), ...ids],
  });
  const step = steps(queue);
  const removed: number[] = [];
  let word = '';
  while (word !== 'done') {
    const reply = await step({ limit: 100, delayed: 0 });
    removed.push(reply.removed);
    ({ word } = reply);
    const options = { prefix: queue.prefix };
    expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  }
  expect(Math.max(...removed)).toBe(100);
  expect(removed.reduce((sum, count) => sum + count)).toBe(500);
  expect(await stateOf(queue)).toEqual({ meta: { schema: '1' } });
});

test('jobs whose ttl runs leave nothing; the ttl of others stays', async () => {
  const queue = await server.queue({
    jobs: record('a', 'd', 'k'),
    waiting: ['a'],
    delayed: { d: 'now+60000' },
    expiring: { a: 'now-10000', d: 'now+60000', k: 'now+60000' },
    deferred: { k: 'now+5000' },
    awaiting: { [`k\t${edge('k', 'p')}`]: 0 },
  });
  const step = steps(queue);
  expect(await step(args)).toEqual({ removed: 2, word: 'more', told: [] });
  expect(await stateOf(queue)).toEqual({
    jobs: record('k'),
    expiring: { k: 'now+60000' },
    deferred: { k: 'now+5000' },
    awaiting: { [`k\t${edge('k', 'p')}`]: 0 },
  });
});

test('a job with dependents becomes cancelled until they were told; an awaited one goes', async () => {
  const state: State = {
    jobs: record('a', 'b', 'c', 'd', 's'),
    waiting: ['a', 'b', 'c'],
    suspects: { s: 'now' },
    stalls: { s: 1 },
    delayed: { d: 'now+60000' },
    watched: { b: 'parent', c: 'awaited', d: 'parent', s: 'parent' },
    dependents: {
      [`b\t${edge('r/k', 'b')}`]: 0,
      [`d\t${edge('r/k', 'd')}`]: 0,
      [`s\t${edge('r/k', 's')}`]: 0,
    },
  };
  const queue = await server.queue(state);
  const step = steps(queue);
  const heard = await hearing(queue, 'events', async () => {
    const reply = await step(args);
    expect(reply).toMatchObject({ removed: 5, word: 'more' });
    expect(reply.told.toSorted()).toEqual(['b', 'd', 's']);
    expect(await step(args)).toEqual({ removed: 0, word: 'done', told: [] });
  });
  expect(heard).toEqual(['ended\tb\nended\tc\nended\ts\nended\td']);
  expect(await stateOf(queue)).toEqual(
    expected(state, {
      jobs: record('b', 'd', 's'),
      waiting: undefined,
      suspects: undefined,
      delayed: undefined,
      watched: { b: 'parent\tremoved', d: 'parent\tremoved', s: 'parent\tremoved' },
      cancelled: { b: 'now', d: 'now', s: 'now' },
      releasing: { b: 'removed', d: 'removed', s: 'removed' },
      evicting: { b: 'now+900000', d: 'now+900000', s: 'now+900000' },
    }),
  );
  expect(await checkInvariants(queue.redis, queue.name, { prefix: queue.prefix })).toEqual([]);
});

test('expired jobs whose entries a claim has taken go too', async () => {
  const state: State = {
    jobs: record('a', 'b', 'c'),
    waiting: ['c'],
    expiring: { a: 0, b: 0 },
    watched: { b: 'parent' },
  };
  const queue = await server.queue(state);
  const step = steps(queue);
  expect(await step(args)).toEqual({ removed: 3, word: 'more', told: ['b'] });
  expect(await step(args)).toEqual({ removed: 0, word: 'done', told: [] });
  expect(await stateOf(queue)).toEqual({
    jobs: record('b'),
    watched: { b: 'parent\tremoved' },
    cancelled: { b: 'now' },
    releasing: { b: 'removed' },
    evicting: { b: 'now+900000' },
  });
});

test('an old copy takes no jobs that were added since', async () => {
  const queue = await server.queue(before);
  const numbered = { ...args, call: 'p:drain', number: 1 };
  const reply = await queue.run(drain, numbered);
  await queue.run(enqueue, { call: 'p:enqueue', number: 1, schema: 1, distinct: 1 }, [
    { id: 'n', record: '["n"]', traits: '' },
  ]);
  expect(await queue.run(drain, numbered)).toEqual(reply);
  expect(await queue.state()).toMatchObject({ waiting: ['n'] });
});

testNumbered(server, drain, before, { ...args, call: 'p:drain', number: 7 }, [], 'stale');
