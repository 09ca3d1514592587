import { describe, expect, test } from 'vitest';
import { claim } from '../../src/scripts.js';
import { args, before, ids } from '../helpers/claims.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

describe('suspects', () => {
  const suspects = { a: 'now-20000', b: 'now-30000', c: 'now-10000' };
  const jobs = { ...before.jobs, w: '["w"]' };
  const suspected: State = { ...before, jobs, suspects, waiting: ['w'] };

  test('are taken before waiting jobs, as many as allowed, the longest lost first', async () => {
    const queue = await server.queue(suspected);
    expect(ids(await queue.run(claim, { ...args, allowance: 2 }))).toEqual(['b', 'a']);
    expect(await queue.state()).toEqual(
      expected(suspected, {
        meta: { schema: 1, token: 'now' },
        active: { b: 'L:now', a: 'L:now' },
        held: { L: 2 },
        suspects: { c: 'now-10000' },
        calls: { 'L:claim': '7 now claimed\nL:now\nb\na' },
        wake: ['1'],
      }),
    );
  });

  test('leave the waiting jobs to who may take none', async () => {
    const queue = await server.queue(suspected);
    expect(ids(await queue.run(claim, { ...args, allowance: 0 }))).toEqual(['w']);
    expect(await queue.state()).toHaveProperty('suspects', suspects);
  });

  test('are held off when nothing else is there', async () => {
    const state = { ...suspected, waiting: [] };
    const queue = await server.queue(state);
    const reply = await queue.run(claim, { ...args, allowance: 0 });
    expect(reply).toMatchObject({ word: 'held off', jobs: [] });
    expect(await queue.state()).toEqual(
      expected(state, { calls: { 'L:claim': '7 now held off\nL:now' } }),
    );
  });

  const twice: State = { ...suspected, suspects: { a: 'now+10000000000000' } };

  test('one that was lost twice goes alone, to who holds none', async () => {
    const queue = await server.queue(twice);
    expect(ids(await queue.run(claim, args))).toEqual(['a']);
    expect(await queue.state()).toMatchObject({ waiting: ['w'], active: { a: 'L:now' } });
  });

  test('one that was lost twice is held off from who holds another', async () => {
    const queue = await server.queue({ ...twice, waiting: [] });
    expect(await queue.run(claim, { ...args, alone: 0 })).toMatchObject({ word: 'held off' });
    expect(await queue.state()).toHaveProperty('suspects', twice.suspects);
  });

  test('one that was lost twice waits until all others have gone', async () => {
    const queue = await server.queue({ ...twice, suspects: { ...twice.suspects, b: 'now' } });
    expect(ids(await queue.run(claim, { ...args, allowance: 8 }))).toEqual(['b']);
    expect(await queue.state()).toHaveProperty('suspects', twice.suspects);
  });

  test('two that were lost twice are taken one at a time', async () => {
    const both = { a: 'now+10000000000000', b: 'now+10000000010000' };
    const queue = await server.queue({ ...twice, suspects: both });
    expect(ids(await queue.run(claim, { ...args, allowance: 8 }))).toEqual(['a']);
    expect(ids(await queue.run(claim, { ...args, number: 8, allowance: 8 }))).toEqual(['b']);
  });
});
