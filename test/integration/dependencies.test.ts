// Jobs that depend on others, in the same queue and in others, while nothing goes wrong.
import { describe, expect, test } from 'vitest';
import type { ParentJob } from '../../src/store.js';
import { Stage } from '../helpers/dag.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

/** Sweeps come too late to be what a test sees. */
const unswept = { stalledInterval: 60_000 };

/** How long each parent's result is. */
async function lengths(job: {
  parents: () => Promise<ParentJob[]>;
}): Promise<Record<string, number>> {
  const parents = await job.parents();
  return Object.fromEntries(parents.map(({ id, returnvalue }) => [id, String(returnvalue).length]));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('a child', () => {
  test('waits for its parent in another queue, and runs at once when it has completed', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    const child = await stage.child('child');
    expect(await child.getState()).toBe('deferred');
    stage.work(['child', 'parent'], unswept);
    await stage.reaches('child', 'child', 'completed', 4_000);
    expect(stage.ran).toEqual(['parent', 'child']);
  });

  test('of the same queue is named by its id alone, by the job, or by queue and id', async () => {
    const stage = new Stage(live);
    const parent = await stage.add('q', 'parent');
    await stage.add('q', 'a', 'complete', { dependsOn: 'parent' });
    await stage.add('q', 'b', 'complete', { dependsOn: parent });
    await stage.add('q', 'c', 'complete', { dependsOn: [{ id: 'parent' }] });
    expect(await stage.queue('q').getJobCounts()).toMatchObject({ waiting: 1, deferred: 3 });
    stage.work(['q'], unswept);
    for (const id of ['a', 'b', 'c']) await stage.reaches('q', id, 'completed', 4_000);
  });

  test('of a parent that has completed already goes where it belongs at once', async () => {
    const stage = new Stage(live);
    stage.work(['parent'], unswept);
    await stage.add('parent', 'parent');
    await stage.reaches('parent', 'parent', 'completed');
    expect(await (await stage.child('child')).getState()).toBe('waiting');
    expect(await (await stage.child('later', { delay: 60_000 })).getState()).toBe('delayed');
    const [parent] = (await (await stage.queue().getJob('child'))?.parents()) ?? [];
    expect(parent).toEqual({ queue: stage.nameOf('parent'), id: 'parent', state: 'completed', blocking: false, returnvalue: 'result of parent' }); // prettier-ignore
  });

  test('of a parent that is not stored is refused, and nothing is added', async () => {
    const stage = new Stage(live);
    await expect(stage.child('child')).rejects.toMatchObject({ code: 'PARENT_UNKNOWN' });
    expect(await stage.queue().getJobState('child')).toBe('unknown');
  });

  test('that names its parents twice waits for each once', async () => {
    const stage = new Stage(live);
    await stage.add('q', 'a');
    const child = await stage.add('q', 'c', 'complete', { dependsOn: ['a', { id: 'a' }, 'a'] });
    expect(await child.parents()).toHaveLength(1);
    stage.work(['q'], unswept);
    await stage.reaches('q', 'c', 'completed', 4_000);
  });

  test('that depends on itself is refused', async () => {
    const stage = new Stage(live);
    await expect(stage.add('q', 'a', 'complete', { dependsOn: 'a' })).rejects.toThrow(RangeError);
    const other = { queue: stage.nameOf('other'), id: 'a' };
    await stage.add('other', 'a');
    await stage.add('q', 'a', 'complete', { dependsOn: other }); // the same id of another queue
  });

  test('that is added twice, with other parents, stays as it was added first and runs once', async () => {
    const stage = new Stage(live);
    await stage.add('q', 'a');
    await stage.add('q', 'b', 'hold');
    await stage.add('q', 'c', 'complete', { dependsOn: 'a' });
    const again = await stage.add('q', 'c', 'complete', { dependsOn: 'b' });
    expect(again.duplicate).toBe(true);
    expect((await again.parents()).map(({ id }) => id)).toEqual(['a']);
    stage.work(['q'], unswept);
    await stage.reaches('q', 'c', 'completed', 4_000);
    stage.letGo();
    await stage.reaches('q', 'b', 'completed', 4_000);
    await pause(50);
    expect(stage.ran.filter((id) => id === 'c')).toHaveLength(1);
    expect(await live.redis.exists(`lunaq:{${stage.nameOf('q')}}:dependents`)).toBe(0);
  });

  test('that is added twice at once, in two calls and in one, runs once', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    const other = live.queue({ name: stage.nameOf('child') });
    const dependsOn = { queue: stage.nameOf('parent'), id: 'parent' };
    const added = await Promise.all([
      stage.child('c'),
      stage.child('c'),
      other.add('job', 'complete', { jobId: 'c', dependsOn }),
    ]);
    expect(added.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    stage.work(['parent', 'child'], unswept);
    await stage.reaches('child', 'c', 'completed', 4_000);
    await stage.reaches('parent', 'parent', 'completed');
    await pause(50);
    expect(stage.ran).toEqual(['parent', 'c']);
  });

  test('runs once when its parent finishes while it is being added (500 times)', async () => {
    const stage = new Stage(live);
    stage.work(['parent', 'child'], unswept);
    const rounds = Array.from({ length: 500 }, (_, n) => n);
    for (const n of rounds) {
      const parent = stage.add('parent', `p${n}`);
      // Now and then behind the parent's answer by some turns of the event loop.
      const { id } = await parent;
      for (let turn = n % 9; turn > 0; turn -= 1) await new Promise(setImmediate);
      const dependsOn = { queue: stage.nameOf('parent'), id };
      void stage.add('child', `c${n}`, 'complete', { dependsOn });
    }
    await until(async () => (await stage.queue().getJobCounts()).completed === 500, 3_000);
    expect(stage.ran.filter((id) => id.startsWith('c'))).toHaveLength(500);
  });

  test('of several parents runs when the last has completed, whichever that is', async () => {
    const stage = new Stage(live);
    for (const id of ['a', 'b', 'c']) await stage.add(id, id, 'hold');
    const dependsOn = ['a', 'b', 'c'].map((id) => ({ queue: stage.nameOf(id), id }));
    const child = await stage.add('child', 'child', 'complete', { dependsOn });
    await stage.add('child', 'other', 'complete', { dependsOn: dependsOn.slice(0, 1) });
    stage.work(['child', 'b'], unswept);
    stage.letGo();
    await until(async () => (await child.blockers()).length === 2);
    expect((await child.blockers()).map(({ id }) => id)).toEqual(['a', 'c']);
    stage.work(['c'], unswept);
    await until(async () => (await child.blockers()).length === 1);
    await stage.isDeferred('child');
    stage.work(['a'], unswept);
    await stage.reaches('child', 'child', 'completed', 4_000);
    const results = (await child.parents()).map(({ returnvalue }) => String(returnvalue));
    expect(new Set(results)).toEqual(new Set(['result of a', 'result of b', 'result of c'])); // prettier-ignore
  });

  test('keeps its delay, from when it was added; its place at the head; its ttl', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    const before = Date.now();
    await stage.child('delayed', { delay: 400 });
    await stage.child('late', { delay: 60_000 });
    await stage.child('first', { lifo: true });
    await stage.child('short', { ttl: 60_000 });
    stage.work(['parent'], unswept);
    await until(async () => (await stage.queue().getJobCounts()).deferred === 0);
    const counts = await stage.queue().getJobCounts();
    expect(counts).toMatchObject({ waiting: 2, delayed: 2 });
    expect((await stage.queue().getJobs('waiting', { asc: true })).map(({ id }) => id)).toEqual(['first', 'short']); // prettier-ignore
    stage.work(['child']);
    await stage.reaches('child', 'delayed', 'completed', 4_000);
    expect(Date.now() - before).toBeGreaterThanOrEqual(395);
    expect(await stage.queue().getJobState('late')).toBe('delayed');
    await stage.reaches('child', 'short', 'completed');
  });

  test('with a parent in a queue that no worker serves waits, and blocks nobody', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    await stage.child('child');
    await stage.add('child', 'free');
    stage.work(['child']);
    await stage.reaches('child', 'free', 'completed');
    await stage.isDeferred('child');
    expect(await (await stage.queue().getJob('child'))?.blockers()).toEqual([
      { queue: stage.nameOf('parent'), id: 'parent', state: 'waiting', blocking: true },
    ]);
  });

  test('that is retried after a failed attempt, or put back, does not wait for its parents again', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    const dependsOn = { queue: stage.nameOf('parent'), id: 'parent' };
    await stage.add('child', 'child', 'fail', { dependsOn });
    stage.work(['parent', 'child'], unswept);
    await stage.reaches('child', 'child', 'failed', 4_000);
    await stage.queue('parent').remove('parent');
    await stage.queue().retryJob('child');
    await until(() => stage.ran.filter((id) => id === 'child').length === 2);
    await stage.reaches('child', 'child', 'failed');
    const child = await stage.queue().getJob('child');
    expect(await child?.parents()).toMatchObject([{ state: 'completed', returnvalue: 'result of parent' }]); // prettier-ignore
  });
});

