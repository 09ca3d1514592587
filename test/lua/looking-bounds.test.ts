// Looking at a large queue costs no more a call than looking at one of a few thousand jobs.
import { expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import type { Call } from '../../src/script.js';
import type { State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();

/** A queue of so many waiting and completed jobs, the first entries of waiting void; an id stands in the middle. */
function crowd(size: number): State {
  const ids = Array.from({ length: size }, (_, i) => `job-${i}`);
  const gone = ids.slice(0, size / 4);
  return {
    jobs: Object.fromEntries(ids.slice(size / 4).map((id) => [id, '["n",1,1]'])),
    waiting: ids,
    tombstones: Object.fromEntries(gone.map((id) => [id, 1])),
    completed: Object.fromEntries(ids.map((id, i) => [`done-${id}`, i])),
    suspects: { s: 1 },
  };
}

const range = { start: 0, stop: 999, age: '' } as const;
const calls: [name: string, most: number, call: (queue: Bench) => Call][] = [
  ['count', 6, (queue) => queue.call(scripts.count, {})],
  [
    // A HEXISTS for each entry that may be void.
    'list, waiting',
    1_015,
    (queue) => queue.call(scripts.list, { ...range, state: 'waiting', order: 'oldest' }),
  ],
  [
    'list, the newest',
    8,
    (queue) => queue.call(scripts.list, { ...range, state: 'waiting', order: 'newest' }),
  ],
  [
    'list, by age',
    4,
    (queue) =>
      queue.call(scripts.list, { ...range, state: 'completed', order: 'oldest', age: 1_000 }),
  ],
  [
    'scan, waiting',
    1,
    (queue) => queue.call(scripts.scan, { state: 'waiting', cursor: '0', count: 1_000 }),
  ],
  [
    'scan, completed',
    1,
    (queue) => queue.call(scripts.scan, { state: 'completed', cursor: '0', count: 1_000 }),
  ],
  [
    'position',
    13,
    (queue) => queue.call(scripts.position, { id: 'job-2000', at: 0, limit: 2_000 }),
  ],
  ['oldest', 1_020, (queue) => queue.call(scripts.oldest, { start: 0 })],
];

/** Commands inside of a call, and bytes of its answer. */
async function costOf(queue: Bench, call: Call): Promise<{ commands: number; bytes: number }> {
  await server.redis.config('RESETSTAT');
  const reply = await queue.redis.call('EVAL', call.script.source, ...call.argv);
  const info = await server.redis.info('commandstats');
  const counts = [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)];
  const outside = new Set(['eval', 'info', 'config|resetstat']);
  const commands = counts
    .filter(([, name = '']) => !outside.has(name))
    .reduce((sum, [, , times]) => sum + Number(times), 0);
  return { commands, bytes: JSON.stringify(reply).length };
}

test('at 4,000 jobs and at 40,000 a call makes as many commands, and answers as much', async () => {
  const [small, large] = [await server.queue(crowd(4_000)), await server.queue(crowd(40_000))];
  for (const [name, most, call] of calls) {
    const few = await costOf(small, call(small));
    const many = await costOf(large, call(large));
    expect([name, many.commands <= most, many.commands]).toEqual([name, true, many.commands]);
    expect([name, few.commands <= most, few.commands]).toEqual([name, true, few.commands]);
    expect(many.bytes).toBeLessThan(2 * few.bytes + 1_000);
  }
});
