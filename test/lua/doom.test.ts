import { describe, expect, test } from 'vitest';
import { doom } from '../../src/scripts.js';
import { checkInvariants } from '../helpers/invariants.js';
import { edge, expected, manyOpen, open, type State } from '../helpers/keyspace.js';
import { hearing, privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const failure = '{"failedReason":"parent p has failed"}';
const news = (text: string, word = 'failed', cause = '{"failedReason":"x"}') => ({
  edge: text,
  word: word as 'failed',
  text: cause,
  failure,
});

async function violations(queue: Bench): Promise<string[]> {
  return await checkInvariants(queue.redis, queue.name, { prefix: queue.prefix });
}

const ap = edge('a', 'p');
const ar = edge('a', 'r/p');
const bp = edge('b', 'p');
const before: State = {
  jobs: { a: '["a"]', b: '["b"]' },
  deferred: { a: 'now+5000', b: 'now+5000' },
  expiring: { a: 'now+60000', b: 'now+60000' },
  awaiting: open(ap, ar, bp),
  outcomes: { a: 'q\to\tcompleted\t1\n' },
};

test('a child fails, and its other edges go', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(doom, {}, [news(ap)])).toEqual(['accepted']);
  expect(await queue.state()).toEqual(
    expected(before, {
      deferred: { b: 'now+5000' },
      expiring: { b: 'now+60000' },
      awaiting: open(bp),
      outcomes: { a: 'q\to\tcompleted\t1\nq\tp\tfailed\t{"failedReason":"x"}\n' },
      failed: { a: 'now' },
      failures: { a: `${failure}\n` },
    }),
  );
});

test('a child is cancelled with a parent that takes it along', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(doom, {}, [news(ap, 'cancel', '')])).toEqual(['accepted']);
  expect(await queue.state()).toEqual(
    expected(before, {
      deferred: { b: 'now+5000' },
      expiring: { b: 'now+60000' },
      awaiting: open(bp),
      outcomes: { a: 'q\to\tcompleted\t1\nq\tp\tcancel\t\n' },
      cancelled: { a: 'now' },
      failures: { a: `${failure}\n` },
    }),
  );
});

test.each(['failed', 'cancelled', 'removed', 'evicted', 'unknown'])(
  'a child fails when its parent is %s',
  async (word) => {
    const queue = await server.queue(before);
    await queue.run(doom, {}, [news(bp, word, '')]);
    expect(await queue.state()).toMatchObject({
      failed: { b: 'now' },
      outcomes: { b: `q\tp\t${word}\t\n` },
    });
  },
);

test('a child that is not kept leaves nothing', async () => {
  const traits = { a: '{"failAge":0,"child":true}' };
  const queue = await server.queue({ ...before, traits });
  expect(await queue.run(doom, {}, [news(ap)])).toEqual(['accepted']);
  expect(await queue.state()).toEqual({
    jobs: { b: '["b"]' },
    deferred: { b: 'now+5000' },
    expiring: { b: 'now+60000' },
    awaiting: open(bp),
  });
});

test('a child that is kept for a time stays as long', async () => {
  const queue = await server.queue({ ...before, traits: { b: '{"failAge":3600000}' } });
  await queue.run(doom, {}, [news(bp)]);
  expect(await queue.state()).toHaveProperty('evicting', { b: 'now+3600000' });
});

test.each([
  ['failed', 'failed', 'failed'],
  ['cancel', 'cancelled', 'cancel'],
])('its own dependents are to be told: %s', async (word, set, fate) => {
  const state: State = {
    ...before,
    traits: { b: '{"failAge":0}' },
    watched: { b: 'parent', a: 'awaited' },
    dependents: { [`b\t${edge('r/k', 'b')}`]: 0 },
  };
  const queue = await server.queue(state);
  const heard = await hearing(queue, 'events', async () => {
    const words = await queue.run(doom, {}, [news(ap), news(bp, word)]);
    expect(words).toEqual(['accepted', 'releasing']);
  });
  expect(heard.join('\n').split('\n')).toEqual(['ended\ta', 'ended\tb']);
  expect(await queue.state()).toMatchObject({
    [set]: { b: 'now' },
    releasing: { b: fate },
    evicting: { b: 'now+60000' },
  });
  expect(await violations(queue)).toEqual([]);
});

describe('only the exact edge counts', () => {
  test.each([
    ['another nonce', edge('b', 'p', 'fail', 'n2')],
    ['another policy', edge('b', 'p', 'run')],
    ['another parent', edge('b', 'o')],
    ['another child', edge('bb', 'p')],
    ['a child that is not deferred', edge('w', 'p')],
  ])('%s is absent, and nothing changes', async (_, text) => {
    const queue = await server.queue(before);
    expect(await queue.run(doom, {}, [news(text)])).toEqual(['absent']);
    expect(await queue.state()).toEqual(expected(before));
  });
});

test('a child that two parents doom fails once, by the first', async () => {
  const queue = await server.queue(before);
  const batch = [news(ar, 'removed', ''), news(ap), news(ar)];
  expect(await queue.run(doom, {}, batch)).toEqual(['accepted', 'absent', 'absent']);
  expect(await queue.state()).toMatchObject({
    outcomes: { a: 'q\to\tcompleted\t1\nr\tp\tremoved\t\n' },
    failures: { a: `${failure}\n` },
  });
});

test('sent twice, it changes nothing more', async () => {
  const queue = await server.queue(before);
  await queue.run(doom, {}, [news(ap), news(bp)]);
  const after = await queue.stored();
  expect(await queue.run(doom, {}, [news(ap), news(bp)])).toEqual(['absent', 'absent']);
  expect(await queue.stored()).toEqual(after);
});

test('once 1,000 edges are spent the rest is for another call', async () => {
  const ids = ['a', 'b', 'c'];
  const queue = await server.queue({
    jobs: { a: '["a"]', b: '["b"]', c: '["c"]' },
    deferred: { a: 'now', b: 'now', c: 'now' },
    awaiting: { ...manyOpen('a', 600), ...manyOpen('b', 600), ...manyOpen('c', 600) },
  });
  const batch = ids.map((id) => news(edge(id, 'p0')));
  expect(await queue.run(doom, {}, batch)).toEqual(['accepted', 'accepted', 'again']);
  expect(await violations(queue)).toEqual([]);
  expect(await queue.redis.zcard(queue.keys.awaiting)).toBe(600);
  expect(await queue.run(doom, {}, batch)).toEqual(['absent', 'absent', 'accepted']);
});

test('strange ids are ids', async () => {
  const strange = ['0', '1e3', '__proto__', 'two words', 'two', 'a:b', 'ü€😀'];
  const queue = await server.queue();
  const edges = strange.map((id) => edge(id, id));
  await queue.redis.hset(queue.keys.jobs, ...strange.flatMap((id) => [id, '[]']));
  await queue.redis.zadd(queue.keys.deferred, ...strange.flatMap((id) => [1, id]));
  await queue.redis.zadd(
    queue.keys.awaiting,
    ...edges.flatMap((text, i) => [0, `${strange[i]}\t${text}`]),
  );
  const words = await queue.run(
    doom,
    {},
    edges.map((text) => news(text)),
  );
  expect(words).toEqual(strange.map(() => 'accepted'));
  expect(await queue.redis.zrange(queue.keys.failed, '0', '-1')).toEqual(strange.toSorted());
  expect(await violations(queue)).toEqual([]);
});
