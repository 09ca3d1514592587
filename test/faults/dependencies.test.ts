// The bugs of dependencies that others shipped, and whoever was to tell the dependents dies first.
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import { checkNow, Stage } from '../helpers/dag.js';
import { liveRedis, pause, quick, until } from '../helpers/live.js';
import { clientOf, Mortal } from '../helpers/mortal.js';
import { startProxy } from '../helpers/proxy.js';

const live = liveRedis();

/** A parent completes, and its worker is cut off for good before it can tell. */
async function untold(stage: Stage): Promise<void> {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  await stage.add('parent', 'parent');
  await stage.child('child');
  const lost = proxy.dropNextReply((command) => {
    if (!command.includes(scripts.complete.sha)) return false;
    proxy.refuse(true); // before the worker is back
    return true;
  });
  stage.worker('parent', { connection: live.as('worker', proxy), ...quick });
  await lost;
  proxy.cut();
  await stage.reaches('parent', 'parent', 'completed');
}

test('the worker that completed a parent dies before it tells: a sweep of the queue tells', async () => {
  const stage = new Stage(live);
  await untold(stage);
  await stage.isDeferred('child');
  stage.worker('parent', quick);
  await stage.reaches('child', 'child', 'waiting');
  await until(async () => (await live.redis.exists(`lunaq:{${stage.nameOf('parent')}}:releasing`)) === 0); // prettier-ignore
  expect(await live.redis.exists(`lunaq:{${stage.nameOf('parent')}}:dependents`)).toBe(0);
});

test('and nobody serves its queue any more: the child asks for itself', async () => {
  const stage = new Stage(live);
  await untold(stage);
  await checkNow(live, stage.nameOf('child'));
  stage.work(['child'], quick);
  await stage.reaches('child', 'child', 'completed');
  expect(stage.ran).toEqual(['parent', 'child']);
});

test('the parent has lost the edge, as by a lost tail: the next check registers it again', async () => {
  const stage = new Stage(live);
  await stage.add('parent', 'parent');
  await stage.child('child');
  const dependents = `lunaq:{${stage.nameOf('parent')}}:dependents`;
  const edges = await live.redis.zrange(dependents, '0', '-1');
  await live.redis.del(dependents, `lunaq:{${stage.nameOf('parent')}}:watched`);
  await checkNow(live, stage.nameOf('child'));
  stage.work(['child'], quick);
  await until(async () => (await live.redis.zcard(dependents)) === 1);
  expect(await live.redis.zrange(dependents, '0', '-1')).toEqual(edges);
  stage.work(['parent'], { stalledInterval: 60_000 });
  await stage.reaches('child', 'child', 'completed', 4_000);
});

test('a queue that can not be asked keeps no other from answering at the same check', async () => {
  const stage = new Stage(live);
  await stage.add('spoilt', 'other');
  await stage.add('child', 'first', 'complete', { dependsOn: { queue: stage.nameOf('spoilt'), id: 'other' } }); // prettier-ignore
  await stage.add('parent', 'parent');
  await stage.child('second');
  const parent = `lunaq:{${stage.nameOf('parent')}}`;
  await live.redis.del(`${parent}:dependents`, `${parent}:watched`);
  stage.work(['parent'], quick);
  await stage.reaches('parent', 'parent', 'completed');
  const results = `lunaq:{${stage.nameOf('spoilt')}}:completed`;
  await live.redis.set(results, 'no set');
  live.after(() => live.redis.del(results));
  await checkNow(live, stage.nameOf('child'));
  stage.work(['child'], quick);
  await stage.reaches('child', 'second', 'completed', 4_000);
  expect(await stage.queue().getJobState('first')).toBe('deferred');
});

test('the child has been lost, as by a lost tail: its parent tells nobody, and forgets the edge', async () => {
  const stage = new Stage(live);
  await stage.add('parent', 'parent');
  await stage.child('child');
  await stage.queue().obliterate();
  stage.work(['parent', 'child'], quick);
  await stage.reaches('parent', 'parent', 'completed');
  await until(async () => (await live.redis.exists(`lunaq:{${stage.nameOf('parent')}}:dependents`)) === 0); // prettier-ignore
  expect(await stage.queue().getJobState('child')).toBe('unknown');
});

test('a parent that is lost with its queue, and added again under its id, keeps its child waiting for the new one', async () => {
  const stage = new Stage(live);
  await stage.add('parent', 'parent');
  await stage.child('child');
  await stage.queue('parent').obliterate();
  await stage.add('parent', 'parent');
  await checkNow(live, stage.nameOf('child'));
  stage.work(['child'], quick);
  await until(async () => (await live.redis.zcard(`lunaq:{${stage.nameOf('parent')}}:dependents`)) === 1); // prettier-ignore
  await stage.isDeferred('child');
  stage.work(['parent'], quick);
  await stage.reaches('child', 'child', 'completed');
  expect(stage.ran).toEqual(['parent', 'child']);
});

test('a parent whose worker is lost and that is run again tells once, and its child runs once', async () => {
  const stage = new Stage(live);
  await stage.add('parent', 'parent');
  await stage.child('child');
  await stage.loseWithWorker('parent', 'parent');
  stage.work(['parent', 'child'], quick);
  await stage.reaches('child', 'child', 'completed');
  await pause(200);
  expect(stage.ran).toEqual(['parent', 'child']);
});

