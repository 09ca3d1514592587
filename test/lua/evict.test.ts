import { describe, expect, test } from 'vitest';
import { evict } from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, type State } from '../helpers/keyspace.js';
import { hearing, privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const args = { limit: 256, completed: '' as const, failed: '' as const };
const record = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, `["${id}"]`]));
const of = (parent: string, policy = 'fail') => `${parent}\t${edge('r/k', parent, policy)}`;

async function violations(queue: Bench): Promise<string[]> {
  return await checkInvariants(queue.redis, queue.name, { prefix: queue.prefix });
}

describe('jobs whose retention is over', () => {
  const before: State = {
    meta: { schema: 1 },
    jobs: record('a', 'b', 'c', 'd'),
    traits: { a: '{"lifo":true}' },
    attempts: { b: 1 },
    stalls: { b: 1 },
    results: { a: '1', d: '1' },
    failures: { b: '{}\n', c: '{}\n' },
    outcomes: { a: 'q\tp\tcompleted\t\n' },
    completed: { a: 'now-20000', d: 'now-20000' },
    failed: { b: 'now-20000' },
    cancelled: { c: 'now-20000' },
    evicting: { a: 'now-10000', b: 'now-5000', c: 'now-10000', d: 'now+60000' },
  };

  test('go with all their rows, whatever their state; others stay', async () => {
    const queue = await server.queue(before);
    expect(await queue.run(evict, args)).toEqual({ gone: 3, seen: 3, told: [] });
    expect(await queue.state()).toEqual({
      meta: { schema: '1' },
      jobs: record('d'),
      results: { d: '1' },
      completed: { d: 'now-20000' },
      evicting: { d: 'now+60000' },
    });
  });

  test('go the earliest first, in bounded steps', async () => {
    const queue = await server.queue(before);
    expect(await queue.run(evict, { ...args, limit: 2 })).toEqual({ gone: 2, seen: 2, told: [] });
    expect(await queue.state()).toMatchObject({ evicting: { b: 'now-5000', d: 'now+60000' } });
    expect(await violations(queue)).toEqual([]);
    expect(await queue.run(evict, { ...args, limit: 2 })).toEqual({ gone: 1, seen: 1, told: [] });
  });

  test('that somebody awaited go as well', async () => {
    const queue = await server.queue({ ...before, watched: { a: 'awaited' } });
    expect(await queue.run(evict, args)).toMatchObject({ gone: 3 });
    expect(await queue.state()).not.toHaveProperty('watched');
  });

  test('go once, also when the call is sent twice', async () => {
    const queue = await server.queue(before);
    await queue.run(evict, args);
    const after = await queue.stored();
    expect(await queue.run(evict, args)).toEqual({ gone: 0, seen: 0, told: [] });
    expect(await queue.stored()).toEqual(after);
  });
});

