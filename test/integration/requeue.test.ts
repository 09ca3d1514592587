// Putting finished jobs back: one, or all of a state; those with parents.
import { describe, expect, test } from 'vitest';
import { Stage } from '../helpers/dag.js';
import { liveRedis, quick, until } from '../helpers/live.js';

const live = liveRedis();

describe('retryJob', () => {
  test('puts a completed, failed or cancelled job back, with attempts, result and failures cleared', async () => {
    const queue = live.queue<string>();
    let broken = true;
    const worker = live.worker<string>((job) => {
      if (broken && job.data === 'fail') throw new Error('broken');
      return 'result';
    });
    await queue.add('job', 'complete', { jobId: 'completed' });
    await queue.add('job', 'fail', { jobId: 'failed', attempts: 2 });
    await until(async () => (await queue.getJobState('failed')) === 'failed');
    await until(async () => (await queue.getJobState('completed')) === 'completed');
    await worker.close();
    await queue.add('job', 'complete', { jobId: 'cancelled' });
    await queue.cancel('cancelled');
    for (const id of ['completed', 'failed', 'cancelled']) {
      await queue.retryJob(id);
      expect(await queue.getJobState(id)).toBe('waiting');
      expect(await queue.getJob(id)).toMatchObject({ attemptsMade: 0, history: [], stacktrace: [], returnvalue: undefined, failedReason: undefined }); // prettier-ignore
    }
    broken = false;
    live.worker<string>(() => 'again');
    await until(async () => (await queue.getJobCounts()).completed === 3);
    expect(await queue.getJob('failed')).toMatchObject({ attemptsMade: 1, returnvalue: 'again', failedReason: undefined }); // prettier-ignore
  });

  test('of a job that has not finished, or is not stored, is refused', async () => {
    const queue = live.queue();
    await queue.add('job', {}, { jobId: 'waiting' });
    await queue.add('job', {}, { jobId: 'delayed', delay: 60_000 });
    for (const id of ['waiting', 'delayed'])
      await expect(queue.retryJob(id)).rejects.toMatchObject({ code: 'JOB_NOT_FINISHED', ids: [id] }); // prettier-ignore
    await expect(queue.retryJob('nobody')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  test('twice at once puts it back once', async () => {
    const queue = live.queue();
    const runs: string[] = [];
    live.worker((job) => void runs.push(job.id));
    await queue.add('job', {}, { jobId: 'a' });
    await until(async () => (await queue.getJobState('a')) === 'completed');
    await queue.pause();
    const results = await Promise.allSettled([queue.retryJob('a'), queue.retryJob('a')]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await queue.resume();
    await until(async () => (await queue.getJobState('a')) === 'completed');
    expect(runs).toEqual(['a', 'a']);
  });

  test('of a job that was to be evicted keeps it', async () => {
    const queue = live.queue();
    let broken = true;
    live.worker(() => {
      if (broken) throw new Error('broken');
    }, quick);
    await queue.add('job', {}, { jobId: 'a', removeOnFail: { age: 1 } });
    await until(async () => (await queue.getJobState('a')) === 'failed');
    broken = false;
    await queue.retryJob('a');
    await until(async () => (await queue.getJobState('a')) === 'completed');
    expect(await live.redis.exists(`lunaq:{${live.name}}:evicting`)).toBe(0);
  });
});

describe('retryJobs', () => {
  test('puts back 1,000, the oldest first, or as many as asked for', async () => {
    const queue = live.queue<number>();
    await queue.addBulk(Array.from({ length: 1_000 }, (_, n) => ({ name: 'job', data: n })));
    const worker = live.worker<number>(
      () => {
        throw new Error('broken');
      },
      { concurrency: 100 },
    );
    await until(async () => (await queue.getJobCounts()).failed === 1_000);
    await worker.close();
    expect(await queue.retryJobs({ count: 300 })).toBe(300);
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 300, failed: 700 });
    expect(await queue.retryJobs({ timestamp: Date.now() - 60_000 })).toBe(0);
    expect(await queue.retryJobs()).toBe(700);
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 1_000, failed: 0 });
  });

  test.each<[object, typeof TypeError]>([
    [{ count: -1 }, RangeError],
    [{ timestamp: 1.5 }, RangeError],
    [{ state: 'waiting' }, TypeError],
    [{ stat: 'failed' }, TypeError],
  ])('%j is refused', async (options, kind) => {
    await expect(live.queue().retryJobs(options)).rejects.toThrow(kind);
  });
});

describe('putting a child back', () => {
  test('whose parent has failed is refused; when the parent has completed after all, it runs', async () => {
    const stage = new Stage(live);
    let broken = true;
    await stage.add('parent', 'parent');
    await stage.child('child');
    live.worker(
      () => {
        if (broken) throw new Error('broken');
      },
      { name: stage.nameOf('parent') },
    );
    await stage.reaches('child', 'child', 'failed');
    await expect(stage.queue().retryJob('child')).rejects.toMatchObject({ code: 'PARENT_FAILED' });
    expect(await stage.queue().retryJobs()).toBe(0);
    broken = false;
    await stage.queue('parent').retryJob('parent');
    await stage.reaches('parent', 'parent', 'completed');
    await stage.queue().retryJob('child');
    stage.work(['child']);
    await stage.reaches('child', 'child', 'completed');
  });

  test('while its parent runs again waits for it', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    await stage.child('child');
    await stage.queue('parent').cancel('parent');
    await stage.reaches('child', 'child', 'failed');
    await stage.queue('parent').retryJob('parent');
    await stage.queue().retryJob('child');
    await stage.isDeferred('child');
    stage.work(['parent', 'child'], { stalledInterval: 60_000 });
    await stage.reaches('child', 'child', 'completed', 4_000);
    expect(stage.ran).toEqual(['parent', 'child']);
  });

  test('passes what its policy has accepted, and waits for the others', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'good');
    await stage.add('parent', 'bad', 'fail');
    const dependsOn = ['good', 'bad'].map((id) => ({ queue: stage.nameOf('parent'), id }));
    await stage.add('child', 'child', 'complete', { dependsOn });
    stage.work(['parent']);
    await stage.reaches('child', 'child', 'failed');
    await stage.reaches('parent', 'good', 'completed');
    await stage.queue('parent').pause();
    await stage.queue('parent').retryJob('bad');
    await stage.queue().retryJob('child');
    const child = await stage.queue().getJob('child');
    expect((await child?.blockers())?.map(({ id }) => id)).toEqual(['bad']);
    await stage.queue('parent').cancel('bad', { dependents: 'release' });
    await stage.reaches('child', 'child', 'waiting');
    expect((await child?.parents())?.map(({ id, state }) => [id, state]).toSorted()).toEqual([['bad', 'cancelled'], ['good', 'completed']]); // prettier-ignore
  });

  test('that has expired is possible, and it does not expire again', async () => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    await stage.child('child', { ttl: 10 });
    stage.work(['child'], quick);
    await stage.reaches('child', 'child', 'failed');
    expect(await stage.reasonOf('child', 'child')).toBe('expired');
    await stage.queue().retryJob('child');
    await stage.isDeferred('child');
    stage.work(['parent'], quick);
    await stage.reaches('child', 'child', 'completed');
  });
});
