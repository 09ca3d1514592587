// The order of one addBulk.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { planBulk, type BulkJob } from '../../src/bulk.js';

function job(jobId: string | undefined, dependsOn?: NonNullable<BulkJob['opts']>['dependsOn']): BulkJob {
  const id = jobId === undefined ? {} : { jobId };
  return { name: 'job', data: null, opts: dependsOn === undefined ? id : { ...id, dependsOn } };
} // prettier-ignore

test('jobs that depend on none keep their order', () => {
  const plan = planBulk('q', [job('b'), job('a'), job(undefined)]);
  expect(plan.order).toEqual([0, 1, 2]);
});

test('a parent goes before its child, named by jobId, queue and id, or given as it is', () => {
  const parent = job('p');
  for (const ref of ['p', { id: 'p' }, { queue: 'q', id: 'p' }, { queueName: 'q', id: 'p' }, parent]) {
    const plan = planBulk('q', [job('c', ref), job('x'), parent]);
    expect(plan.order.indexOf(2)).toBeLessThan(plan.order.indexOf(0));
    expect(plan.jobs[0]?.parents).toEqual([2]);
  }
}); // prettier-ignore

test('what is not part of the call is taken as stored: another id, the same id of another queue', () => {
  const other = { queue: 'other', id: 'p' };
  const plan = planBulk('q', [job('c', ['stored', other]), job('p')]);
  expect(plan.jobs[0]?.parents).toEqual(['stored', other]);
});

test('an entry that is no part of the call is refused', () => {
  expect(() => planBulk('q', [job('c', [job('p')])])).toThrow(TypeError);
});

test('a cycle is refused with a RangeError that names a job of it', () => {
  expect(() => planBulk('q', [job('a', 'a')])).toThrow(RangeError);
  expect(() => planBulk('q', [job('x'), job('a', 'b'), job('b', 'c'), job('c', 'a')])).toThrow(
    /^dependsOn: job "job" \([abc]\) depends on itself$/,
  );
  const entry = job(undefined);
  entry.opts = { dependsOn: entry };
  expect(() => planBulk('q', [entry])).toThrow(RangeError);
});

test('of an id that comes twice the first is the parent', () => {
  const plan = planBulk('q', [job('c', 'p'), job('p'), job('p')]);
  expect(plan.jobs[0]?.parents).toEqual([1]);
});

test('a chain of 40,000, given backwards, is ordered without recursion', () => {
  const jobs = Array.from({ length: 40_000 }, (_, n) => job(String(n), n < 39_999 ? String(n + 1) : []));
  const plan = planBulk('q', jobs);
  expect(plan.order[0]).toBe(39_999);
  expect(plan.order.at(-1)).toBe(0);
}); // prettier-ignore

test(
  '40,000 children of one parent, given before it, are ordered in less than a second',
  { tags: ['timing'] },
  () => {
    const jobs = Array.from({ length: 40_000 }, (_, n) => job(`c${n}`, 'p'));
    const started = performance.now();
    const { order } = planBulk('q', [...jobs, job('p')]);
    expect(order[0]).toBe(40_000);
    expect(performance.now() - started).toBeLessThan(1_000);
  },
);

test(
  '1,000 children of the same 1,000 parents are ordered in less than three seconds',
  { tags: ['timing'] },
  () => {
    const parents = Array.from({ length: 1_000 }, (_, n) => job(`p${n}`));
    const ids = parents.map((_, n) => `p${n}`);
    const children = Array.from({ length: 1_000 }, (_, n) => job(`c${n}`, ids));
    const started = performance.now();
    const { order } = planBulk('q', [...children, ...parents]);
    expect(new Set(order).size).toBe(2_000);
    expect(performance.now() - started).toBeLessThan(3_000);
  },
);

test('any graph: each job once, behind its parents; or a cycle, and then there is one', () => {
  const graph = fc.array(fc.array(fc.nat(9), { maxLength: 4 }), { minLength: 1, maxLength: 10 });
  const check = (): void =>
    fc.assert(
      fc.property(graph, (parents) => {
        const own = parents.map((list) => [...new Set(list)].filter((at) => at < parents.length));
        const jobs = own.map((list, at) => job(String(at), list.map(String)));
        // What no order can hold stays when all that is free of unplaced parents was placed.
        const placed = new Set<number>();
        for (let before = -1; before < placed.size;) {
          before = placed.size;
          for (const [at, list] of own.entries())
            if (list.every((parent) => placed.has(parent))) placed.add(at);
        }
        let order: readonly number[] | undefined;
        try {
          ({ order } = planBulk('q', jobs));
        } catch (error) {
          assert.ok(error instanceof RangeError);
        }
        assert.equal(order === undefined, placed.size < own.length);
        if (!order) return;
        assert.deepEqual(order.toSorted((a, b) => a - b), [...own.keys()]); // prettier-ignore
        for (const [at, list] of own.entries())
          for (const parent of list) assert.ok(order.indexOf(parent) < order.indexOf(at));
      }),
      { numRuns: 300 },
    );
  expect(check).not.toThrow();
});