test('a parent that is put back before its dependents were told says nothing of its first end', async () => {
  const stage = new Stage(live);
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  await stage.add('parent', 'parent', 'fail');
  await stage.child('child');
  const lost = proxy.dropNextReply((command) => {
    if (!command.includes(scripts.fail.sha)) return false;
    proxy.refuse(true);
    return true;
  });
  stage.worker('parent', { connection: live.as('worker', proxy), ...quick });
  await lost;
  proxy.cut();
  await stage.reaches('parent', 'parent', 'failed');
  await stage.queue('parent').retryJob('parent');
  live.worker(() => 'this time', { name: stage.nameOf('parent') });
  stage.work(['child'], quick);
  await stage.reaches('child', 'child', 'completed');
  expect(stage.ran).toEqual(['parent', 'child']);
});

test('a retried child, again and again, leaves the edges right', async () => {
  const stage = new Stage(live);
  await stage.add('parent', 'parent', 'fail');
  await stage.child('child');
  stage.work(['parent', 'child'], quick);
  for (let round = 0; round < 5; round += 1) {
    await stage.reaches('child', 'child', 'failed');
    await stage.queue('parent').pause();
    await stage.queue('parent').retryJob('parent');
    await stage.queue().retryJob('child');
    await stage.isDeferred('child');
    expect(await live.redis.zcard(`lunaq:{${stage.nameOf('child')}}:awaiting`)).toBe(1);
    await stage.queue('parent').resume();
  }
  await stage.reaches('child', 'child', 'failed');
  expect(stage.ran).not.toContain('child');
});

test('a parent that ends when it was asked by a child that is put back, and before that is stored, is asked again at once', async () => {
  const stage = new Stage(live);
  await stage.add('parent', 'parent');
  await stage.child('child');
  await stage.queue('parent').cancel('parent');
  await stage.reaches('child', 'child', 'failed');
  await stage.queue('parent').retryJob('parent');
  const client = new Mortal(live.redis, new Set(), 'retry');
  const { name } = stage.queue();
  await client.begin((connection) =>
    clientOf(connection, name, 'lunaq').requeuer.retryJob('child'),
  );
  const dependents = `lunaq:{${stage.nameOf('parent')}}:dependents`;
  while ((await live.redis.exists(dependents)) === 0) await client.step();
  stage.work(['parent']);
  await until(async () => (await live.redis.exists(dependents)) === 0);
  while (client.alive) await client.step();
  expect(await stage.queue().getJobState('child')).toBe('waiting');
});

test.each([
  { child: 'being added', forgotten: false },
  { child: 'being added while the server forgets the script', forgotten: true },
])('the same for a child that is $child', async ({ forgotten }) => {
  const stage = new Stage(live);
  await stage.add('parent', 'parent');
  const client = new Mortal(live.redis, new Set(), 'add');
  const { name } = stage.queue();
  const dependsOn = { queue: stage.nameOf('parent'), id: 'parent' };
  await client.begin((connection) =>
    clientOf(connection, name, 'lunaq').adder.add('job', 'complete', { jobId: 'child', dependsOn }),
  );
  const dependents = `lunaq:{${stage.nameOf('parent')}}:dependents`;
  while ((await live.redis.exists(dependents)) === 0) await client.step();
  if (forgotten) {
    // The child is stored behind what asks once more, which was sent behind it.
    await client.step(true);
    await client.step();
    assert.equal(await stage.queue().getJob('child'), undefined);
  }
  stage.work(['parent']);
  await until(async () => (await live.redis.exists(dependents)) === 0);
  while (client.alive) await client.step();
  expect(await stage.queue().getJobState('child')).toBe('waiting');
});

test('a parent that is put back while a child is being added knows of it, though the child was not there when the first end was told', async () => {
  const stage = new Stage(live);
  await stage.add('parent', 'parent');
  const [parents, children] = [stage.nameOf('parent'), stage.nameOf('child')];
  const [adding, telling] = ['add', 'tell'].map((what) => new Mortal(live.redis, new Set(), what)) as [Mortal, Mortal]; // prettier-ignore
  await adding.begin((connection) => {
    const dependsOn = { queue: parents, id: 'parent' };
    return clientOf(connection, children, 'lunaq').adder.add('job', 'complete', { jobId: 'child', dependsOn }); // prettier-ignore
  });
  const dependents = `lunaq:{${parents}}:dependents`;
  while ((await live.redis.exists(dependents)) === 0) await adding.step();
  await telling.begin((connection) => clientOf(connection, parents, 'lunaq').actions.cancel('parent', { dependents: 'release' })); // prettier-ignore
  // It ends; whom to tell of that; nobody is there.
  for (let step = 0; step < 3; step += 1) await telling.step();
  await adding.step();
  await stage.queue('parent').retryJob('parent');
  while (adding.alive) await adding.step();
  while (telling.alive) await telling.step();
  expect(await live.redis.zcard(dependents)).toBe(1);
  stage.work(['parent'], { stalledInterval: 60_000 });
  await stage.reaches('child', 'child', 'waiting');
});

test('a child that is put back while its parent finishes does not wait for the next check (100 times)', async () => {
  const stage = new Stage(live);
  stage.work(['parent', 'child'], { stalledInterval: 60_000 });
  for (let round = 0; round < 100; round += 1) {
    const [parent, child] = [`p${round}`, `c${round}`];
    await stage.queue('parent').pause();
    await stage.add('parent', parent);
    await stage.add('child', child, 'complete', { dependsOn: { queue: stage.nameOf('parent'), id: parent } }); // prettier-ignore
    await stage.queue('parent').cancel(parent);
    await stage.reaches('child', child, 'failed', 4_000);
    await stage.queue('parent').retryJob(parent);
    const back = stage.queue().retryJob(child);
    for (let turn = round % 8; turn > 0; turn -= 1) await new Promise(setImmediate);
    await stage.queue('parent').resume();
    await back;
    await stage.reaches('child', child, 'completed', 4_000);
  }
  expect(stage.ran).toHaveLength(200);
});