describe('removing and cancelling', () => {
  test('a child that waits leaves nothing behind, and its parent works on', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    for (const id of ['removed', 'cancelled', 'stays']) await stage.child(id);
    await stage.queue().remove('removed');
    await stage.queue().cancel('cancelled', { reason: 'why' });
    expect(await stage.queue().getJobState('removed')).toBe('unknown');
    expect(await stage.queue().getJob('cancelled')).toMatchObject({ failedReason: 'why' });
    stage.work(['parent', 'child'], unswept);
    await stage.reaches('child', 'stays', 'completed', 4_000);
    expect(stage.ran).toEqual(['parent', 'stays']);
    await until(async () => (await live.redis.exists(`lunaq:{${stage.nameOf('parent')}}:dependents`)) === 0); // prettier-ignore
  });

  test('a removed child that is added again waits anew and runs once', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    await stage.child('child');
    await stage.queue().remove('child');
    await stage.child('child');
    stage.work(['parent', 'child'], unswept);
    await stage.reaches('child', 'child', 'completed', 4_000);
    await pause(50);
    expect(stage.ran).toEqual(['parent', 'child']);
  });

  test('clean takes deferred jobs, drain leaves them', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    for (const id of ['a', 'b']) await stage.child(id);
    await stage.queue().drain(true);
    expect(await stage.queue().getJobCounts()).toMatchObject({ deferred: 2 });
    const cleaned = await stage.queue().clean(0, 0, 'deferred');
    expect(cleaned.toSorted()).toEqual(['a', 'b']);
    expect(await live.violations(stage.nameOf('child'))).toEqual([]);
    expect(await live.redis.exists(`lunaq:{${stage.nameOf('child')}}:awaiting`)).toBe(0);
  });
});

