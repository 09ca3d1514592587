// How many Redis commands each script of a plain job's life makes, in a queue whose jobs use nothing else. Features that no job uses cost
// next to nothing: `before` is what it was without dependencies, ttl, retention and cancel. `bare` is the number in a queue where no job has failed
// and no result is kept.
import { expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import type { Call } from '../../src/script.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const lease = 'L'.repeat(48);
const token = `${lease}:1700000000000000`;

/** Commands inside one call of a script. */
async function commandsOf(queue: Bench, call: Call): Promise<number> {
  await server.redis.config('RESETSTAT');
  await queue.send(call);
  const info = await server.redis.info('commandstats');
  const counts = [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)];
  const outside = new Set(['eval', 'info', 'config|resetstat']);
  return counts.reduce(
    (sum, [, name = '', calls]) => sum + (outside.has(name) ? 0 : Number(calls)),
    0,
  );
}

const jobs = Object.fromEntries([...'abcdefghij'.split(''), 's'].map((id) => [id, '["n",1,1]']));
/** Waiting, delayed, active, completed and failed jobs, results kept. */
const state = {
  meta: { schema: 1, token: 9 },
  jobs,
  leases: { [lease]: 'now+60000' },
  held: { [lease]: 5 },
  active: Object.fromEntries('abcde'.split('').map((id) => [id, token])),
  waiting: ['f', 'g', 'h'],
  delayed: { s: 'now+60000' },
  completed: { i: 'now-10000' },
  failed: { j: 'now-10000' },
  attempts: { j: 1 },
  results: { i: '{}' },
};
const numbered = { call: 'c:it', number: 1 };
const held = (id: string) => ({ id, token });

const life: [
  name: string,
  before: number,
  now: number,
  bare: number,
  call: (queue: Bench) => Call,
][] = [
  [
    'enqueue',
    10,
    10,
    10,
    (queue) =>
      queue.call(scripts.enqueue, { ...numbered, schema: 1, distinct: 1 }, [
        { id: 'n1', record: '[]', traits: '' },
        { id: 'n2', record: '[]', traits: '' },
      ]),
  ],
  [
    'claim',
    19,
    20,
    16,
    (queue) =>
      queue.call(scripts.claim, {
        ...numbered,
        schema: 1,
        lease,
        want: 2,
        allowance: 0,
        alone: 1,
        begun: '',
      }),
  ],
  [
    'complete, result kept',
    6,
    7,
    7,
    (queue) =>
      queue.call(scripts.complete, { age: '' }, [
        { ...held('a'), outcome: '{}' },
        { ...held('b'), outcome: '{}' },
      ]),
  ],
  [
    // One for dependents, one for the history of attempts.
    'complete, job forgotten',
    10,
    12,
    7,
    (queue) => queue.call(scripts.complete, { age: '0' }, [{ ...held('a'), outcome: '' }]),
  ],
  [
    'fail',
    8,
    9,
    9,
    (queue) =>
      queue.call(scripts.fail, { age: '' }, [{ ...held('a'), attempts: 1, failure: '{}' }]),
  ],
  [
    'retry',
    13,
    13,
    13,
    (queue) =>
      queue.call(scripts.retry, {}, [{ ...held('a'), attempts: 1, delay: 1_000, failure: '{}' }]),
  ],
  ['handback', 8, 8, 8, (queue) => queue.call(scripts.handback, {}, [{ ...held('a'), ends: '' }])],
  ['renew', 4, 5, 5, (queue) => queue.call(scripts.renew, { lease, period: 60_000 })],
  ['promote', 3, 3, 3, (queue) => queue.call(scripts.promote, { limit: 9 })],
  ['sweep', 5, 6, 6, (queue) => queue.call(scripts.sweep, { period: 1 })],
  ['inspect, waiting', 7, 7, 7, (queue) => queue.call(scripts.inspect, {}, [{ id: 'f' }])],
  ['inspect, completed', 7, 7, 7, (queue) => queue.call(scripts.inspect, {}, [{ id: 'i' }])],
  ['count', 5, 6, 6, (queue) => queue.call(scripts.count, {})],
];

test.each(life)('%s: %i commands before, %i now', async (_, before, now, _bare, call) => {
  const queue = await server.queue(state);
  expect(await commandsOf(queue, call(queue))).toBe(now);
  expect(now - before).toBeLessThanOrEqual(2);
});

test.each(life)('%s in a bare queue: %3$i commands', async (_, _before, _now, bare, call) => {
  const { attempts: _attempts, results: _results, completed: _c, failed: _f, ...rest } = state;
  const queue = await server.queue(rest);
  expect(await commandsOf(queue, call(queue))).toBe(bare);
});

test.each(life)(
  '%s while somebody listens: a message more',
  async (_, _before, now, _bare, call) => {
    const queue = await server.queue(state);
    await queue.redis.set(queue.keys.audience, '0');
    // Whether anything was said, GET and PUBLISH.
    expect([now, now + 1, now + 2, now + 3]).toContain(await commandsOf(queue, call(queue)));
  },
);
