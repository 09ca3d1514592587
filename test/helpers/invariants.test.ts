import { describe, expect, test } from 'vitest';
import { checkInvariants } from './invariants.js';
import { edge, type State } from './keyspace.js';
import { privateServer, type Bench } from './scripts.js';

const server = privateServer();

const of = (child: string, parent: string, policy?: string) =>
  `${child}\t${edge(child, parent, policy)}`;

const healthy: State = {
  meta: { schema: 1, token: 9, paused: 'now' },
  jobs: Object.fromEntries('a b c d e f g h i j k l m'.split(' ').map((id) => [id, '[]'])),
  waiting: ['gone', 'a', 'b', 'a', 'f'],
  tombstones: { gone: 1, a: 1, f: 1 },
  suspects: { f: 'now' },
  delayed: { c: 'now+60000' },
  deferred: { h: 'now+600000', i: 'now-10000' },
  awaiting: { [of('h', 'd')]: 0, [of('h', 'r/d', 'run')]: 0, [of('i', 'g', 'wait')]: 0 },
  dependents: {
    [`d\t${edge('h', 'd')}`]: 0,
    [`g\t${edge('i', 'g', 'wait')}`]: 0,
    // Its child has gone, and with it the other half of the edge.
    [`e\t${edge('r/gone', 'e')}`]: 0,
  },
  watched: { d: 'parent', e: 'parent', g: 'parent', a: 'awaited' },
  releasing: { e: 'completed' },
  outcomes: { h: 'q\te\tcompleted\t1\nr\te\tfailed\t\n' },
  active: { d: 'L:9', j: 'L:8!cancelled', k: 'D:7!release' },
  stopping: { 'L\tj': 0, 'D\tk': 0 },
  leases: { L: 'now+30000', D: 0 },
  held: { L: 2, D: 1 },
  attempts: { c: 2, d: 1 },
  stalls: { f: 0 },
  // The suspect f may not have started.
  traits: { a: '{"lifo":true}', d: '{"ends":now+60000}', f: '{"ends":now+60000}' },
  completed: { e: 'now' },
  failed: { g: 'now' },
  cancelled: { l: 'now' },
  evicting: { e: 'now+60000', l: 'now-10000' },
  // A claim has taken the entry of m, whose ttl had ended.
  expiring: { b: 'now-10000', c: 'now+60000', f: 'now+60000', h: 'now+60000', m: 0 },
  results: { e: '{}' },
  failures: { g: '{}\n{}\n' },
  calls: { 'L:claim': '3 now claimed\nL:9\nd', 'p:enqueue': '1 now added' },
  wake: ['1'],
};

async function violations(bench: Bench, atRest = false): Promise<string[]> {
  return await checkInvariants(bench.redis, bench.name, { prefix: bench.prefix, atRest });
}