describe('jobs beyond the number that is to stay', () => {
  const before: State = {
    meta: { schema: 1 },
    jobs: record('a', 'b', 'c', 'd', 'e', 'x'),
    completed: { a: 'now-30000', b: 'now-20000', c: 'now-10000' },
    failed: { d: 'now-20000', e: 'now-10000' },
    cancelled: { x: 'now-60000' },
    results: { a: '1', b: '2', c: '3' },
    evicting: { a: 'now+60000' },
  };

  test('go, the oldest first, and the number is kept for other sweepers', async () => {
    const queue = await server.queue(before);
    const reply = await queue.run(evict, { ...args, completed: 1, failed: 1 });
    expect(reply).toEqual({ gone: 3, seen: 3, told: [] });
    const after = expected(before, {
      meta: { schema: 1, 'keep completed': 1, 'keep failed': 1 },
      jobs: record('c', 'e', 'x'),
      completed: { c: 'now-10000' },
      failed: { e: 'now-10000' },
      results: { c: '3' },
      evicting: undefined,
    });
    expect(await queue.state()).toEqual(after);
    await queue.seed({ jobs: record('f'), completed: { f: 'now' } });
    expect(await queue.run(evict, args)).toEqual({ gone: 1, seen: 1, told: [] });
    expect(await queue.state()).toHaveProperty('completed', { f: 'now' });
  });

  test.each(['odd', '-1', '1.5'])(
    'are none when nobody can read the number: %j',
    async (number) => {
      const meta = { schema: 1, 'keep completed': number, 'keep failed': 1, 'skip failed': number };
      const queue = await server.queue({ ...before, meta });
      expect(await queue.run(evict, args)).toEqual({ gone: 1, seen: 1, told: [] });
      expect(await queue.state()).toMatchObject({
        completed: expected(before)['completed'],
        failed: { e: 'now-10000' },
      });
    },
  );

  test('of one state only, when the other has no number; 0 is a number', async () => {
    const queue = await server.queue(before);
    expect(await queue.run(evict, { ...args, failed: 0 })).toMatchObject({ gone: 2 });
    expect(await queue.state()).toEqual(
      expected(before, {
        meta: { schema: 1, 'keep failed': 0 },
        jobs: record('a', 'b', 'c', 'x'),
        failed: undefined,
      }),
    );
  });

  test('go in bounded steps, those whose time is over counted', async () => {
    const queue = await server.queue({ ...before, evicting: { c: 'now-10000' } });
    const step = { limit: 2, completed: 1, failed: 0 } as const;
    expect(await queue.run(evict, step)).toMatchObject({ gone: 2, seen: 2 });
    expect(await queue.state()).toMatchObject({ completed: { b: 'now-20000' } });
    expect(await queue.run(evict, step)).toMatchObject({ gone: 2, seen: 2 });
    expect(await queue.run(evict, step)).toEqual({ gone: 0, seen: 0, told: [] });
    expect(await queue.state()).toMatchObject({ completed: { b: 'now-20000' } });
    expect(await violations(queue)).toEqual([]);
  });

  test('stay for a minute when somebody may still read them, for 15 when they had dependents', async () => {
    const state: State = { ...before, watched: { a: 'parent', b: 'parent', d: 'awaited' } };
    const queue = await server.queue(state);
    const keep = { ...args, completed: 0, failed: 1 } as const;
    expect(await queue.run(evict, keep)).toEqual({ gone: 1, seen: 1, told: [] });
    const after = expected(state, {
      meta: {
        schema: 1,
        'keep completed': 0,
        'keep failed': 1,
        'skip completed': 2,
        'skip failed': 1,
      },
      jobs: record('a', 'b', 'd', 'e', 'x'),
      completed: { a: 'now-30000', b: 'now-20000' },
      results: { a: '1', b: '2' },
      evicting: { a: 'now+60000', b: 'now+900000', d: 'now+60000' },
    });
    expect(await queue.state()).toEqual(after);
    expect(await queue.run(evict, keep)).toEqual({ gone: 0, seen: 0, told: [] });
    expect(await queue.state()).toEqual(after);
  });

  test('go although older ones, as many as one call takes, have to stay', async () => {
    const old = Array.from({ length: 4 }, (_, i) => `old${i}`);
    const state: State = {
      jobs: record(...old, 'new'),
      completed: { ...Object.fromEntries(old.map((id) => [id, 'now-60000'])), new: 'now-10000' },
      watched: Object.fromEntries(old.map((id) => [id, 'parent'])),
    };
    const queue = await server.queue(state);
    const few = { ...args, limit: 2, completed: 0 } as const;
    const gone = [];
    for (let call = 0; call < 3; call += 1) gone.push((await queue.run(evict, few)).gone);
    expect(gone).toEqual([0, 0, 1]);
    expect((await queue.state())['jobs']).toEqual(record(...old));
  });

  test('go in time though their own age is longer', async () => {
    const state: State = {
      ...before,
      watched: { a: 'parent', b: 'awaited' },
      evicting: { a: 'now+86400000', b: 'now+86400000' },
    };
    const queue = await server.queue(state);
    await queue.run(evict, { ...args, completed: 1 });
    expect(await queue.state()).toHaveProperty('evicting', { a: 'now+900000', b: 'now+60000' });
  });
});

