import { describe, expect, test } from 'vitest';
import { claim, handback } from '../../src/scripts.js';
import { args as claimArgs } from '../helpers/claims.js';
import { testAskedStays, testSettle } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]', w: '["w"]' },
  attempts: { a: 1 },
  active: { a: 'L:8', b: 'L:8', c: 'L:9' },
  held: { L: 3 },
  leases: { L: 'now+30000' },
  waiting: ['w'],
};
const a = { id: 'a', token: 'L:8', ends: '' } as const;
const b = { id: 'b', token: 'L:8', ends: '' } as const;
const c = { id: 'c', token: 'L:9', ends: '' } as const;

test('jobs go back to the head in their order, no attempt burnt, and the marker is set', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(handback, {}, [a, b, c])).toEqual(['settled', 'settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: undefined,
      held: undefined,
      waiting: ['a', 'b', 'c', 'w'],
      wake: ['1'],
    }),
  );
});

test('lifo jobs keep their place in that order', async () => {
  const queue = await server.queue({ ...before, traits: { b: '{"lifo":true}' } });
  await queue.run(handback, {}, [a, b]);
  expect(await queue.state()).toHaveProperty('waiting', ['a', 'b', 'w']);
});

test('a job with losses becomes a suspect again; one lost twice stands behind all others', async () => {
  const stalls = { a: 1, c: 2 };
  const queue = await server.queue({ ...before, stalls });
  expect(await queue.run(handback, {}, [a, b, c])).toEqual(['settled', 'settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(
      { ...before, stalls },
      {
        active: undefined,
        held: undefined,
        waiting: ['b', 'w'],
        suspects: { a: 'now', c: 'now+10000000000000' },
        wake: ['1'],
      },
    ),
  );
});

test('the marker is not doubled, and not set when nothing went back', async () => {
  const marked = await server.queue({ ...before, wake: ['1'] });
  await marked.run(handback, {}, [a]);
  expect(await marked.state()).toHaveProperty('wake', ['1']);
  const lost = await server.queue(before);
  await lost.run(handback, {}, [{ ...a, token: 'L:9' }]);
  expect(await lost.state()).not.toHaveProperty('wake');
});

test('a job whose losses nobody can read goes back like one that was lost once, and so do its neighbours', async () => {
  const queue = await server.queue({ ...before, stalls: { b: 'odd' } });
  expect(await queue.run(handback, {}, [a, b])).toEqual(['settled', 'settled']);
  expect(await queue.state()).toEqual(
    expected(before, {
      active: { c: 'L:9' },
      held: { L: 1 },
      waiting: ['a', 'w'],
      suspects: { b: 'now' },
      stalls: { b: 'odd' },
      wake: ['1'],
    }),
  );
});

describe('the ttl of a job that had not started', () => {
  test('is given back, to the ms', async () => {
    const queue = await server.queue({ ...before, expiring: { w: 'now+60000' } });
    const ends = queue.now + 31_536_000_123;
    await queue.run(handback, {}, [a, { ...b, ends }]);
    expect(await queue.stored()).toMatchObject({
      waiting: ['a', 'b', 'w'],
      expiring: { b: ends, w: queue.now + 60_000 },
    });
  });

  test('is given back also when it has ended meanwhile; then no claim takes it', async () => {
    const queue = await server.queue({ ...before, waiting: [] });
    await queue.run(handback, {}, [{ ...b, ends: queue.now - 10_000 }]);
    expect(await queue.state()).toMatchObject({ waiting: ['b'], expiring: { b: 'now-10000' } });
    const reply = await queue.run(claim, claimArgs);
    expect(reply).toMatchObject({ word: 'empty', late: 1, jobs: [] });
  });

  test('is not given back to a job that was lost, nor when the token is wrong', async () => {
    const queue = await server.queue({ ...before, stalls: { b: 1 } });
    const ends = queue.now + 60_000;
    await queue.run(handback, {}, [
      { ...b, ends },
      { ...a, token: 'L:7', ends },
    ]);
    expect(await queue.state()).not.toHaveProperty('expiring');
  });
});

testSettle(server, handback, {}, { ends: '' });
testAskedStays(server, handback, {}, { ends: 1_900_000_000_000 });
