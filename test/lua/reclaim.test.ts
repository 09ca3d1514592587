import { describe, expect, test } from 'vitest';
import {
  cancel,
  claim,
  drain,
  expire,
  fail,
  lapse,
  reclaim,
  remove,
  stop,
} from '../../src/scripts.js';
import { args as claimArgs } from '../helpers/claims.js';
import { checkInvariants } from '../helpers/invariants.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const args = { cursor: '0', losses: 2 };
const numbered = { call: 'p:it', number: 1 };

async function violations(queue: Bench): Promise<string[]> {
  return await checkInvariants(queue.redis, queue.name, { prefix: queue.prefix });
}

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]', d: '["d"]' },
  active: { a: 'D:5', b: 'D:6', c: 'L:9', d: 'E:7' },
  held: { D: 2, L: 1, E: 1 },
  leases: { D: 0, E: 'now-10000', L: 'now+30000' },
};

test('jobs under a dead lease become suspects; those under others, expired ones too, stay', async () => {
  const state = { ...before, stalls: { b: 1 } };
  const queue = await server.queue(state);
  const reply = await queue.run(reclaim, args);
  expect(reply).toEqual({ cursor: '0', suspects: expect.any(Array) as string[], over: [] });
  expect(reply.suspects.toSorted()).toEqual(['a', 'b']);
  expect(await queue.state()).toEqual(
    expected(state, {
      active: { c: 'L:9', d: 'E:7' },
      held: { L: 1, E: 1 },
      stalls: { a: 1, b: 2 },
      suspects: { a: 'now', b: 'now+10000000000000' },
      wake: ['1'],
    }),
  );
});