/** What is planted in a healthy queue, and the one sentence that it must lead to. */
const planted: [sentence: string, plant: State][] = [
  ['job e is in completed and in failed', { failed: { e: 1 } }],
  ['job f is in delayed and in suspects', { delayed: { f: 1 } }],
  ['delayed names ghost, which has no record', { delayed: { ghost: 1 } }],
  ['traits has a row of ghost, which has no record', { traits: { ghost: '{}' } }],
  ['attempts has a row of ghost, which has no record', { attempts: { ghost: 1 } }],
  ['stalls has a row of ghost, which has no record', { stalls: { ghost: 1 } }],
  ['results has a row of ghost, which has no record', { results: { ghost: '{}' } }],
  ['failures has a row of ghost, which has no record', { failures: { ghost: '{}\n' } }],
  ['outcomes has a row of ghost, which has no record', { outcomes: { ghost: 'q\tp\tfailed\t\n' } }],
  ['watched has a row of ghost, which has no record', { watched: { ghost: 'awaited' } }],
  ['job a is in deferred and in suspects', { deferred: { a: 1 }, suspects: { a: 1 } }],
  ['job l is in completed and in cancelled', { completed: { l: 1 } }],
  ['cancelled names ghost, which has no record', { cancelled: { ghost: 1 } }],
  ['deferred names ghost, which has no record', { deferred: { ghost: 1 } }],
  ['waiting has 0 entries of lone, not 1 live + 0 void', { jobs: { lone: '[]' } }],
  ['waiting has 1 entries of m, not 0 live + 0 void', { waiting: ['m'] }],
  ['waiting has 1 entries of b, not 0 live + 0 void', { expiring: { b: 0 } }],
  ['waiting has 2 entries of b, not 1 live + 0 void', { waiting: ['b'] }],
  ['waiting has 1 entries of c, not 0 live + 0 void', { waiting: ['c'] }],
  ['waiting has 1 entries of ghost, not 0 live + 0 void', { waiting: ['ghost'] }],
  ['waiting has 2 entries of a, not 1 live + 2 void', { tombstones: { a: 2 } }],
  ['waiting has 0 entries of ghost, not 0 live + 1 void', { tombstones: { ghost: 1 } }],
  ['tombstones of e: 0 is no count', { tombstones: { e: 0 } }],
  ['the token of d is malformed: L', { active: { d: 'L' }, held: { L: 0 } }],
  ["the token of d is newer than meta's 9: L:10", { active: { d: 'L:10' } }],
  ['the token of j is malformed: L:8!', { active: { j: 'L:8!' } }],
  ['the token of j is malformed: L:8!stop', { active: { j: 'L:8!stop' } }],
  ['held of L is 3, but it holds 2', { held: { L: 3 } }],
  ['held of X: 0 is no count', { held: { X: 0 } }],
  ['held of X is 1, but it holds 0', { held: { X: 1 } }],
  ['held of X is missing, but it holds 1', { active: { d: 'X:3' } }],
  ['jobs are held under lease X, which is not there', { active: { d: 'X:3' }, held: { X: 1 } }],
  ['stopping lacks "L\\td", which was asked to stop', { active: { d: 'L:9!cancel' } }],
  ['stopping names "L\\tj", which was not asked to stop', { active: { j: 'L:8' } }],
  ['stopping names "L\\td", which was not asked to stop', { stopping: { 'L\td': 0 } }],
  ['stopping names "D\\tj", which was not asked to stop', { stopping: { 'D\tj': 0 } }],
  ['lone is deferred without an open edge', { jobs: { lone: '[]' }, deferred: { lone: 1 } }],
  ['h is checked in more than 10 min', { deferred: { h: 'now+620000' } }],
  ['awaiting has an edge of a, which is not deferred', { awaiting: { [of('a', 'd')]: 0 } }],
  ['awaiting has an edge of ghost, which is not deferred', { awaiting: { [of('ghost', 'd')]: 0 } }],
  [
    `awaiting has a malformed edge: ${JSON.stringify(`i\t${edge('h', 'd')}`)}`,
    { awaiting: { [`i\t${edge('h', 'd')}`]: 0 } },
  ],
  [
    `awaiting has a malformed edge: ${JSON.stringify(of('h', 'd', 'never'))}`,
    { awaiting: { [of('h', 'd', 'never')]: 0 } },
  ],
  [
    `dependents has a malformed edge: ${JSON.stringify(`e\t${edge('h', 'd')}`)}`,
    { dependents: { [`e\t${edge('h', 'd')}`]: 0 } },
  ],
  [
    'dependents has an edge of a, which is not pinned',
    { dependents: { [`a\t${edge('h', 'a')}`]: 0 } },
  ],
  [
    'dependents has an edge of ghost, which is not pinned',
    { dependents: { [`ghost\t${edge('h', 'ghost')}`]: 0 } },
  ],
  [
    'dependents has an edge of g, which is failed, and nobody is to tell of it',
    { dependents: { [`g\t${edge('r/k', 'g')}`]: 0 } },
  ],
  [
    'dependents has an edge of g, which is failed, and nobody is to tell of it',
    { watched: { g: 'parent\tremoved' } },
  ],
  ['evicting names b, which has not finished', { evicting: { b: 'now' } }],
  ['evicting names d, which has not finished', { evicting: { d: 'now' } }],
  ['evicting names ghost, which has not finished', { evicting: { ghost: 'now' } }],
  ['l is evicted at 0', { evicting: { l: 0 } }],
  ['releasing names d, which has not finished', { releasing: { d: 'completed' } }],
  ['releasing names ghost, which has not finished', { releasing: { ghost: 'completed' } }],
  ['releasing names l, which is not pinned', { releasing: { l: 'cancelled' } }],
  ['releasing of e: done is no word', { releasing: { e: 'done' } }],
  ['watched of a: seen is no word', { watched: { a: 'seen' } }],
  ['expiring names ghost, which has no record', { expiring: { ghost: 'now' } }],
  ['expiring names d, which is in active', { expiring: { d: 'now' } }],
  ['expiring names e, which is in completed', { expiring: { e: 'now' } }],
  ['expiring names g, which is in failed', { expiring: { g: 'now' } }],
  ['expiring names l, which is in cancelled', { expiring: { l: 'now' } }],
  ['c expires without an entry, but is in delayed', { expiring: { c: 0 } }],
  ['i expires without an entry, but is in deferred', { expiring: { i: 0 } }],
  ['f expires without an entry, but is in suspects', { expiring: { f: 0 } }],
  ['a has not started, but does not expire', { traits: { a: '{"ends":1900000000000}' } }],
  ['i has not started, but does not expire', { traits: { i: '{"ends":1900000000000}' } }],
  ['lease L has the deadline -1', { leases: { L: -1 } }],
  ['wake holds 2 markers', { wake: ['1'] }],
  ['attempts of c: -1 is no count', { attempts: { c: -1 } }],
  ['stalls of f: 1.5 is no count', { stalls: { f: '1.5' } }],
  ['failures of g: "{}"', { failures: { g: '{}' } }],
  [`failures of g: ${JSON.stringify('{}\n'.repeat(11))}`, { failures: { g: '{}\n'.repeat(11) } }],
  ['outcomes of h: "q\\tp\\tfailed\\t"', { outcomes: { h: 'q\tp\tfailed\t' } }],
  ['calls of p:enqueue: added', { calls: { 'p:enqueue': 'added' } }],
  ['calls of p: 1 1 added', { calls: { p: '1 1 added' } }],
  ['the record of b has 2000 bytes, its traits say nothing', { jobs: { b: 'x'.repeat(2_000) } }],
  ['the record of b has 2 bytes, its traits say 2000', { traits: { b: '{"size":2000}' } }],
];

