import { describe, expect, test } from 'vitest';
import { cancel, claim, enqueue } from '../../src/scripts.js';
import { args as claimArgs, ids } from '../helpers/claims.js';
import { testNumbered } from '../helpers/guards.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, manyOpen, open, type State } from '../helpers/keyspace.js';
import { hearing, privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const failure = '{"failedReason":"why"}';
const args = { call: 'p:cancel', number: 7, word: 'cancelled' as const, failure };
const calls = (words: string) => ({ 'p:cancel': `7 now ${words}` });
const items = (...list: string[]) => list.map((id) => ({ id }));
const jobs = { a: '["a"]', b: '["b"]' };

async function violations(queue: Bench): Promise<string[]> {
  return await checkInvariants(queue.redis, queue.name, { prefix: queue.prefix });
}

describe('a job that has not started is cancelled, its neighbour stays', () => {
  test.each(['delayed', 'suspects'] as const)('%s', async (set) => {
    const before: State = {
      jobs,
      [set]: { a: 'now', b: 'now' },
      traits: { a: '{"lifo":true}' },
      attempts: { a: 1 },
      failures: { a: '{"failedReason":"first"}\n' },
    };
    const queue = await server.queue(before);
    expect(await queue.run(cancel, args, items('a'))).toEqual(['cancelled']);
    expect(await queue.state()).toEqual(
      expected(before, {
        [set]: { b: 'now' },
        cancelled: { a: 'now' },
        failures: { a: `${failure}\n{"failedReason":"first"}\n` },
        calls: calls('cancelled'),
      }),
    );
  });

  test('waiting: its entry is void from now on', async () => {
    const expiring = { a: 'now+60000', b: 'now+60000' };
    const before: State = { jobs, waiting: ['a', 'b'], expiring };
    const queue = await server.queue(before);
    expect(await queue.run(cancel, args, items('a'))).toEqual(['cancelled']);
    expect(await queue.state()).toEqual(
      expected(before, {
        tombstones: { a: 1 },
        expiring: { b: 'now+60000' },
        cancelled: { a: 'now' },
        failures: { a: `${failure}\n` },
        calls: calls('cancelled'),
      }),
    );
  });

  test('waiting without an entry, since a claim found that its ttl had ended', async () => {
    const before: State = { jobs, waiting: ['b'], expiring: { a: 0 } };
    const queue = await server.queue(before);
    expect(await queue.run(cancel, args, items('a'))).toEqual(['cancelled']);
    expect(await queue.state()).toEqual(
      expected(before, {
        expiring: undefined,
        cancelled: { a: 'now' },
        failures: { a: `${failure}\n` },
        calls: calls('cancelled'),
      }),
    );
  });

  test('deferred: its edges go, those of ids that begin like its own stay', async () => {
    const before: State = {
      jobs: { ...jobs, ab: '["ab"]', 'a b': '["a b"]' },
      deferred: { a: 'now+5000', b: 'now+5000', ab: 'now+5000', 'a b': 'now+5000' },
      expiring: { a: 'now+60000' },
      outcomes: { a: 'q\tp\tcompleted\t1\n' },
      awaiting: open(
        edge('a', 'p'),
        edge('a', 'r/p'),
        edge('b', 'p'),
        edge('ab', 'p'),
        edge('a b', 'p'),
      ),
    };
    const queue = await server.queue(before);
    expect(await queue.run(cancel, args, items('a'))).toEqual(['cancelled']);
    expect(await queue.state()).toEqual(
      expected(before, {
        deferred: { b: 'now+5000', ab: 'now+5000', 'a b': 'now+5000' },
        awaiting: open(edge('b', 'p'), edge('ab', 'p'), edge('a b', 'p')),
        expiring: undefined,
        cancelled: { a: 'now' },
        failures: { a: `${failure}\n` },
        calls: calls('cancelled'),
      }),
    );
  });
});

describe('retention', () => {
  const before: State = { jobs, waiting: ['a', 'b'], attempts: { a: 1 } };

  test('a job that is not kept leaves nothing but its void entry', async () => {
    const queue = await server.queue({ ...before, traits: { a: '{"failAge":0}' } });
    expect(await queue.run(cancel, args, items('a'))).toEqual(['cancelled']);
    expect(await queue.state()).toEqual({
      jobs: { b: '["b"]' },
      waiting: ['a', 'b'],
      tombstones: { a: '1' },
      calls: calls('cancelled'),
    });
  });

  test('others stay for their age, each its own', async () => {
    const traits = { a: '{"failAge":60000}', b: '{"lifo":true,"failAge":3600000}' };
    const queue = await server.queue({ ...before, traits });
    await queue.run(cancel, args, items('a', 'b'));
    expect(await queue.state()).toMatchObject({
      cancelled: { a: 'now', b: 'now' },
      evicting: { a: 'now+60000', b: 'now+3600000' },
    });
  });
});

test('a cancelled job that is not kept may be added anew, and runs exactly once', async () => {
  const queue = await server.queue({
    meta: { schema: 1 },
    leases: { L: 'now+30000' },
    jobs,
    traits: { a: '{"failAge":0}' },
    waiting: ['a', 'b'],
  });
  await queue.run(cancel, args, items('a'));
  const job = { id: 'a', record: '["a"]', traits: '' as const };
  expect(
    await queue.run(enqueue, { call: 'p:add', number: 1, schema: 1, distinct: 1 }, [job]),
  ).toEqual(['added']);
  expect(await violations(queue)).toEqual([]);
  expect(ids(await queue.run(claim, claimArgs))).toEqual(['b', 'a']);
  expect(await queue.run(claim, { ...claimArgs, number: 8 })).toMatchObject({ word: 'empty' });
  expect(await violations(queue)).toEqual([]);
});

test('the last waiting job takes all void entries with it', async () => {
  const queue = await server.queue({
    jobs: { ...jobs, c: '["c"]', k: '["k"]' },
    waiting: ['x', 'a'],
    tombstones: { x: 1 },
    active: { b: 'L:5' },
    cancelled: { c: 'now' },
    deferred: { k: 'now' },
  });
  await queue.run(cancel, args, items('a'));
  const after = await queue.state();
  expect(after).not.toHaveProperty('waiting');
  expect(after).not.toHaveProperty('tombstones');
});

describe('an active job', () => {
  const before: State = {
    meta: { schema: 1, token: 9 },
    jobs,
    active: { a: 'L:5', b: 'M:6' },
    held: { L: 1, M: 1 },
    leases: { L: 'now+30000', M: 'now+30000' },
    failures: { a: '{"failedReason":"first"}\n' },
  };

  test('is asked to stop, and its worker hears of it at once', async () => {
    const queue = await server.queue(before);
    const heard = await hearing(queue, 'stopping', async () => {
      const words = await queue.run(cancel, { ...args, word: 'cancel' }, items('a', 'b'));
      expect(words).toEqual(['stopping', 'stopping']);
    });
    expect(heard).toEqual([`${failure}\na\tL:5\nb\tM:6`]);
    expect(await queue.state()).toEqual(
      expected(before, {
        active: { a: 'L:5!cancel', b: 'M:6!cancel' },
        stopping: { 'L\ta': 0, 'M\tb': 0 },
        failures: { a: `${failure}\n{"failedReason":"first"}\n`, b: `${failure}\n` },
        calls: calls('stopping stopping'),
      }),
    );
    expect(await violations(queue)).toEqual([]);
  });

  test('is asked once: the first word counts', async () => {
    const queue = await server.queue(before);
    await queue.run(cancel, { ...args, word: 'release' }, items('a', 'a'));
    const after = await queue.state();
    const heard = await hearing(queue, 'stopping', async () => {
      expect(await queue.run(cancel, { ...args, number: 8 }, items('a'))).toEqual(['stopping']);
    });
    expect(heard).toEqual([]);
    expect(await queue.state()).toEqual({ ...after, calls: { 'p:cancel': '8 now stopping' } });
    expect(after).toMatchObject({ active: { a: 'L:5!release' }, stopping: { 'L\ta': 0 } });
  });
});

test.each(['completed', 'failed', 'cancelled'] as const)(
  'a job that is %s has finished, and nothing changes',
  async (set) => {
    const before: State = { jobs, [set]: { a: 'now', b: 'now' }, evicting: { a: 'now+60000' } };
    const queue = await server.queue(before);
    expect(await queue.run(cancel, args, items('a', 'x'))).toEqual(['finished', 'unknown']);
    expect(await queue.state()).toEqual(expected(before, { calls: calls('finished unknown') }));
  },
);

describe('dependents and those who await', () => {
  const before: State = {
    jobs: { ...jobs, c: '["c"]' },
    waiting: ['a', 'b', 'c'],
    traits: { a: '{"failAge":0}', c: '{"failAge":0}' },
    watched: { a: 'parent', b: 'parent', c: 'awaited' },
    dependents: { [`a\t${edge('r/k', 'a')}`]: 0, [`b\t${edge('r/k', 'b')}`]: 0 },
  };

  test.each(['cancelled', 'cancel', 'release'] as const)('are told: %s', async (word) => {
    const queue = await server.queue(before);
    const heard = await hearing(queue, 'events', async () => {
      const words = await queue.run(cancel, { ...args, word }, items('a', 'c', 'b'));
      expect(words).toEqual(['releasing', 'cancelled', 'releasing']);
    });
    expect(heard.join('\n').split('\n').toSorted()).toEqual(['ended\ta', 'ended\tb', 'ended\tc']);
    expect(await queue.state()).toEqual(
      expected(before, {
        waiting: undefined,
        cancelled: { a: 'now', b: 'now', c: 'now' },
        releasing: { a: word, b: word },
        watched: {
          ...before.watched,
          ...(word === 'cancelled' ? {} : { a: `parent\t${word}`, b: `parent\t${word}` }),
        },
        evicting: { a: 'now+60000', c: 'now+60000' },
        failures: { a: `${failure}\n`, b: `${failure}\n`, c: `${failure}\n` },
        calls: calls('releasing cancelled releasing'),
      }),
    );
    expect(await violations(queue)).toEqual([]);
  });
});

test('a batch may mix states; an id that comes twice is told the same word twice', async () => {
  const queue = await server.queue({
    jobs: { a: '["a"]', b: '["b"]', c: '["c"]', d: '["d"]', p: '["p"]' },
    waiting: ['a', 'd', 'p'],
    delayed: { b: 'now' },
    completed: { c: 'now' },
    watched: { p: 'parent' },
  });
  const list = items('a', 'b', 'a', 'c', 'x', 'p', 'p', 'c', 'x');
  const words =
    'cancelled cancelled cancelled finished unknown releasing releasing finished unknown';
  expect(await queue.run(cancel, args, list)).toEqual(words.split(' '));
  expect(await queue.state()).toMatchObject({
    tombstones: { a: '1', p: '1' },
    failures: { a: `${failure}\n`, p: `${failure}\n` },
  });
  expect(await violations(queue)).toEqual([]);
});

test('strange ids are ids', async () => {
  const strange = ['0', '1e3', '__proto__', 'two words', 'a:b', 'ü€😀', '-inf', '%s'];
  const queue = await server.queue();
  await queue.seed({ waiting: strange, active: { run: 'L:5' } });
  await queue.redis.hset(queue.keys.jobs, ...strange.flatMap((id) => [id, '[]']), 'run', '[]');
  const words = await queue.run(cancel, args, items(...strange));
  expect(words).toEqual(strange.map(() => 'cancelled'));
  expect(await queue.redis.zrange(queue.keys.cancelled, '0', '-1')).toEqual(strange.toSorted());
});

test('once 1,000 edges are spent the rest is for another call', async () => {
  const before: State = {
    jobs: { a: '["a"]', b: '["b"]', c: '["c"]', w: '["w"]' },
    deferred: { a: 'now', b: 'now', c: 'now' },
    awaiting: { ...manyOpen('a', 600), ...manyOpen('b', 600), ...manyOpen('c', 600) },
    waiting: ['w'],
    active: {},
  };
  const queue = await server.queue(before);
  const list = items('a', 'b', 'c', 'w');
  expect(await queue.run(cancel, args, list)).toEqual(['cancelled', 'cancelled', 'again', 'again']);
  expect(await queue.state()).toMatchObject({
    deferred: { c: 'now' },
    awaiting: manyOpen('c', 600),
    waiting: ['w'],
    cancelled: { a: 'now', b: 'now' },
  });
  const rest = items('c', 'w');
  const next = await queue.run(cancel, { ...args, number: 8 }, rest);
  expect(next).toEqual(['cancelled', 'cancelled']);
  expect(await violations(queue)).toEqual([]);
});

testNumbered(
  ...([server, cancel, { jobs, waiting: ['a', 'b'] }, args] as const),
  [{ id: 'a' }, { id: 'x' }],
  'stale',
);

test('a repeated call does not cancel what was added since', async () => {
  const traits = { a: '{"failAge":0}' };
  const queue = await server.queue({ jobs, traits, waiting: ['a', 'b'] });
  await queue.run(cancel, args, items('a'));
  await queue.seed({ jobs: { a: '["again"]' }, waiting: ['a'] });
  expect(await queue.run(cancel, args, items('a'))).toEqual(['cancelled']);
  expect(await queue.state()).toMatchObject({ jobs: { a: '["again"]' }, tombstones: { a: '1' } });
});