describe('a parent whose time is over', () => {
  const before: State = {
    jobs: record('p'),
    failed: { p: 'now-60000' },
    evicting: { p: 'now-10000' },
    watched: { p: 'parent' },
    failures: { p: '{}\n' },
  };

  test('stays while its dependents are to be told', async () => {
    const state: State = {
      ...before,
      releasing: { p: 'failed' },
      dependents: { [of('p')]: 0 },
    };
    const queue = await server.queue(state);
    expect(await queue.run(evict, args)).toEqual({ gone: 0, seen: 1, told: [] });
    expect(await queue.state()).toEqual(expected(state, { evicting: { p: 'now+60000' } }));
  });

  test('tells those that wait for better news that it goes', async () => {
    const state: State = { ...before, dependents: { [of('p', 'wait')]: 0, [of('p2', 'wait')]: 0 } };
    const queue = await server.queue(state);
    expect(await queue.run(evict, args)).toEqual({ gone: 0, seen: 1, told: ['p'] });
    expect(await queue.state()).toEqual(
      expected(state, { releasing: { p: 'evicted' }, evicting: { p: 'now+900000' } }),
    );
    expect(await queue.run(evict, args)).toEqual({ gone: 0, seen: 0, told: [] });
  });

  test('that has completed tells a child that was never told so, and fails none', async () => {
    const state: State = {
      jobs: record('p'),
      completed: { p: 'now-60000' },
      evicting: { p: 'now-10000' },
      watched: { p: 'parent' },
      dependents: { [of('p')]: 0 },
    };
    const queue = await server.queue(state);
    expect(await queue.run(evict, args)).toEqual({ gone: 0, seen: 1, told: ['p'] });
    expect(await queue.state()).toMatchObject({ releasing: { p: 'completed' } });
  });

  test('goes when nobody is left to tell, also if the edges of others begin like its own', async () => {
    const others = { p2: 'parent', 'p x': 'parent', o: 'parent' };
    const edges = { [of('p2')]: 0, [of('p x')]: 0, [of('o')]: 0 };
    const queue = await server.queue({
      ...before,
      jobs: record('p', 'p2', 'p x', 'o'),
      waiting: ['p2', 'p x', 'o'],
      watched: { p: 'parent', ...others },
      dependents: edges,
    });
    expect(await queue.run(evict, args)).toEqual({ gone: 1, seen: 1, told: [] });
    expect(await queue.state()).toEqual({
      jobs: record('p2', 'p x', 'o'),
      waiting: ['p2', 'p x', 'o'],
      watched: others,
      dependents: edges,
    });
  });
});

test('a queue without finished jobs has nothing to evict', async () => {
  const queue = await server.queue({ jobs: record('a'), waiting: ['a'] });
  expect(await queue.run(evict, args)).toEqual({ gone: 0, seen: 0, told: [] });
  expect(await queue.state()).toEqual({ jobs: record('a'), waiting: ['a'] });
});

test('strange ids go like others', async () => {
  const strange = ['0', '1e3', '__proto__', 'two words', 'a:b', 'ü€😀'];
  const queue = await server.queue();
  const rows = strange.flatMap((id) => [id, '[]']);
  await queue.redis.hset(queue.keys.jobs, ...rows);
  await queue.redis.zadd(queue.keys.completed, ...strange.flatMap((id) => [1, id]));
  await queue.redis.zadd(queue.keys.evicting, ...strange.flatMap((id) => [1, id]));
  expect(await queue.run(evict, args)).toMatchObject({ gone: 6 });
  expect(await queue.state()).toEqual({});
});

test('a job that is overdue and beyond the number that stays goes once, and is told once', async () => {
  const ids = ['a', 'b', 'c'];
  const queue = await server.queue({
    jobs: record(...ids),
    completed: { a: 'now-30000', b: 'now-20000', c: 'now-10000' },
    evicting: { a: 'now-5000', b: 'now-5000' },
  });
  await queue.redis.set(queue.keys.audience, '0');
  const heard = await hearing(queue, 'events', async () => {
    const reply = await queue.run(evict, { ...args, completed: 1 });
    expect(reply).toEqual({ gone: 2, seen: 2, told: [] });
  });
  expect(heard).toEqual(['removed\ta\nremoved\tb']);
});
