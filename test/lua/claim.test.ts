import { describe, expect, test } from 'vitest';
import { claim, type ClaimReply } from '../../src/scripts.js';
import { args, before, ids, row } from '../helpers/claims.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const anyToken = expect.stringMatching(/^L:\d{16}$/) as string;

describe('waiting jobs', () => {
  test('are taken from the head, under one token of the lease', async () => {
    const queue = await server.queue(before);
    expect(await queue.run(claim, { ...args, want: 2 })).toEqual({
      word: 'claimed',
      token: anyToken,
      due: undefined,
      late: 0,
      left: 1,
      jobs: [row('a'), row('b')],
    });
    expect(await queue.state()).toEqual(
      expected(before, {
        meta: { schema: 1, token: 'now' },
        active: { a: 'L:now', b: 'L:now' },
        held: { L: 2 },
        waiting: ['c'],
        calls: { 'L:claim': '7 now claimed\nL:now\na\nb' },
        wake: ['1'],
      }),
    );
  });

  test('come with their attempts and losses, and join what the lease holds', async () => {
    const held: State = {
      ...before,
      active: { x: 'L:5' },
      held: { L: 1 },
      attempts: { a: 2 },
      stalls: { b: 1 },
    };
    const queue = await server.queue(held);
    const reply = await queue.run(claim, args);
    expect(reply).toHaveProperty('jobs', [row('a', 2), row('b', 0, 1), row('c')]);
    expect(await queue.state()).toEqual(
      expected(held, {
        meta: { schema: 1, token: 'now' },
        active: { x: 'L:5', a: 'L:now', b: 'L:now', c: 'L:now' },
        held: { L: 4 },
        waiting: undefined,
        calls: { 'L:claim': '7 now claimed\nL:now\na\nb\nc' },
      }),
    );
  });

  test('that are not there: empty, with nothing but the call remembered', async () => {
    const rest: State = { meta: { schema: 1, token: 9 }, leases: { L: 'now+30000' } };
    const queue = await server.queue(rest);
    expect(await queue.run(claim, args)).toMatchObject({ word: 'empty', jobs: [] });
    expect(await queue.state()).toEqual(
      expected(rest, { calls: { 'L:claim': '7 now empty\nL:now' } }),
    );
  });

  test('are taken 256 at a time', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `job${i}`);
    const jobs = Object.fromEntries(many.map((id) => [id, '[]']));
    const queue = await server.queue({ ...before, jobs, waiting: many });
    expect(ids(await queue.run(claim, { ...args, want: 256 }))).toEqual(many.slice(0, 256));
    expect(await queue.state()).toMatchObject({ waiting: many.slice(256), held: { L: '256' } });
  });
});

describe('the time of the earliest delayed job', () => {
  const delayed = { x: 'now+40000', y: 'now+60000' };

  test('is told when fewer jobs were taken than wanted', async () => {
    const queue = await server.queue({ ...before, delayed });
    expect(await queue.run(claim, args)).toHaveProperty('due', queue.now + 40_000);
  });

  test('is not told when as many were taken', async () => {
    const queue = await server.queue({ ...before, delayed });
    expect(await queue.run(claim, { ...args, want: 2 })).toHaveProperty('due', undefined);
  });
});

describe('the marker', () => {
  test.each<[string, State, Partial<typeof args>, boolean]>([
    ['is put back when jobs are left', before, { want: 2 }, true],
    ['is not put back when none is left', before, { want: 3 }, false],
    ['is put back by a claim of 0', before, { want: 0, allowance: 0 }, true],
    ['is not put back by a claim of 0 on nothing', { ...before, waiting: [] }, { want: 0 }, false],
    [
      'is put back by a claim of 0 for suspects',
      { ...before, waiting: [], suspects: { a: 'now' } },
      { want: 0, allowance: 0 },
      true,
    ],
    [
      'is put back when suspects are left that this claim might have taken',
      { ...before, waiting: [], suspects: { a: 'now', b: 'now' } },
      {},
      true,
    ],
    [
      'is not put back for suspects that this claim may not take',
      { ...before, waiting: [], suspects: { a: 'now' } },
      { allowance: 0 },
      false,
    ],
    ['is not put back while the queue is paused', { ...before, meta: { paused: 1 } }, {}, false],
  ])('%s', async (_, state, change, marked) => {
    const queue = await server.queue(state);
    await queue.run(claim, { ...args, ...change });
    expect('wake' in (await queue.state())).toBe(marked);
  });

  test('is not doubled', async () => {
    const queue = await server.queue({ ...before, wake: ['1'] });
    await queue.run(claim, { ...args, want: 1 });
    expect(await queue.state()).toHaveProperty('wake', ['1']);
  });
});