describe('jobs of claims behind the one of which its worker said that all had begun', () => {
  const rows = {
    'a claim': '7 now claimed\nD:6\t5\nb',
    'one that took nothing': '7 now empty\nD:9\t5\n',
    'one that was refused': '7 now paused\t5',
  };
  for (const [what, row] of Object.entries(rows)) {
    test(`become suspects that were not lost, as the row of ${what} has it`, async () => {
      const state = { ...before, calls: { 'D:claim': row } };
      const queue = await server.queue(state);
      await queue.run(reclaim, { ...args, losses: 0 });
      expect(await queue.state()).toEqual(
        expected(state, {
          active: { a: 'D:5', c: 'L:9', d: 'E:7' },
          held: { D: 1, L: 1, E: 1 },
          stalls: { b: 0 },
          suspects: { b: 'now' },
          wake: ['1'],
        }),
      );
    });
  }

  const waited = { 'D:claim': rows['a claim'] };
  const traits = { a: '{"ends":now+60000}', b: '{"lifo":true,"ends":now+60000}' };

  test('expire at the end of their ttl, which counts no more for the others', async () => {
    const state = { ...before, traits, calls: waited };
    const queue = await server.queue(state);
    await queue.run(reclaim, args);
    expect(await queue.state()).toMatchObject({
      stalls: { a: '1', b: '0' },
      suspects: { a: 'now', b: 'now' },
    });
    expect(await queue.state()).toHaveProperty('expiring', { b: 'now+60000' });
    expect(await queue.state()).toHaveProperty('traits', { b: expect.stringMatching(/^{"lifo":true,"ends":/) as string }); // prettier-ignore
    expect(await violations(queue)).toEqual([]);
  });

  test('never start once that has ended, wherever they go from there', async () => {
    const state = { ...before, traits: { b: '{"ends":now-5000}' }, calls: waited };
    const claimed = await server.queue(state);
    await claimed.run(reclaim, args);
    const reply = await claimed.run(claim, { ...claimArgs, allowance: 8 });
    expect(reply).toMatchObject({ word: 'claimed', late: 1, jobs: [{ id: 'a' }] });
    expect(await violations(claimed)).toEqual([]);
    const swept = await server.queue(state);
    await swept.run(reclaim, args);
    for (const queue of [claimed, swept]) {
      const expiry = await queue.run(expire, { limit: 256, failure: '{}' });
      expect(expiry).toEqual({ expired: ['b'], told: [] });
      expect(await queue.state()).toMatchObject({ failed: { b: 'now' } });
      expect(await queue.state()).not.toHaveProperty('tombstones');
      expect(await violations(queue)).toEqual([]);
    }
    expect(await swept.state()).toHaveProperty('suspects', { a: 'now' });
  });

  test.each<[string, (queue: Bench) => Promise<unknown>]>([
    ['cancelled', (queue) => queue.run(cancel, { ...numbered, word: 'cancelled', failure: '{}' }, [{ id: 'b' }])],
    ['removed', (queue) => queue.run(remove, { ...numbered, state: '' }, [{ id: 'b' }])],
    ['drained', (queue) => queue.run(drain, { ...numbered, limit: 100, delayed: 0 })],
  ])('have no ttl any more when they are %s', async (_, act) => {
    const queue = await server.queue({ ...before, traits, calls: waited });
    await queue.run(reclaim, args);
    await act(queue);
    expect(await queue.state()).not.toHaveProperty('expiring');
    expect(await queue.state()).not.toHaveProperty('tombstones');
    expect(await queue.state()).not.toHaveProperty('suspects.b');
    expect(await violations(queue)).toEqual([]);
  }); // prettier-ignore

  test('have started once they were claimed as suspects, and lost again', async () => {
    const queue = await server.queue({ ...before, traits, stalls: { b: 0 }, calls: waited });
    await queue.run(reclaim, args);
    expect(await queue.state()).toMatchObject({ stalls: { a: '1', b: '1' }, traits: { b: '{"lifo":true}' } }); // prettier-ignore
    expect(await queue.state()).not.toHaveProperty('expiring');
  });

  test('were lost if they are suspects: those start as soon as they are claimed', async () => {
    const state = { ...before, calls: { 'D:claim': rows['a claim'] }, stalls: { b: 0 } };
    const queue = await server.queue(state);
    await queue.run(reclaim, args);
    expect(await queue.state()).toMatchObject({ stalls: { a: '1', b: '1' } });
  });

  test('were lost when the worker said nothing of the kind, whatever its jobs are called', async () => {
    const state = { ...before, calls: { 'D:claim': '7 now claimed\nD:6\nb\t5' } };
    const queue = await server.queue(state);
    await queue.run(reclaim, args);
    expect(await queue.state()).toMatchObject({ stalls: { a: '1', b: '1' } });
  });
});

describe('a job that was lost too often', () => {
  const traits = '{"removeOnFail":true}';
  const state: State = {
    ...before,
    stalls: { a: 2 },
    traits: { a: traits },
    attempts: { a: 1 },
    held: { D: 1, L: 1, E: 1 },
    active: { a: 'D:5', c: 'L:9', d: 'E:7' },
    jobs: { a: '["a"]', c: '["c"]', d: '["d"]' },
  };

  test('is reported, and stays for fail under the token of its dead lease', async () => {
    const queue = await server.queue(state);
    expect(await queue.run(reclaim, args)).toEqual({
      cursor: '0',
      suspects: [],
      over: [{ id: 'a', token: 'D:5', traits, attempts: 1, settle: 'fail' }],
    });
    expect(await queue.state()).toEqual(expected(state));
    expect(await queue.run(lapse, { latest: 0 })).toMatchObject({ holding: 1 });
  });

  test('is reported again until fail has settled it; then its lease goes', async () => {
    const queue = await server.queue(state);
    await queue.run(reclaim, args);
    const [over] = (await queue.run(reclaim, args)).over;
    const token = over?.token ?? '';
    const item = { id: 'a', token, attempts: 1, failure: '{}' } as const;
    expect(await queue.run(fail, { age: '' }, [item])).toEqual(['settled']);
    expect(await queue.run(reclaim, args)).toMatchObject({ suspects: [], over: [] });
    expect(await queue.run(lapse, { latest: 0 })).toMatchObject({ holding: 0 });
    expect(await queue.state()).toMatchObject({ failed: { a: 'now' }, held: { L: '1', E: '1' } });
    expect(await queue.state()).not.toHaveProperty('leases.D');
  });

  test('is one that was lost once, when none may be lost', async () => {
    const queue = await server.queue(before);
    const { suspects, over } = await queue.run(reclaim, { ...args, losses: 0 });
    expect(suspects).toEqual([]);
    expect(over.toSorted((one, other) => one.id.localeCompare(other.id))).toEqual([
      { id: 'a', token: 'D:5', traits: '', attempts: 0, settle: 'fail' },
      { id: 'b', token: 'D:6', traits: '', attempts: 0, settle: 'fail' },
    ]);
  });
});

describe('a job that was asked to stop', () => {
  const state: State = {
    ...before,
    active: { ...before.active, a: 'D:5!cancel', c: 'L:9!cancelled' },
    stopping: { 'D\ta': 0, 'L\tc': 0 },
    traits: { a: '{"failAge":0}' },
    failures: { a: '{}\n', c: '{}\n' },
  };

  test('is reported under the token of its dead lease, and stays for stop; others do not', async () => {
    const queue = await server.queue(state);
    expect(await queue.run(reclaim, args)).toEqual({
      cursor: '0',
      suspects: ['b'],
      over: [{ id: 'a', token: 'D:5', traits: '{"failAge":0}', attempts: 0, settle: 'stop' }],
    });
    expect(await queue.state()).toEqual(
      expected(state, {
        active: { a: 'D:5!cancel', c: 'L:9!cancelled', d: 'E:7' },
        held: { D: 1, L: 1, E: 1 },
        stalls: { b: 1 },
        suspects: { b: 'now' },
        wake: ['1'],
      }),
    );
  });

  test('is stopped also when it was lost too often', async () => {
    const queue = await server.queue({ ...state, stalls: { a: 2 } });
    const { over } = await queue.run(reclaim, args);
    expect(over).toMatchObject([{ id: 'a', settle: 'stop' }]);
  });

  test('ends by stop; then its lease goes', async () => {
    const queue = await server.queue(state);
    const { over } = await queue.run(reclaim, args);
    const item = { id: 'a', token: over[0]?.token ?? '' };
    expect(await queue.run(stop, { age: '' }, [item])).toEqual(['settled']);
    expect(await queue.run(lapse, { latest: 0 })).toMatchObject({ holding: 0 });
    expect(await queue.state()).toMatchObject({
      cancelled: { a: 'now' },
      stopping: { 'L\tc': 0 },
      held: { L: '1', E: '1' },
      leases: { L: 'now+30000', E: 'now-10000' },
    });
  });
});

test('nothing changes while no lease is dead', async () => {
  const state = { ...before, leases: { D: 'now+30000', E: 'now-10000', L: 'now+30000' } };
  const queue = await server.queue(state);
  expect(await queue.run(reclaim, args)).toEqual({ cursor: '0', suspects: [], over: [] });
  expect(await queue.state()).toEqual(expected(state));
});

test('the marker is not doubled', async () => {
  const queue = await server.queue({ ...before, wake: ['1'] });
  await queue.run(reclaim, args);
  expect(await queue.state()).toHaveProperty('wake', ['1']);
});

test('a copy of a step changes nothing more', async () => {
  const queue = await server.queue(before);
  await queue.run(reclaim, args);
  const after = await queue.stored();
  expect(await queue.run(reclaim, args)).toEqual({ cursor: '0', suspects: [], over: [] });
  expect(await queue.stored()).toEqual(after);
});

test('a large backlog is reclaimed in bounded steps, one pass for all dead leases', async () => {
  const ids = Array.from({ length: 3_000 }, (_, i) => `job${i}`);
  const queue = await server.queue({
    meta: { schema: 1, token: 9 },
    jobs: Object.fromEntries(ids.map((id) => [id, '[]'])),
    active: Object.fromEntries(ids.map((id, i) => [id, `${'DLC'.charAt(i % 3)}:5`])),
    held: { C: 1_000, D: 1_000, L: 1_000 },
    leases: { C: 0, D: 0, L: 'now+30000' },
  });
  const reclaimed = new Set<string>();
  let steps = 0;
  let cursor = '0';
  do {
    const reply = await queue.run(reclaim, { ...args, cursor });
    expect(reply.suspects.length).toBeLessThanOrEqual(256);
    for (const id of reply.suspects) reclaimed.add(id);
    steps += 1;
    cursor = reply.cursor;
    const options = { prefix: queue.prefix };
    expect(await checkInvariants(queue.redis, queue.name, options)).toEqual([]);
  } while (cursor !== '0');
  expect(steps).toBeGreaterThan(5);
  expect(reclaimed.size).toBe(2_000);
  expect(await queue.state()).toHaveProperty('held', { L: '1000' });
  expect(await queue.run(lapse, { latest: Number.MAX_SAFE_INTEGER })).toMatchObject({ holding: 0 });
  expect(await queue.state()).toHaveProperty('leases', { L: 'now+30000' });
  expect(await checkInvariants(queue.redis, queue.name, { prefix: queue.prefix })).toEqual([]);
});
