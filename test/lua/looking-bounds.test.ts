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

/** What a script runs in instead, so that it also tells how many entries it was given or, by LPOS, has looked at. */
const meter = `
local real, seen = redis, 0
local pairwise = { HSCAN = true, ZSCAN = true }
local redis = { call = function(command, ...)
  local reply, given = real.call(command, ...), { ... }
  if pairwise[command] then
    seen = seen + #reply[2] / 2
  elseif command == 'LRANGE' or command == 'ZRANGE' then
    seen = seen + #reply / (given[#given] == 'WITHSCORES' and 2 or 1)
  elseif command == 'LPOS' then
    for at = 3, #given do
      if given[at] == 'MAXLEN' then
        local most = math.min(given[at + 1], real.call('LLEN', given[1]))
        seen = seen + (reply and reply + 1 or most)
      end
    end
  end
  return reply
end }
`;

/** How many entries of lists, sets and hashes a call looks at. */
async function entriesOf(queue: Bench, { script, argv }: Call): Promise<number> {
  const [flags = '', ...body] = script.source.split('\n');
  const metered = [flags, meter, 'local function body()', ...body, 'end', 'body()', 'return seen'];
  return (await queue.redis.call('EVAL', metered.join('\n'), ...argv)) as number;
}

test('no call looks at more than some 2,000 entries', async () => {
  const queue = await server.queue(crowd(4_000));
  const seen: [string, number][] = [];
  for (const [name, , call] of calls) seen.push([name, await entriesOf(queue, call(queue))]);
  const near = queue.call(scripts.position, { id: 'job-3500', at: 0, limit: 2_000 });
  const further = queue.call(scripts.position, { id: 'job-1500', at: 1_000, limit: 2_000 });
  seen.push(['position, near the tail', await entriesOf(queue, near)]);
  seen.push(['position, a later step', await entriesOf(queue, further)]);
  expect(seen).toEqual([
    ['count', 0],
    ['list, waiting', 1_000],
    ['list, the newest', 1_000],
    ['list, by age', 1_000],
    ['scan, waiting', 2_000],
    // Redis may give some more than it is asked for.
    ['scan, completed', expect.closeTo(1_000, -2)],
    ['position', 2_000],
    // One of them is the suspect.
    ['oldest', 2_001],
    ['position, near the tail', 2_000],
    ['position, a later step', 2_000],
  ]);
});

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