describe('who may not claim takes nothing, and is remembered', () => {
  test.each<[ClaimReply['word'], string, State]>([
    ['dead', 'a lease that was declared dead', { leases: { L: 0 } }],
    ['dead', 'a lease that is gone', { leases: { M: 'now+30000' } }],
    ['expired', 'a lease past its deadline', { leases: { L: 'now-10000' } }],
    ['paused', 'anybody, while the queue is paused', { meta: { schema: 1, paused: 1 } }],
    ['outdated', 'a client of an older major', { meta: { schema: 2 } }],
    ['outdated', 'such a client also of a dead lease', { meta: { schema: 2 }, leases: { L: 0 } }],
    ['dead', 'a dead lease also while paused', { meta: { paused: 1 }, leases: { L: 0 } }],
  ])('%s: %s', async (word, _, change) => {
    const state = { ...before, ...change };
    const queue = await server.queue(state);
    expect(await queue.run(claim, args)).toEqual({ word });
    expect(await queue.state()).toEqual(expected(state, { calls: { 'L:claim': `7 now ${word}` } }));
    expect(await queue.run(claim, args)).toEqual({ word });
  });

  test('an expired lease that is renewed claims with its next call', async () => {
    const queue = await server.queue({ ...before, leases: { L: 'now-10000' } });
    await queue.run(claim, args);
    await queue.seed({ leases: { L: 'now+30000' } });
    expect(await queue.run(claim, args)).toEqual({ word: 'expired' });
    expect(ids(await queue.run(claim, { ...args, number: 8 }))).toEqual(['a', 'b', 'c']);
  });
});

describe('token numbers', () => {
  test.each(['odd', '', '-1', '9'.repeat(40)])('go by the clock after one that nobody can read: %j', async (token) => {
    const queue = await server.queue({ ...before, meta: { schema: 'one', token } });
    const first = await queue.run(claim, { ...args, number: 1, want: 1 });
    const second = await queue.run(claim, { ...args, number: 2, want: 1 });
    const numbers = [first, second].map((reply) => 'token' in reply ? Number(reply.token.slice(2)) : 0);
    expect(Math.floor((numbers[0] ?? 0) / 1e9)).toBe(Math.floor(queue.now / 1e6));
    expect(numbers[1]).toBeGreaterThan(numbers[0] ?? 0);
  }); // prettier-ignore

  test('rise from one claim to the next', async () => {
    const queue = await server.queue(before);
    const numbers: number[] = [];
    for (const number of [1, 2, 3]) {
      const reply = await queue.run(claim, { ...args, number, want: 1 });
      if ('token' in reply) numbers.push(Number(reply.token.slice('L:'.length)));
    }
    expect(numbers).toHaveLength(3);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
    expect(await queue.stored()).toHaveProperty('meta.token', String(numbers.at(-1)));
  });

  test('rise also when the last is ahead of the clock', async () => {
    const queue = await server.queue({ ...before, meta: { schema: 1, token: '2800000000000000' } });
    const first = await queue.run(claim, { ...args, number: 1, want: 1 });
    const second = await queue.run(claim, { ...args, number: 2, want: 1 });
    expect([first, second]).toMatchObject([
      { token: 'L:2800000000000001' },
      { token: 'L:2800000000000002' },
    ]);
    expect(await queue.stored()).toMatchObject({
      meta: { token: '2800000000000002' },
      active: { a: 'L:2800000000000001', b: 'L:2800000000000002' },
    });
  });
});

testNumbered(
  ...([server, claim, { ...before, calls: { 'M:claim': '9 now empty' } }] as const),
  { ...args, want: 0 },
  [],
  { word: 'stale' },
);

test('keeps of which claim on jobs may not have begun, whatever it answers, and tells a repetition nothing of it', async () => {
  const begun = { ...args, begun: '5' };
  const queue = await server.queue(before);
  const reply = await queue.run(claim, { ...begun, want: 2 });
  if (!('token' in reply)) throw new Error(reply.word);
  const kept = async () =>
    (await server.redis.hget(queue.keys.calls, 'L:claim'))?.replace(/ \d+ /, ' now ');
  expect(await kept()).toBe(`7 now claimed\n${reply.token}\t5\na\nb`);
  expect(await queue.run(claim, { ...begun, want: 2 })).toMatchObject({
    word: 'claimed',
    token: reply.token,
    jobs: [{ id: 'a' }, { id: 'b' }],
  });
  await queue.seed({ meta: { paused: 1 } });
  const paused = { ...begun, number: 8 };
  expect(await queue.run(claim, paused)).toEqual({ word: 'paused' });
  expect(await kept()).toBe('8 now paused\t5');
  expect(await queue.run(claim, paused)).toEqual({ word: 'paused' });
});

test('a repeated claim tells token and ids, and takes nothing; the records are for reread', async () => {
  const queue = await server.queue(before);
  const reply = await queue.run(claim, { ...args, want: 2 });
  const after = await queue.stored();
  expect(await queue.run(claim, { ...args, want: 2 })).toEqual({
    ...reply,
    left: undefined,
    jobs: ['a', 'b'].map((id) => ({ ...row(id), record: undefined })),
  });
  expect(await queue.stored()).toEqual(after);
});
