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
const a = { id: 'a', token: 'L:8', ran: 0 } as const;
const b = { id: 'b', token: 'L:8', ran: 0 } as const;
const c = { id: 'c', token: 'L:9', ran: 0 } as const;

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
  const traits = { b: '{"ends":now+60000}', c: '{"lifo":true,"ends":now-10000}' };

  test('counts again, to the ms', async () => {
    const queue = await server.queue({ ...before, traits, expiring: { w: 'now+60000' } });
    const ends = queue.now + 31_536_000_123;
    await queue.redis.hset(queue.keys.traits, 'b', `{"ends":${ends},"failAge":0}`);
    await queue.run(handback, {}, [a, b]);
    expect(await queue.stored()).toMatchObject({
      waiting: ['a', 'b', 'w'],
      expiring: { b: ends, w: queue.now + 60_000 },
    });
  });

  test('counts again also when it has ended meanwhile; then no claim takes the job', async () => {
    const queue = await server.queue({ ...before, traits, waiting: [] });
    await queue.run(handback, {}, [c]);
    expect(await queue.state()).toMatchObject({ waiting: ['c'], expiring: { c: 'now-10000' } });
    const reply = await queue.run(claim, claimArgs);
    expect(reply).toMatchObject({ word: 'empty', late: 1, jobs: [] });
  });

  test('counts again among the suspects', async () => {
    const queue = await server.queue({ ...before, traits, stalls: { b: 0 } });
    await queue.run(handback, {}, [b]);
    expect(await queue.state()).toMatchObject({
      suspects: { b: 'now' },
      expiring: { b: 'now+60000' },
    });
  });

  test('does not count again when the token is wrong', async () => {
    const queue = await server.queue({ ...before, traits });
    await queue.run(handback, {}, [{ ...b, token: 'L:7' }]);
    expect(await queue.state()).toEqual(expected({ ...before, traits }));
  });

  test('is forgotten once the job has started: what follows does not make it count again', async () => {
    const queue = await server.queue({ ...before, traits });
    await queue.run(handback, {}, [
      { ...b, ran: 1 },
      { ...c, ran: 1 },
    ]);
    expect(await queue.state()).toMatchObject({
      waiting: ['b', 'c', 'w'],
      traits: { c: '{"lifo":true}' },
    });
    const reply = await queue.run(claim, claimArgs);
    const token = 'token' in reply ? reply.token : '';
    await queue.run(handback, {}, [
      { id: 'b', token, ran: 0 },
      { id: 'c', token, ran: 0 },
    ]);
    expect(await queue.state()).not.toHaveProperty('expiring');
  });

  test('is passed over when nobody can read it, and its neighbours go back', async () => {
    const odd = { ...traits, a: `{"ends":${'9'.repeat(400)}}`, c: '{"ends":0}' };
    const queue = await server.queue({ ...before, traits: odd });
    expect(await queue.run(handback, {}, [a, b, c])).toEqual(['settled', 'settled', 'settled']);
    expect(await queue.state()).toHaveProperty('expiring', { b: 'now+60000' });
  });
});

testSettle(server, handback, {}, { ran: 1 });
testAskedStays(server, handback, {}, { ran: 0 });
