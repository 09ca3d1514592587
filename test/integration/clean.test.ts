// Removing jobs by state and age, or all that wait.
import { describe, expect, test, vi } from 'vitest';
import { Stage } from '../helpers/dag.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

describe('clean', () => {
  test('removes finished jobs that are old enough, the oldest first, as many as asked for', async () => {
    const queue = live.queue<number>();
    const worker = live.worker<number>(() => undefined, { concurrency: 50 });
    const added = await queue.addBulk(Array.from({ length: 600 }, (_, n) => ({ name: 'job', data: n }))); // prettier-ignore
    await until(async () => (await queue.getJobCounts()).completed === 600);
    await worker.close();
    expect(await queue.clean(60_000, 0)).toEqual([]);
    const some = await queue.clean(0, 300, 'completed');
    expect(some).toHaveLength(300);
    expect(await queue.getJobCounts()).toMatchObject({ completed: 300 });
    const rest = await queue.clean(0, 0);
    expect(new Set([...some, ...rest])).toEqual(new Set(added.map(({ id }) => id)));
    expect(await queue.getJobCounts()).toMatchObject({ completed: 0 });
  });

  test('of waiting and delayed jobs goes by the time when they were added', async () => {
    const queue = live.queue();
    const past = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 60_000);
    await queue.add('job', {}, { jobId: 'old' });
    await queue.add('job', {}, { jobId: 'old-delayed', delay: 60_000 });
    past.mockRestore();
    await queue.add('job', {}, { jobId: 'new' });
    await queue.add('job', {}, { jobId: 'new-delayed', delay: 60_000 });
    expect(await queue.clean(30_000, 0, 'waiting')).toEqual(['old']);
    expect(await queue.clean(30_000, 0, 'delayed')).toEqual(['old-delayed']);
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 1, delayed: 1 });
  });

  test('of 1,000 waiting jobs takes all, each told once', async () => {
    const queue = live.queue<number>();
    await queue.addBulk(Array.from({ length: 1_000 }, (_, n) => ({ name: 'job', data: n })));
    const ids = await queue.clean(0, 0, 'waiting');
    expect(new Set(ids).size).toBe(1_000);
    expect(ids).toHaveLength(1_000);
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 0 });
  });

  test('ends, and passes over parents that stay until their dependents were told', async () => {
    const stage = new Stage(live);
    const parents = Array.from({ length: 300 }, (_, n) => ({ name: 'job', data: 'complete' as const, opts: { jobId: `p${n}` } })); // prettier-ignore
    await stage.queue('parent').addBulk(parents);
    await stage.queue('child').addBulk(
      parents.map(({ opts: { jobId } }) => ({
        name: 'job',
        data: 'complete',
        opts: { dependsOn: { queue: stage.nameOf('parent'), id: jobId }, jobId: `c${jobId}` },
      })),
    );
    stage.work(['parent']);
    await until(async () => (await stage.queue('parent').getJobCounts()).completed === 300);
    await until(async () => (await stage.queue('child').getJobCounts()).waiting === 300);
    await stage.queue('parent').clean(0, 0, 'completed');
    expect((await stage.queue('parent').getJobCounts()).waiting).toBe(0);
    expect(await stage.queue('child').getJobCounts()).toMatchObject({ waiting: 300, failed: 0 });
  });

  test('never makes a finished job a failed one, nor removes one that is active', async () => {
    const queue = live.queue();
    live.worker(() => 'done');
    await queue.add('job', {}, { jobId: 'a' });
    await until(async () => (await queue.getJobState('a')) === 'completed');
    for (const state of ['waiting', 'delayed', 'deferred', 'failed', 'cancelled'] as const)
      expect(await queue.clean(0, 0, state)).toEqual([]);
    expect(await queue.getJobState('a')).toBe('completed');
    await expect(queue.clean(0, 0, 'active' as 'failed')).rejects.toThrow(TypeError);
    await expect(queue.clean(-1, 0)).rejects.toThrow(/^grace: /);
    await expect(queue.clean(0, Number.NaN)).rejects.toThrow(/^limit: /);
  });
});
