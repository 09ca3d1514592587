// A parent does not complete: what its dependents do, by their policy.
import { describe, expect, test } from 'vitest';
import type { ParentFailurePolicy } from '../../src/job-options.js';
import { checkNow, evictNow, Stage } from '../helpers/dag.js';
import { liveRedis, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

const policies = ['fail', 'run', 'wait'] as const;
type End = 'failed' | 'completed' | 'deferred';

/** A way in which a parent ends, and what becomes of a child of each policy; `word` as children tell it. */
interface Fate {
  readonly ends: string;
  readonly word: string;
  readonly children: Record<ParentFailurePolicy, End>;
  /** Adds the parent; then gives what ends it. */
  readonly begin: (stage: Stage) => Promise<() => unknown>;
  /** Whether its children may still be added afterwards, or an add is refused. */
  readonly after: 'added' | 'refused';
}

const comesBack = { fail: 'failed', run: 'completed', wait: 'deferred' } as const;
const isGone = { fail: 'failed', run: 'completed', wait: 'failed' } as const;

const fates: Fate[] = [
  {
    ends: 'fails',
    word: 'failed',
    children: comesBack,
    after: 'added',
    async begin(stage) {
      await stage.add('parent', 'parent', 'fail');
      return () => stage.work(['parent'], quick);
    },
  },
  {
    ends: 'is cancelled while it waits',
    word: 'was cancelled',
    children: comesBack,
    after: 'added',
    async begin(stage) {
      await stage.add('parent', 'parent');
      return () => stage.queue('parent').cancel('parent');
    },
  },
  {
    ends: 'is cancelled while it runs',
    word: 'was cancelled',
    children: comesBack,
    after: 'added',
    async begin(stage) {
      await stage.add('parent', 'parent', 'hold');
      stage.work(['parent'], { ...quick, stopTimeout: 50 });
      await stage.reaches('parent', 'parent', 'active');
      return () => stage.queue('parent').cancel('parent');
    },
  },
  {
    ends: 'is removed',
    word: 'was removed',
    children: isGone,
    after: 'refused',
    async begin(stage) {
      await stage.add('parent', 'parent');
      return () => stage.queue('parent').remove('parent');
    },
  },
  {
    ends: 'is drained',
    word: 'was removed',
    children: isGone,
    after: 'refused',
    async begin(stage) {
      await stage.add('parent', 'parent');
      return () => stage.queue('parent').drain();
    },
  },
  {
    ends: 'is drained while it is delayed',
    word: 'was removed',
    children: isGone,
    after: 'refused',
    async begin(stage) {
      await stage.add('parent', 'parent', 'complete', { delay: 60_000 });
      return () => stage.queue('parent').drain(true);
    },
  },
  {
    ends: 'is cleaned',
    word: 'was removed',
    children: isGone,
    after: 'refused',
    async begin(stage) {
      await stage.add('parent', 'parent');
      return () => stage.queue('parent').clean(0, 0, 'waiting');
    },
  },
  {
    ends: 'expires',
    word: 'failed',
    children: comesBack,
    after: 'added',
    async begin(stage) {
      await stage.add('parent', 'parent', 'complete', { ttl: 20 });
      return async () => {
        await pause(25);
        stage.work(['parent'], quick);
      };
    },
  },
  {
    ends: 'is lost with its worker too often',
    word: 'failed',
    children: comesBack,
    after: 'added',
    async begin(stage) {
      await stage.add('parent', 'parent');
      return async () => {
        await stage.loseWithWorker('parent', 'parent');
        stage.work(['parent'], { ...quick, maxStalledCount: 0 });
      };
    },
  },
  {
    ends: 'goes with its obliterated queue',
    word: 'is not stored',
    children: isGone,
    after: 'refused',
    async begin(stage) {
      await stage.add('parent', 'parent');
      return async () => {
        await stage.queue('parent').obliterate();
        await checkNow(live, stage.nameOf('child'));
      };
    },
  },
];

describe.each(fates)('a parent that $ends', ({ begin, word, children, after }) => {
  test.each(policies)('while its child waits (%s)', async (onParentFailure) => {
    const stage = new Stage(live);
    const act = await begin(stage);
    await stage.child('child', { onParentFailure });
    const grandchild = { dependsOn: { queue: stage.nameOf('child'), id: 'child' } };
    await stage.add('grand', 'grandchild', 'complete', grandchild);
    stage.work(['child', 'grand'], quick);
    await act();
    const state = children[onParentFailure];
    if (state === 'deferred') {
      await until(async () => /failed|cancelled/.test(await stage.queue('parent').getJobState('parent'))); // prettier-ignore
      await pause(50);
      await stage.isDeferred('child');
    } else {
      await stage.reaches('child', 'child', state);
      await stage.reaches('grand', 'grandchild', state);
    }
    expect(stage.ran.includes('child')).toBe(state === 'completed');
    const reasons = [
      await stage.reasonOf('child', 'child'),
      await stage.reasonOf('grand', 'grandchild'),
    ];
    const why = [
      `parent parent of queue ${stage.nameOf('parent')} ${word}`,
      `parent child of queue ${stage.nameOf('child')} failed`,
    ];
    expect(reasons).toEqual(state === 'failed' ? why : [undefined, undefined]);
  });

  test.each(policies)('before its child is added (%s)', async (onParentFailure) => {
    const stage = new Stage(live);
    const act = await begin(stage);
    await act();
    await until(async () => /failed|cancelled|unknown/.test(await stage.queue('parent').getJobState('parent'))); // prettier-ignore
    const added = await stage.child('child', { onParentFailure }).catch((error: unknown) => error);
    expect(added).toMatchObject(after === 'refused' ? { code: 'PARENT_UNKNOWN' } : { id: 'child' });
    stage.work(['child'], quick);
    const state = after === 'refused' ? 'unknown' : children[onParentFailure];
    if (state === 'deferred') await stage.isDeferred('child');
    else await stage.reaches('child', 'child', state);
    expect(stage.ran.includes('child')).toBe(state === 'completed');
  });
});

/** A child waits for a parent whose first run has failed, and whose next would complete. */
async function failedParent(): Promise<Stage> {
  const stage = new Stage(live);
  const parents = live.queue<'fail'>({ name: stage.nameOf('parent') });
  await parents.add('job', 'fail', { jobId: 'parent' });
  await stage.child('child', { onParentFailure: 'wait' });
  const runs: string[] = [];
  live.worker(
    (job) => {
      runs.push(job.id);
      if (runs.length === 1) throw new Error('first');
      return 'second';
    },
    { ...quick, name: stage.nameOf('parent') },
  );
  await stage.reaches('parent', 'parent', 'failed');
  await stage.isDeferred('child');
  return stage;
}

describe('a child that waits for a failed parent', () => {
  test('runs when the parent is put back and completes', async () => {
    const stage = await failedParent();
    stage.work(['child'], { stalledInterval: 60_000 });
    await stage.queue('parent').retryJob('parent');
    await stage.reaches('child', 'child', 'completed', 4_000);
    const child = await stage.queue().getJob('child');
    expect(await child?.parents()).toMatchObject([{ state: 'completed', returnvalue: 'second' }]);
  });

  test('fails when the parent is removed', async () => {
    const stage = await failedParent();
    await stage.queue('parent').remove('parent');
    await stage.reaches('child', 'child', 'failed', 4_000);
    expect(await stage.reasonOf('child', 'child')).toContain('was removed');
  });

  test('fails when the parent is evicted', async () => {
    const stage = await failedParent();
    const evicting = `lunaq:{${stage.nameOf('parent')}}:evicting`;
    // Who still tells of the failure would put the time off.
    await until(async () => (await live.redis.exists(`lunaq:{${stage.nameOf('parent')}}:releasing`)) === 0); // prettier-ignore
    await live.redis.zadd(evicting, 1, 'parent');
    await stage.reaches('child', 'child', 'failed');
    expect(await stage.reasonOf('child', 'child')).toContain('was evicted');
    await evictNow(live, stage.nameOf('parent'));
    await stage.reaches('parent', 'parent', 'unknown');
  });

  test('is told of itself only: cancel it, and the parent may still be put back', async () => {
    const stage = await failedParent();
    await stage.queue().cancel('child');
    await stage.queue('parent').retryJob('parent');
    await stage.reaches('parent', 'parent', 'completed');
    expect(await stage.queue().getJobState('child')).toBe('cancelled');
  });
});

describe('cancel with a word for the dependents', () => {
  test.each(policies)('cancel takes them along, whatever their policy (%s)', async (onParentFailure) => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    await stage.child('child', { onParentFailure });
    await stage.add('grand', 'grandchild', 'complete', { onParentFailure, dependsOn: { queue: stage.nameOf('child'), id: 'child' } });
    await stage.queue('parent').cancel('parent', { dependents: 'cancel' });
    expect(await stage.queue().getJobState('child')).toBe('cancelled');
    expect(await stage.reasonOf('child', 'child')).toContain('was cancelled');
    await stage.reaches('grand', 'grandchild', 'cancelled');
  }); // prettier-ignore

  test.each(policies)('release lets them run, whatever their policy (%s)', async (onParentFailure) => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent');
    await stage.child('child', { onParentFailure });
    await stage.queue('parent').cancel('parent', { dependents: 'release' });
    expect(await stage.queue().getJobState('child')).toBe('waiting');
    stage.work(['child']);
    await stage.reaches('child', 'child', 'completed');
  }); // prettier-ignore

  test.each(['cancel', 'release'] as const)('%s holds for a parent that is running', async (dependents) => {
    const stage = new Stage(live);
    await stage.add('parent', 'parent', 'hold');
    await stage.child('child');
    stage.work(['parent'], { ...quick, stopTimeout: 50 });
    await stage.reaches('parent', 'parent', 'active');
    await stage.queue('parent').cancel('parent', { dependents });
    await stage.reaches('child', 'child', dependents === 'cancel' ? 'cancelled' : 'waiting');
    expect(await stage.queue('parent').getJobState('parent')).toBe('cancelled');
  }); // prettier-ignore

  test('another word is refused', async () => {
    const wrong = { dependents: 'kill' as 'cancel' };
    await expect(live.queue().cancel('job', wrong)).rejects.toThrow(TypeError);
  });
});
