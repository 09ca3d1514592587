import { describe, expect, test } from 'vitest';
import { report } from '../../src/scripts.js';
import { testNumbered } from '../helpers/guards.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();

const call = { call: 'p:report', number: 7, lease: '', former: '', row: '' } as const;
const before: State = {
  meta: { schema: 1 },
  jobs: { a: '["a"]' },
  active: { a: 'L:3' },
  held: { L: 1 },
  leases: { L: 'now+30000', D: 0 },
  workers: { K: 'now-60000 {"pid":1}' },
};

const twoWeeks = 20_160;
const minuteOf = (queue: Bench): number => Math.floor(queue.now / 60_000);

/** Rows of counters, whose minutes count from now: `0` is this one. The next minute may have begun meanwhile. */
async function counters(queue: Bench): Promise<Record<string, string>> {
  const stored = await queue.redis.hgetall(queue.keys.counters);
  const [seconds = 0] = await queue.redis.time();
  const now = Math.floor(seconds / 60);
  return Object.fromEntries(
    Object.entries(stored).map(([field, row]) => {
      const [minute, ...counts] = row.split(' ');
      const late = Number(minute) - now;
      const place = field === String(Number(minute) % twoWeeks) ? 'minute' : field;
      return [place, `${late === 0 || late === -1 ? 'now' : minute} ${counts.join(' ')}`];
    }),
  );
}

testNumbered(server, report, before, { ...call, counts: '1 0 2' }, [], 'stale');

test('counts are added to those of the minute and to those of all time, and nothing else changes', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(report, { ...call, counts: '3 0 12' })).toBe('reported');
  expect(await queue.run(report, { ...call, number: 8, counts: '0 1 30' })).toBe('reported');
  expect(await counters(queue)).toEqual({ minute: 'now 3 1 42', total: 'now 3 1 42' });
  const { counters: _, ...state } = await queue.state();
  expect(state).toEqual(expected(before, { calls: { 'p:report': '8 now reported' } }));
});

test('counts of a minute two weeks ago give way to those of this one; the total goes on', async () => {
  const queue = await server.queue();
  const minute = minuteOf(queue);
  // Should the next minute begin now, the report finds its row instead.
  const rows = [minute, minute + 1].map((at) => [
    String(at % twoWeeks),
    `${at - twoWeeks} 100 100 100`,
  ]);
  await queue.seed({
    counters: {
      ...Object.fromEntries(rows),
      [String((minute - 1) % twoWeeks)]: `${minute - 1} 7 7 7`,
      total: `${minute - twoWeeks} 107 107 107`,
    },
  });
  await queue.run(report, { ...call, counts: '1 2 3' });
  const stored = await queue.redis.hgetall(queue.keys.counters);
  expect(Object.values(stored)).toContainEqual(expect.stringMatching(/^\d+ 1 2 3$/));
  expect(stored).toMatchObject({
    [String((minute - 1) % twoWeeks)]: `${minute - 1} 7 7 7`,
    total: `${minute - twoWeeks} 108 109 110`,
  });
  expect(Object.keys(stored)).toHaveLength(4);
});

test('sums beyond 2^32 and counters that a client does not know are kept', async () => {
  const queue = await server.queue();
  const minute = minuteOf(queue);
  await queue.seed({ counters: { total: `${minute} 9007199254740000 5 77 88` } });
  await queue.run(report, { ...call, counts: '900 2' });
  expect((await counters(queue))['total']).toBe('now 9007199254740900 7 77 88');
  await queue.run(report, { ...call, number: 8, counts: '0 0 0 0 6' });
  expect((await counters(queue))['total']).toBe('now 9007199254740900 7 77 88 6');
});

describe("a worker's row", () => {
  const own = { ...call, call: 'L:report', lease: 'L', row: '{"pid":2}', counts: '' } as const;

  test('is stored with the deadline of its lease, and no counters are made for it', async () => {
    const queue = await server.queue(before);
    expect(await queue.run(report, own)).toBe('reported');
    expect(await queue.state()).toEqual(
      expected(before, {
        workers: { ...before.workers, L: 'now+30000 {"pid":2}' },
        calls: { 'L:report': '7 now reported' },
      }),
    );
  });

  test('takes the place of that of the lease before', async () => {
    const queue = await server.queue(before);
    await queue.run(report, { ...own, former: 'K' });
    expect(await queue.state()).toHaveProperty('workers', { L: 'now+30000 {"pid":2}' });
  });

  test('stays as it is when only counts are told', async () => {
    const queue = await server.queue(before);
    await queue.run(report, own);
    await queue.run(report, { ...own, number: 8, row: '', counts: '1 1' });
    expect(await queue.state()).toHaveProperty('workers', {
      ...before.workers,
      L: 'now+30000 {"pid":2}',
    });
  });

  test.each(['D', 'nobody'])(
    'of a lease that is dead or gone is refused with its counts: %s',
    async (lease) => {
      const queue = await server.queue(before);
      const args = { ...own, lease, former: 'K', counts: '1 1' };
      expect(await queue.run(report, args)).toBe('dead');
      expect(await queue.state()).toEqual(expected(before));
    },
  );
});

test('once its lease has gone, a call that had been answered is refused, not counted again', async () => {
  const queue = await server.queue(before);
  const args = { ...call, call: 'L:report', lease: 'L', counts: '1' };
  await queue.run(report, args);
  await queue.redis.del(queue.keys.leases, queue.keys.calls);
  expect(await queue.run(report, args)).toBe('dead');
  expect((await counters(queue))['total']).toBe('now 1');
});
