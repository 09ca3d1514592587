import { describe, expect, test } from 'vitest';
import { checkInvariants } from './invariants.js';
import type { State } from './keyspace.js';
import { privateServer, type Bench } from './scripts.js';

const server = privateServer();

const healthy: State = {
  meta: { schema: 1, token: 9, paused: 'now' },
  jobs: { a: '[]', b: '[]', c: '[]', d: '[]', e: '[]', f: '[]', g: '[]' },
  waiting: ['gone', 'a', 'b', 'a', 'f'],
  tombstones: { gone: 1, a: 1, f: 1 },
  suspects: { f: 'now' },
  delayed: { c: 'now+60000' },
  active: { d: 'L:9' },
  leases: { L: 'now+30000', D: 0 },
  held: { L: 1 },
  attempts: { c: 2, d: 1 },
  stalls: { f: 1 },
  traits: { a: '{"lifo":true}' },
  completed: { e: 'now' },
  failed: { g: 'now' },
  results: { e: '{}', g: '{}\n{}' },
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
  ['waiting has 0 entries of lone, not 1 live + 0 void', { jobs: { lone: '[]' } }],
  ['waiting has 2 entries of b, not 1 live + 0 void', { waiting: ['b'] }],
  ['waiting has 1 entries of c, not 0 live + 0 void', { waiting: ['c'] }],
  ['waiting has 1 entries of ghost, not 0 live + 0 void', { waiting: ['ghost'] }],
  ['waiting has 2 entries of a, not 1 live + 2 void', { tombstones: { a: 2 } }],
  ['waiting has 0 entries of ghost, not 0 live + 1 void', { tombstones: { ghost: 1 } }],
  ['tombstones of e: 0 is no count', { tombstones: { e: 0 } }],
  ['the token of d is malformed: L', { active: { d: 'L' }, held: { L: 0 } }],
  ["the token of d is newer than meta's 9: L:10", { active: { d: 'L:10' } }],
  ['held of L is 2, but it holds 1', { held: { L: 2 } }],
  ['held of D: 0 is no count', { held: { D: 0 } }],
  ['held of D is 1, but it holds 0', { held: { D: 1 } }],
  ['held of D is missing, but it holds 1', { active: { d: 'D:3' } }],
  ['jobs are held under lease X, which is not there', { active: { d: 'X:3' }, held: { X: 1 } }],
  ['lease L has the deadline -1', { leases: { L: -1 } }],
  ['wake holds 2 markers', { wake: ['1'] }],
  ['attempts of c: -1 is no count', { attempts: { c: -1 } }],
  ['stalls of f: 1.5 is no count', { stalls: { f: '1.5' } }],
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
  await other.seed({ held: { D: 7 } });
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
    const bench = await server.queue({ ...rest, waiting: ['a'], tombstones: { a: 1 } });
    expect(await violations(bench)).toEqual([]);
    expect(await violations(bench, true)).toEqual([
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