test('a healthy queue has no violations, busy or at rest', async () => {
  const bench = await server.queue(healthy);
  expect(await violations(bench)).toEqual([]);
  expect(await violations(bench, true)).toEqual([]);
});

test.each(planted)('finds: %s', async (sentence, plant) => {
  const bench = await server.queue(healthy);
  await bench.seed(plant);
  expect(await violations(bench)).toContain(sentence);
});

test('finds a key that no queue has', async () => {
  const bench = await server.queue(healthy);
  await bench.redis.set(`${bench.keys.meta}x`, '1');
  expect(await violations(bench)).toEqual(['nobody knows the key metax']);
});

test('reads no other queue, also not one whose name looks like a pattern', async () => {
  const bench = await server.queue(healthy);
  const other = await server.queue(healthy);
  await other.seed({ held: { X: 7 } });
  expect(await violations(bench)).toEqual([]);
  expect(await checkInvariants(bench.redis, '*', { prefix: 'test' })).toEqual([]);
});

describe('when the last job has gone', () => {
  const rest: State = {
    meta: { schema: 1, token: 9 },
    leases: { L: 'now+30000' },
    calls: { 'L:claim': '3 now empty' },
    wake: ['1'],
  };

  test('meta, leases, calls and the marker may remain', async () => {
    expect(await violations(await server.queue(rest), true)).toEqual([]);
  });

  test('anything else is a leak, but only at rest', async () => {
    const orphan = { [`gone\t${edge('r/k', 'gone')}`]: 0 };
    const gone = { ...rest, waiting: ['a'], tombstones: { a: 1 }, dependents: orphan };
    const bench = await server.queue(gone);
    const unpinned = 'dependents has an edge of gone, which is not pinned';
    expect(await violations(bench)).toEqual([unpinned]);
    expect(await violations(bench, true)).toEqual([
      unpinned,
      'dependents remains though no job is left',
      'tombstones remains though no job is left',
      'waiting remains though no job is left',
    ]);
  });
});

test('reads a queue of any size in bounded steps', async () => {
  const ids = Array.from({ length: 3_000 }, (_, i) => `job${i}`);
  const jobs = Object.fromEntries(ids.map((id) => [id, '[]']));
  const bench = await server.queue({ meta: { schema: 1 }, jobs, waiting: ids });
  expect(await violations(bench)).toEqual([]);
  await bench.redis.ltrim(bench.keys.waiting, 0, -2);
  expect(await violations(bench)).toEqual([
    'waiting has 0 entries of job2999, not 1 live + 0 void',
  ]);
});
