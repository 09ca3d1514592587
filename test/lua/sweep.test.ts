import { expect, test } from 'vitest';
import { sweep } from '../../src/scripts.js';
import type { State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();
const args = { period: 20_000, gap: 45_000, outage: 0 } as const;
const sweptNow = { swept: 'now', steady: 'now', tidied: 'now', overdue: '0' };

test('the first to ask sweeps, and is told the time of the server', async () => {
  const queue = await server.queue({ meta: { schema: 1 } });
  const reply = await queue.run(sweep, args);
  expect(reply.word).toBe('due');
  expect(Math.abs(reply.now - queue.now)).toBeLessThan(5_000);
  const now = String(reply.now);
  expect(await queue.stored()).toEqual({
    meta: { schema: '1', swept: now, steady: now, tidied: now, overdue: '0' },
  });
});

test.each([
  ['the period has passed', 'now-30000'],
  ['the clock went back by more than the period', 'now+60000'],
])('a sweep is due when %s', async (_, swept) => {
  const queue = await server.queue({ meta: { swept } });
  expect(await queue.run(sweep, args)).toMatchObject({ word: 'due' });
  expect(await queue.state()).toEqual({ meta: sweptNow });
});

test.each([
  ['the last was within the period', 'now-10000'],
  ['the clock went back by less', 'now+10000'],
])('it is early while %s, and nothing changes', async (_, swept) => {
  const queue = await server.queue({ meta: { swept } });
  const reply = await queue.run(sweep, args);
  expect(reply.word).toBe('early');
  expect(Math.abs(reply.now - queue.now)).toBeLessThan(5_000);
  expect(await queue.state()).toEqual({ meta: { swept } });
});

test.each([
  ['now-65000', 'untidy', 'now'],
  ['now+65000', 'untidy', 'now'],
  ['now-30000', 'due', 'now-30000'],
  ['odd', 'due', 'now'],
])('once a minute it asks for tidy, which was so at %s: %s', async (tidied, word, then) => {
  const queue = await server.queue({ meta: { swept: 'now-40000', tidied } });
  expect(await queue.run(sweep, args)).toMatchObject({ word, dueIn: undefined });
  expect(await queue.state()).toEqual({ meta: { ...sweptNow, tidied: then } });
});

test.each([
  ['sweeps follow each other', 'now-40000', 'now-70000', 0, 70_000],
  ['there was a gap', 'now-50000', 'now-70000', 0, 0],
  ['the caller has seen an outage', 'now-40000', 'now-70000', 1, 0],
  ['the clock went back', 'now+40000', 'now-70000', 0, 0],
  ['it is not known', 'now-40000', 'odd', 0, 0],
] as const)(
  'it tells for how long there was no outage: %s',
  async (_, swept, steady, outage, ms) => {
    const queue = await server.queue({ meta: { swept, steady } });
    const reply = await queue.run(sweep, { ...args, outage });
    expect(Math.abs((reply.steady ?? NaN) - ms)).toBeLessThan(5_000);
    const then = ms > 0 ? steady : 'now';
    expect(await queue.state()).toEqual({ meta: { ...sweptNow, steady: then } });
  },
);

test('with a period of 0 it is never too early', async () => {
  const queue = await server.queue({ meta: { swept: 'now' } });
  expect(await queue.run(sweep, { ...args, period: 0 })).toMatchObject({ word: 'due' });
});

test('it tells when the next delayed job is due, and how many leases have lapsed', async () => {
  const queue = await server.queue({
    jobs: { a: '["a",1,1]' },
    delayed: { a: 'now+60000' },
    leases: { dead: 0, past: 'now-60000', live: 'now+60000' },
  });
  const reply = await queue.run(sweep, args);
  expect(reply).toMatchObject({
    word: 'due',
    chores: { reclaim: 2, expire: 0, evict: 0, recheck: 0, release: 0 },
  });
  expect(reply.dueIn).toBeGreaterThan(50_000);
  expect(reply.dueIn).toBeLessThan(70_000);
});

test('of two who ask at the same time one sweeps', async () => {
  const queue = await server.queue();
  const replies = await Promise.all([queue.run(sweep, args), queue.run(sweep, args)]);
  expect(replies.map(({ word }) => word)).toEqual(['due', 'early']);
});

test('it tells how much there is to expire, evict, check and tell', async () => {
  const queue = await server.queue({
    expiring: { a: 'now-10000', b: 0, c: 'now+60000' },
    evicting: { d: 'now-10000', e: 'now+60000' },
    deferred: { f: 'now-10000', g: 'now-5000', h: 'now-10000', i: 'now+60000' },
    releasing: { j: 'completed', k: 'failed', l: 'failed', m: 'failed' },
  });
  const chores = { reclaim: 0, expire: 2, evict: 1, recheck: 3, release: 4 };
  expect(await queue.run(sweep, args)).toMatchObject({ word: 'due', chores });
});

test.each<[string, State, number]>([
  ['completed', { meta: { 'keep completed': 2 }, completed: { a: 1, b: 2, c: 3, d: 4, e: 5 } }, 3],
  ['failed', { meta: { 'keep failed': 1 }, failed: { a: 1, b: 2 } }, 1],
  [
    'both',
    {
      meta: { 'keep completed': 1, 'keep failed': 0 },
      completed: { a: 1, b: 2 },
      failed: { c: 1 },
    },
    2,
  ],
  ['none, when fewer are kept', { meta: { 'keep completed': 5 }, completed: { a: 1 } }, 0],
  [
    'those whose retention is over beside the surplus',
    {
      meta: { 'keep completed': 1 },
      completed: { a: 1, b: 2, c: 3 },
      evicting: { c: 'now-10000' },
    },
    3,
  ],
])('surplus jobs are to be evicted: %s', async (_, state, evict) => {
  const queue = await server.queue(state);
  const chores = { reclaim: 0, expire: 0, evict, recheck: 0, release: 0 };
  expect(await queue.run(sweep, args)).toMatchObject({ word: 'due', chores });
});

test.each<[string, number | undefined, number, boolean, number]>([
  ['none before', undefined, 20_000, false, 20_000],
  ['as many as before', 20_000, 20_000, false, 20_000],
  ['fewer', 30_000, 20_000, false, 20_000],
  ['more', 19_999, 20_000, true, 19_999],
  ['more than a few, which go soon', 9_999, 20_000, false, 20_000],
  ['none now', 20_000, 0, false, 0],
])('eviction falls behind when there is ever more: %s', async (_, overdue, due, crowded, then) => {
  const evicting: Record<string, string> = { later: 'now+60000' };
  for (let n = 0; n < due; n += 1) evicting[`job-${n}`] = 'now-10000';
  const queue = await server.queue({ meta: overdue === undefined ? {} : { overdue }, evicting });
  expect(await queue.run(sweep, args)).toMatchObject({ chores: { evict: due }, crowded });
  expect(await queue.state()).toMatchObject({ meta: { overdue: String(then) } });
});

test('a lease that holds jobs without being there is declared dead, and told', async () => {
  const leases = { L: 'now+60000' };
  const queue = await server.queue({ leases, held: { L: 2, lost: 1 } });
  expect(await queue.run(sweep, args)).toMatchObject({ word: 'due', chores: { reclaim: 1 } });
  expect(await queue.state()).toMatchObject({ leases: { L: 'now+60000', lost: 0 } });
});
