import { describe, expect, test } from 'vitest';
import { claim, enqueue, expire, handback, promote, remove } from '../../src/scripts.js';
import { args as claimArgs, ids, row } from '../helpers/claims.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, manyOpen, open, type State } from '../helpers/keyspace.js';
import { hearing, privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const failure = '{"failedReason":"expired"}';
const args = { limit: 256, failure };
const failures = { a: `${failure}\n` };
const jobs = { a: '["a"]', b: '["b"]' };

async function violations(queue: Bench, atRest = false): Promise<string[]> {
  return await checkInvariants(queue.redis, queue.name, { prefix: queue.prefix, atRest });
}

describe('a job whose ttl has ended fails, its neighbour goes on', () => {
  const expiring = { a: 'now-10000', b: 'now+60000' };

  test('while it waits: its entry is void from now on', async () => {
    const before: State = { jobs, expiring, waiting: ['a', 'b'] };
    const queue = await server.queue(before);
    expect(await queue.run(expire, args)).toEqual({ expired: ['a'], told: [] });
    expect(await queue.state()).toEqual(
      expected(before, {
        expiring: { b: 'now+60000' },
        tombstones: { a: 1 },
        failed: { a: 'now' },
        failures,
      }),
    );
  });

  test('while it waits without an entry, since a claim has taken that', async () => {
    const before: State = { jobs, expiring: { ...expiring, a: 0 }, waiting: ['b'] };
    const queue = await server.queue(before);
    expect(await queue.run(expire, args)).toEqual({ expired: ['a'], told: [] });
    expect(await queue.state()).toEqual(
      expected(before, { expiring: { b: 'now+60000' }, failed: { a: 'now' }, failures }),
    );
  });

  test('while it is delayed', async () => {
    const before: State = { jobs, expiring, delayed: { a: 'now+60000', b: 'now+60000' } };
    const queue = await server.queue(before);
    expect(await queue.run(expire, args)).toEqual({ expired: ['a'], told: [] });
    expect(await queue.state()).toEqual(
      expected(before, {
        expiring: { b: 'now+60000' },
        delayed: { b: 'now+60000' },
        failed: { a: 'now' },
        failures,
      }),
    );
  });

  test('while it is a suspect that may not have started', async () => {
    const before: State = { jobs, expiring, suspects: { a: 'now-5000', b: 'now-5000' } };
    const queue = await server.queue({ ...before, stalls: { a: 0, b: 0 } });
    expect(await queue.run(expire, args)).toEqual({ expired: ['a'], told: [] });
    expect(await queue.state()).toEqual(
      expected(before, {
        stalls: { a: 0, b: 0 },
        expiring: { b: 'now+60000' },
        suspects: { b: 'now-5000' },
        failed: { a: 'now' },
        failures,
      }),
    );
    expect(await violations(queue)).toEqual([]);
  });

  test('while it is deferred: its edges go; what it heard of its parents stays', async () => {
    const before: State = {
      jobs,
      expiring,
      deferred: { a: 'now+5000', b: 'now+5000' },
      awaiting: open(edge('a', 'p'), edge('a', 'r/p'), edge('b', 'p')),
      outcomes: { a: 'q\to\tcompleted\t1\n' },
    };
    const queue = await server.queue(before);
    expect(await queue.run(expire, args)).toEqual({ expired: ['a'], told: [] });
    expect(await queue.state()).toEqual(
      expected(before, {
        expiring: { b: 'now+60000' },
        deferred: { b: 'now+5000' },
        awaiting: open(edge('b', 'p')),
        failed: { a: 'now' },
        failures,
      }),
    );
  });
});

test('nothing changes before the end of a ttl', async () => {
  const before: State = { jobs, expiring: { a: 'now+10000' }, waiting: ['a', 'b'] };
  const queue = await server.queue(before);
  expect(await queue.run(expire, args)).toEqual({ expired: [], told: [] });
  expect(await queue.state()).toEqual(expected(before));
});

test('each job stays as long as its own retention says', async () => {
  const queue = await server.queue({
    jobs: { ...jobs, c: '["c"]', d: '["d"]' },
    traits: { a: '{"ttl":1,"failAge":0}', b: '{"ttl":1,"failAge":3600000}', d: '{"failAge":0}' },
    expiring: { a: 1, b: 2, c: 3, d: 4 },
    watched: { d: 'awaited' },
    attempts: { a: 1 },
    waiting: ['a', 'b', 'c', 'd'],
  });
  const heard = await hearing(queue, 'events', () => queue.run(expire, args));
  expect(heard).toEqual(['ended\td']);
  expect(await queue.state()).toEqual({
    jobs: { b: '["b"]', c: '["c"]', d: '["d"]' },
    traits: { b: '{"ttl":1,"failAge":3600000}', d: '{"failAge":0}' },
    watched: { d: 'awaited' },
    failed: { b: 'now', c: 'now', d: 'now' },
    evicting: { b: 'now+3600000', d: 'now+60000' },
    failures: { b: `${failure}\n`, c: `${failure}\n`, d: `${failure}\n` },
  });
});

test('dependents of an expired job are to be told that it failed', async () => {
  const before: State = {
    jobs,
    traits: { a: '{"failAge":0}' },
    expiring: { a: 'now-10000', b: 'now-10000' },
    waiting: ['a', 'b'],
    watched: { a: 'parent' },
    dependents: { [`a\t${edge('r/k', 'a')}`]: 0 },
  };
  const queue = await server.queue(before);
  expect(await queue.run(expire, args)).toEqual({ expired: ['a', 'b'], told: ['a'] });
  expect(await queue.state()).toEqual(
    expected(before, {
      expiring: undefined,
      waiting: undefined,
      failed: { a: 'now', b: 'now' },
      evicting: { a: 'now+60000' },
      releasing: { a: 'failed' },
      failures: { a: `${failure}\n`, b: `${failure}\n` },
    }),
  );
});

test('sent twice, it changes nothing more', async () => {
  const queue = await server.queue({ jobs, expiring: { a: 'now-10000' }, waiting: ['a', 'b'] });
  await queue.run(expire, args);
  const after = await queue.stored();
  expect(await queue.run(expire, args)).toEqual({ expired: [], told: [] });
  expect(await queue.stored()).toEqual(after);
});

describe('a large backlog expires in bounded steps', () => {
  test('of so many jobs, the earliest first', async () => {
    const many = Array.from({ length: 600 }, (_, i) => `job${i}`);
    const queue = await server.queue({
      meta: { schema: 1 },
      jobs: Object.fromEntries(many.map((id) => [id, '[]'])),
      traits: Object.fromEntries(many.map((id) => [id, '{"failAge":0}'])),
      expiring: Object.fromEntries(many.map((id, i) => [id, i + 1])),
      waiting: many.toReversed(),
    });
    expect(await queue.run(expire, args)).toHaveProperty('expired', many.slice(0, 256));
    expect(await violations(queue)).toEqual([]);
    expect(await queue.run(expire, args)).toHaveProperty('expired.length', 256);
    expect(await queue.run(expire, args)).toHaveProperty('expired.length', 88);
    expect(await queue.state()).toEqual({ meta: { schema: '1' } });
  });

  test('of 1,000 edges', async () => {
    const queue = await server.queue({
      jobs: { a: '["a"]', b: '["b"]', c: '["c"]' },
      deferred: { a: 'now', b: 'now', c: 'now' },
      expiring: { a: 1, b: 2, c: 3 },
      awaiting: { ...manyOpen('a', 600), ...manyOpen('b', 600), ...manyOpen('c', 600) },
    });
    expect(await queue.run(expire, args)).toHaveProperty('expired', ['a', 'b']);
    expect(await queue.state()).toMatchObject({ expiring: { c: 3 }, awaiting: manyOpen('c', 600) });
    expect(await violations(queue)).toEqual([]);
    expect(await queue.run(expire, args)).toHaveProperty('expired', ['c']);
  });
});

const late: State = {
  meta: { schema: 1, token: 9 },
  leases: { L: 'now+30000' },
  jobs,
  waiting: ['a', 'b'],
};

describe('claim', () => {
  test('never gives an expired job; it leaves it, without an entry, to expire', async () => {
    const before = { ...late, expiring: { a: 'now-10000' } };
    const queue = await server.queue(before);
    expect(await queue.run(claim, claimArgs)).toMatchObject({
      word: 'claimed',
      late: 1,
      jobs: [row('b')],
    });
    expect(await queue.state()).toEqual(
      expected(before, {
        meta: { schema: 1, token: 'now' },
        active: { b: 'L:now' },
        held: { L: 1 },
        waiting: undefined,
        expiring: { a: 0 },
        calls: { 'L:claim': '7 now claimed\nL:now\nb' },
      }),
    );
    expect(await violations(queue)).toEqual([]);
    expect(await queue.run(expire, args)).toEqual({ expired: ['a'], told: [] });
    expect(await queue.state()).toMatchObject({ failed: { a: 'now' } });
    expect(await queue.state()).not.toHaveProperty('tombstones');
  });

  test('that finds nothing but expired jobs tells how many', async () => {
    const queue = await server.queue({ ...late, expiring: { a: 'now-10000', b: 'now-10000' } });
    expect(await queue.run(claim, claimArgs)).toMatchObject({ word: 'empty', late: 2, jobs: [] });
    expect(await queue.state()).toMatchObject({ expiring: { a: 0, b: 0 } });
    const bounded = await server.queue({ ...late, expiring: { a: 'now-10000' } });
    const reply = await bounded.run(claim, { ...claimArgs, want: 1 });
    expect(reply).toMatchObject({ word: 'more', late: 1, jobs: [] });
    expect(await bounded.state()).toMatchObject({ waiting: ['b'], wake: ['1'] });
  });

  test('takes the ttl off what it gives, and tells its end; a handback gives it back', async () => {
    const traits = { b: '{"ends":now+60000}' };
    const queue = await server.queue({ ...late, traits, expiring: { b: 'now+60000' } });
    const reply = await queue.run(claim, claimArgs);
    const ends = queue.now + 60_000;
    expect(reply).toHaveProperty('jobs', [row('a'), row('b', 0, 0, ends)]);
    expect(await queue.state()).not.toHaveProperty('expiring');
    const token = 'token' in reply ? reply.token : '';
    await queue.run(handback, {}, [{ id: 'b', token, ran: 0 }]);
    expect(await queue.state()).toMatchObject({ waiting: ['b'], expiring: { b: 'now+60000' } });
    expect(await violations(queue)).toEqual([]);
  });

  test('never gives a suspect that may not have started and has expired; expire takes it', async () => {
    const suspects = { a: 'now-5000' };
    const expiring = { a: 'now-10000' };
    const queue = await server.queue({ ...late, waiting: ['b'], suspects, expiring });
    expect(await queue.run(claim, claimArgs)).toMatchObject({ word: 'more', late: 1, jobs: [] });
    expect(await queue.state()).toMatchObject({ waiting: ['b'], expiring: { a: 0 }, wake: ['1'] });
    expect(await queue.state()).not.toHaveProperty('suspects');
    expect(await violations(queue)).toEqual([]);
    expect(await queue.run(expire, args)).toHaveProperty('expired', ['a']);
    expect(await queue.state()).not.toHaveProperty('tombstones');
  });

  test('takes the ttl off a suspect that it gives', async () => {
    const suspects = { a: 'now-5000' };
    const expiring = { a: 'now+60000', b: 'now+60000' };
    const queue = await server.queue({ ...late, waiting: ['b'], suspects, expiring });
    const reply = await queue.run(claim, claimArgs);
    expect(reply).toHaveProperty('jobs', [row('a', 0, 0, queue.now + 60_000)]);
    expect(await queue.state()).toHaveProperty('expiring', { b: 'now+60000' });
  });

  test('of a suspect that had started has no ttl to look at', async () => {
    const state = { ...late, waiting: ['b'], suspects: { a: 'now' }, expiring: { b: 'now-10000' } };
    const queue = await server.queue(state);
    expect(ids(await queue.run(claim, claimArgs))).toEqual(['a']);
    expect(await queue.state()).toMatchObject({ waiting: ['b'], expiring: { b: 'now-10000' } });
  });
});

async function add(queue: Bench): Promise<unknown> {
  return await queue.run(enqueue, { call: 'p:add', number: 1, schema: 1, distinct: 1 }, [
    { id: 'a', record: '["a"]', traits: '' },
  ]);
}

async function claimed(queue: Bench, number: number): Promise<string[]> {
  return ids(await queue.run(claim, { ...claimArgs, number }));
}

describe('an id that is added anew', () => {
  const traits = { a: '{"failAge":0}' };

  test.each<[string, (queue: Bench) => Promise<unknown>]>([
    ['after it expired while it waited', (queue) => queue.run(expire, args)],
    [
      'after a claim had found it late',
      async (queue) => {
        await queue.run(claim, { ...claimArgs, number: 1, want: 1 });
        await queue.run(expire, args);
      },
    ],
    [
      'after it was removed when a claim had found it late',
      async (queue) => {
        await queue.run(claim, { ...claimArgs, number: 1, want: 1 });
        await queue.run(remove, { call: 'p:remove', number: 1, state: '' }, [{ id: 'a' }]);
      },
    ],
    [
      'after it was removed while it waited',
      (queue) => queue.run(remove, { call: 'p:remove', number: 1, state: '' }, [{ id: 'a' }]),
    ],
  ])('runs exactly once: %s', async (_, end) => {
    const queue = await server.queue({ ...late, traits, expiring: { a: 'now-10000' } });
    await end(queue);
    expect(await violations(queue)).toEqual([]);
    expect(await add(queue)).toEqual(['added']);
    expect(await violations(queue)).toEqual([]);
    expect(await claimed(queue, 8)).toEqual(['b', 'a']);
    expect(await claimed(queue, 9)).toEqual([]);
    expect(await violations(queue)).toEqual([]);
    expect(await queue.state()).not.toHaveProperty('tombstones');
  });

  test('is a duplicate while the late one waits for expire', async () => {
    const queue = await server.queue({ ...late, traits, expiring: { a: 'now-10000' } });
    await queue.run(claim, claimArgs);
    expect(await add(queue)).toEqual(['duplicate']);
  });
});

test('a job whose ttl ends while it is delayed is not claimed once it was promoted', async () => {
  const queue = await server.queue({
    ...late,
    waiting: ['b'],
    delayed: { a: 'now-5000' },
    expiring: { a: 'now-10000' },
  });
  await queue.run(promote, { limit: 100, timer: '' });
  expect(await queue.run(claim, claimArgs)).toMatchObject({ late: 1, jobs: [{ id: 'b' }] });
  expect(await violations(queue)).toEqual([]);
});
