// What one call of 256 jobs costs Redis when each of them is a parent with a ttl, on a machine that does other things too.
import { expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import type { Call } from '../../src/script.js';
import { edge, type State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
/** Several times what it takes when nobody disturbs; what grows with the square of a batch takes far longer. */
const limit = 20_000;

const ids = Array.from({ length: 256 }, (_, i) => `twelve-${String(i).padStart(5, '0')}`);
const items = ids.map((id) => ({ id }));
const all = (value: string | number) => Object.fromEntries(ids.map((id) => [id, value]));
const failure = '{"failedReason":"why"}';
const numbered = { call: 'p:it', number: 1 };
const child = (id: string) => edge(id, 'p');

const base: State = {
  meta: { schema: 1, token: 9 },
  jobs: all('[]'),
  traits: all('{"ttl":1,"failAge":60000}'),
  watched: all('parent'),
};
const waiting: State = { ...base, waiting: ids, expiring: all('now+60000') };
const active: State = { ...base, active: all('L:8'), held: { L: 256 }, leases: { L: 'now+60000' } };
const asked: State = {
  ...active,
  active: all('L:8!cancel'),
  stopping: Object.fromEntries(ids.map((id) => [`L\t${id}`, 0])),
};
const deferred: State = {
  ...base,
  deferred: all('now-10000'),
  awaiting: Object.fromEntries(ids.map((id) => [`${id}\t${child(id)}`, 0])),
};
const completed: State = { ...base, completed: all('now-60000'), evicting: all('now-10000') };
const held = ids.map((id) => ({ id, token: 'L:8' }));
const cancelled = { ...numbered, word: 'cancel', failure } as const;

const worst: [name: string, state: State, call: (queue: Bench) => Call][] = [
  ['cancel, waiting', waiting, (queue) => queue.call(scripts.cancel, cancelled, items)],
  ['cancel, active', active, (queue) => queue.call(scripts.cancel, cancelled, items)],
  [
    'remove',
    waiting,
    (queue) => queue.call(scripts.remove, { ...numbered, state: 'waiting' }, items),
  ],
  ['drain', waiting, (queue) => queue.call(scripts.drain, { ...numbered, limit: 256, delayed: 1 })],
  [
    'expire',
    { ...waiting, expiring: all('now-10000') },
    (queue) => queue.call(scripts.expire, { limit: 256, failure }),
  ],
  [
    'complete',
    active,
    (queue) =>
      queue.call(
        scripts.complete,
        { age: '60000' },
        held.map((job) => ({ ...job, outcome: '1' })),
      ),
  ],
  ['stop', asked, (queue) => queue.call(scripts.stop, { age: '60000' }, held)],
  [
    'evict',
    completed,
    (queue) => queue.call(scripts.evict, { limit: 256, completed: '', failed: '' }),
  ],
  [
    'requeue',
    completed,
    (queue) =>
      queue.call(
        scripts.requeue,
        { ...numbered, state: '' },
        ids.map((id) => ({ id, stamp: '', edges: '', outcomes: '' })),
      ),
  ],
  [
    'arrive',
    deferred,
    (queue) =>
      queue.call(
        scripts.arrive,
        {},
        ids.map((id) => ({ edge: child(id), word: 'completed', text: '1' })),
      ),
  ],
  [
    'doom',
    deferred,
    (queue) =>
      queue.call(
        scripts.doom,
        {},
        ids.map((id) => ({ edge: child(id), word: 'failed', text: '', failure })),
      ),
  ],
  [
    'depend',
    waiting,
    (queue) =>
      queue.call(
        scripts.depend,
        {},
        ids.map((parent) => ({ parent, edge: edge('r/k', parent) })),
      ),
  ],
];

test.each(worst)('%s', { tags: ['timing'] }, async (_, state, call) => {
  const times: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const queue = await server.queue(state);
    await server.redis.config('RESETSTAT');
    await queue.send(call(queue));
    const stats = await server.redis.info('commandstats');
    times.push(Number(/cmdstat_eval:.*?usec=(\d+)/.exec(stats)?.[1]));
  }
  expect(Math.min(...times)).toBeLessThan(limit);
});
