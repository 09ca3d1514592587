// What the README's table says about the end of a parent, row by row.
import { expect, test } from 'vitest';
import type { Job, ParentFailurePolicy } from '../../src/index.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();
const policies = ['fail', 'run', 'wait'] as const;
type States = Record<ParentFailurePolicy, string>;

interface Way {
  readonly name: string;
  /** Ends the parent; the worker runs only where it is asked for. */
  readonly end: (parent: Job, run: () => Promise<void>) => Promise<unknown>;
  readonly states: States;
}

const ways: Way[] = [
  {
    name: 'completes',
    end: (_, run) => run(),
    states: { fail: 'waiting', run: 'waiting', wait: 'waiting' },
  },
  {
    name: 'fails',
    end: (_, run) => run(),
    states: { fail: 'failed', run: 'waiting', wait: 'deferred' },
  },
  {
    name: 'expires',
    end: (_, run) => run(),
    states: { fail: 'failed', run: 'waiting', wait: 'deferred' },
  },
  {
    name: 'is cancelled',
    end: (parent) => parent.cancel(),
    states: { fail: 'failed', run: 'waiting', wait: 'deferred' },
  },
  {
    name: 'is cancelled with its dependents',
    end: (parent) => parent.cancel({ dependents: 'cancel' }),
    states: { fail: 'cancelled', run: 'cancelled', wait: 'cancelled' },
  },
  {
    name: 'is cancelled, its dependents released',
    end: (parent) => parent.cancel({ dependents: 'release' }),
    states: { fail: 'waiting', run: 'waiting', wait: 'waiting' },
  },
  {
    name: 'is removed',
    end: (parent) => parent.remove(),
    states: { fail: 'failed', run: 'waiting', wait: 'failed' },
  },
  {
    name: 'fails, is put back and completes',
    end: async (parent, run) => {
      await run();
      await parent.retry();
      await run();
    },
    states: { fail: 'failed', run: 'waiting', wait: 'waiting' },
  },
];

const optionsOf = (name: string) => (name === 'expires' ? { ttl: 1 } : {});

/** Runs what waits in the parents' queue; it fails the first time where the name says so. */
function runner(way: string): () => Promise<void> {
  let fails = way.startsWith('fails');
  const worker = live.worker(
    () => {
      if (!fails) return 'done';
      fails = false;
      throw new Error('wrong');
    },
    { name: `${live.name}-parents`, autorun: false },
  );
  return () => worker.run({ burst: true });
}

async function statesOf(children: readonly Job[]): Promise<States> {
  const states = await Promise.all(children.map((child) => child.getState()));
  return Object.fromEntries(policies.map((policy, at) => [policy, states[at]])) as States;
}

test.each(ways)('a parent that $name after its dependents were added', async (way) => {
  const parents = live.queue({ name: `${live.name}-parents` });
  const queue = live.queue();
  const run = runner(way.name);
  const parent = await parents.add('parent', 1, optionsOf(way.name));
  const children = await Promise.all(
    policies.map((onParentFailure) =>
      queue.add('child', 1, { dependsOn: parent, onParentFailure }),
    ),
  );
  if (way.name === 'expires') await until(() => Date.now() > parent.timestamp + 5);
  await way.end(parent, run);
  await expect.poll(() => statesOf(children)).toEqual(way.states);
});

test.each(ways.slice(0, 4))('a parent that $name before they are added', async (way) => {
  const parents = live.queue({ name: `${live.name}-parents` });
  const queue = live.queue();
  const parent = await parents.add('parent', 1, optionsOf(way.name));
  if (way.name === 'expires') await until(() => Date.now() > parent.timestamp + 5);
  await way.end(parent, runner(way.name));
  const children = await Promise.all(
    policies.map((onParentFailure) =>
      queue.add('child', 1, { dependsOn: parent, onParentFailure }),
    ),
  );
  await expect.poll(() => statesOf(children)).toEqual(way.states);
});

test('a parent that is not stored refuses the add, whatever the policy', async () => {
  for (const onParentFailure of policies)
    await expect(
      live.queue().add('child', 1, { dependsOn: 'nobody', onParentFailure }),
    ).rejects.toMatchObject({ code: 'PARENT_UNKNOWN' });
});

test('a failed parent whose retention ends takes those that still waited for better news along', async () => {
  const parents = live.queue({ name: `${live.name}-parents` });
  const parent = await parents.add('parent', 1, { removeOnFail: { age: 3_600 } });
  const child = await live.queue().add('child', 1, { dependsOn: parent, onParentFailure: 'wait' });
  await runner('fails')();
  expect(await child.getState()).toBe('deferred');
  await live.redis.zadd(`lunaq:{${live.name}-parents}:evicting`, 1, parent.id);
  live.worker(() => 1, { name: `${live.name}-parents` });
  await until(async () => (await child.getState()) === 'failed');
});

test('a parent that is lost without a trace counts as failed when it is next asked for', async () => {
  const parents = live.queue({ name: `${live.name}-parents` });
  const queue = live.queue();
  const parent = await parents.add('parent', 1);
  const children = await Promise.all(
    policies.map((onParentFailure) =>
      queue.add('child', 1, { dependsOn: parent, onParentFailure }),
    ),
  );
  await parents.obliterate();
  for (const { id } of children) await live.redis.zadd(`lunaq:{${live.name}}:deferred`, 1, id);
  live.worker(() => 1);
  await expect
    .poll(() => statesOf(children))
    .toEqual({ fail: 'failed', run: 'completed', wait: 'failed' });
});

test('a job that failed with its parent runs again once the parent has completed', async () => {
  const queue = live.queue();
  let broken = true;
  const worker = live.worker(
    (job) => {
      if (job.name === 'parent' && broken) throw new Error('wrong');
    },
    { autorun: false },
  );
  const parent = await queue.add('parent', 1);
  const child = await queue.add('child', 1, { dependsOn: parent });
  await worker.run({ burst: true });
  await expect(child.retry()).rejects.toMatchObject({ code: 'PARENT_FAILED' });
  broken = false;
  await parent.retry();
  await worker.run({ burst: true });
  await child.retry();
  await worker.run({ burst: true });
  expect(await child.getState()).toBe('completed');
});