describe('looking', () => {
  test('a parent tells its dependents, of any queue, until they were told', async () => {
    const stage = new Stage(live);
    const parent = await stage.add('parent', 'parent');
    await stage.child('a');
    await stage.add('parent', 'b', 'complete', { dependsOn: 'parent' });
    expect((await all(parent.dependents())).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
      { queue: stage.nameOf('child'), id: 'a' },
      { queue: stage.nameOf('parent'), id: 'b' },
    ]);
    stage.work(['parent'], unswept);
    await stage.reaches('parent', 'b', 'completed', 4_000);
    await until(async () => (await all(parent.dependents())).length === 0);
  });

  test('a result over 64 KiB is read from its parent, and so are many that are larger together', async () => {
    const parents = live.queue<number, string>({ name: `${live.name}-p` });
    const children = live.queue<null, number>({ name: `${live.name}-c` });
    const sizes = [300_000, 70_000, 65_000, ...Array.from({ length: 40 }, () => 5_000), 3];
    const ids = sizes.map((_, n) => `p${n}`);
    await Promise.all(sizes.map((size, n) => parents.add('job', size, { jobId: ids[n] as string })));
    const dependsOn = ids.map((id) => ({ queue: parents.name, id }));
    const expected = Object.fromEntries(ids.map((id, n) => [id, sizes[n]]));
    const child = await children.add('job', null, { dependsOn });
    const seen: Record<string, number>[] = [];
    live.worker<number, string>((job) => 'x'.repeat(job.data), { name: parents.name, concurrency: 9, ...unswept }); // prettier-ignore
    live.worker(async (job) => void seen.push(await lengths(job)), { name: children.name, ...unswept }); // prettier-ignore
    await until(async () => (await child.getState()) === 'completed');
    expect(seen).toEqual([expected]);
    const row = await live.redis.hstrlen(`lunaq:{${children.name}}:outcomes`, child.id);
    expect(row).toBeLessThan(70_000);
    // The same when all had completed before it was added.
    const late = await children.add('job', null, { dependsOn });
    expect(await lengths(late)).toEqual(expected);
  }); // prettier-ignore
});
