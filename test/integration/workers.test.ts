// Who works on a queue, as `getWorkers` tells it. Workers that are killed or frozen: faults/gone-workers.test.ts.
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import type { Queue } from '../../src/queue.js';
import { Worker } from '../../src/worker.js';
import type { WorkerInfo } from '../../src/reporting/workers.js';
import { startWorker } from '../helpers/child.js';
import { gate, liveRedis, quick, until } from '../helpers/live.js';

const live = liveRedis();

const rowsOf = async (name = live.name) => await live.redis.hgetall(`lunaq:{${name}}:workers`);

/** The one worker of a queue, once `condition` holds of it. */
async function worker(
  queue: Queue,
  condition: (info: WorkerInfo) => boolean = () => true,
): Promise<WorkerInfo> {
  let found: WorkerInfo | undefined;
  await until(async () => {
    const [first, ...others] = await queue.getWorkers();
    found = first;
    return others.length === 0 && first !== undefined && condition(first);
  });
  return found as WorkerInfo;
}

test('a worker tells who it is as soon as it runs, and goes when it is closed', async () => {
  const queue = live.queue();
  expect(await queue.getWorkers()).toEqual([]);
  expect(await queue.getWorkersCount()).toBe(0);
  const before = Date.now();
  const running = live.worker(() => 1, { concurrency: 7, lockDuration: 5_000 });
  const info = await worker(queue);
  expect(info).toEqual({
    id: expect.stringMatching(/^\w{48}$/) as string,
    name: undefined,
    host: hostname(),
    pid: process.pid,
    started: expect.any(Number) as number,
    heartbeat: expect.any(Number) as number,
    state: 'idle',
    queues: [live.name],
    queueCount: 1,
    concurrency: 7,
    active: 0,
    jobs: [],
    counters: { started: 0, completed: 0, failed: 0, retried: 0, cancelled: 0, runTime: 0 },
  });
  for (const time of [info.started, info.heartbeat]) {
    expect(time).toBeGreaterThanOrEqual(before - 10);
    expect(time).toBeLessThanOrEqual(Date.now() + 10);
  }
  expect(await queue.getWorkersCount()).toBe(1);
  await running.close();
  expect(await queue.getWorkers({ gone: true })).toEqual([]);
  expect(await queue.getWorkersCount()).toBe(0);
  expect(await rowsOf()).toEqual({});
});

test('what it runs, what it has done, and whether it is paused', async () => {
  const queue = live.queue<number>();
  const held = gate();
  const jobs = await queue.addBulk([
    { name: 'quick', data: 1 },
    { name: 'wrong', data: 2 },
    { name: 'long', data: 3 },
    { name: 'long', data: 4 },
  ]);
  const running = live.track(
    new Worker(
      live.name,
      {
        quick: () => undefined,
        wrong: () => Promise.reject(new Error('wrong')),
        long: () => held.opened,
      },
      { connection: live.as('worker'), ...quick, name: 'north 1', concurrency: 4 },
    ),
  );
  const busy = await worker(
    queue,
    ({ jobs: { length }, counters }) => length === 2 && counters.started === 4,
  );
  expect(busy).toMatchObject({
    name: 'north 1',
    state: 'busy',
    active: 2,
    jobs: jobs.slice(2).map(({ id }) => ({ id, name: 'long' })),
    counters: { started: 4, completed: 1, failed: 1 },
  });
  for (const { startedAt } of busy.jobs) expect(Date.now() - startedAt).toBeLessThan(5_000);
  running.concurrency = 9;
  const pausing = running.pause();
  expect(await worker(queue, ({ concurrency }) => concurrency === 9)).toMatchObject({
    state: 'busy',
  });
  held.open();
  await pausing;
  expect(await worker(queue, ({ state }) => state === 'paused')).toMatchObject({
    active: 0,
    jobs: [],
  });
  running.resume();
  const idle = await worker(queue, ({ state }) => state === 'idle');
  expect(idle.counters).toMatchObject({ started: 4, completed: 3, failed: 1 });
  expect(idle.counters.runTime).toBeGreaterThan(50);
});

test('the heartbeat of an idle worker moves, though it writes nothing', async () => {
  const queue = live.queue();
  live.worker(() => 1, { lockDuration: 300, lockRenewTime: 50 });
  const { heartbeat } = await worker(queue);
  const rows = await rowsOf();
  await worker(queue, (info) => info.heartbeat >= heartbeat + 100);
  expect(await rowsOf()).toEqual(rows);
});

test('of the jobs that it runs, a hundred are named, and all are counted', async () => {
  const queue = live.queue();
  const held = gate();
  await queue.addBulk(Array.from({ length: 150 }, () => ({ name: 'job', data: 0 })));
  live.worker(() => held.opened, { concurrency: 200 });
  const info = await worker(queue, ({ jobs }) => jobs.length === 100);
  expect(info.active).toBe(150);
  held.open();
});

test('a worker of several queues stands in each, with the jobs of that queue', async () => {
  const names = Array.from({ length: 20 }, (_, at) => `${live.name}-${at}`);
  const queues = names.map((name) => live.queue({ name }));
  const held = gate();
  await queues[1]?.add('held', 0);
  live.track(new Worker(names, () => held.opened, { connection: live.as('worker'), ...quick }));
  const busy = await worker(queues[1] as Queue, ({ jobs }) => jobs.length === 1);
  const idle = await worker(queues[0] as Queue);
  expect(busy).toMatchObject({ state: 'busy', queues: names.slice(0, 16), queueCount: 20 });
  expect(idle).toMatchObject({ state: 'idle', active: 0, jobs: [] });
  expect(idle.id).not.toBe(busy.id);
  expect(idle.pid).toBe(busy.pid);
  held.open();
});

test('workers of several processes, the oldest first', async () => {
  const queue = live.queue();
  live.worker(() => 1);
  await worker(queue);
  const children = [await startWorker(live, { name: 'b' }), await startWorker(live, { name: 'a' })];
  await until(async () => (await queue.getWorkers()).length === 3);
  const infos = await queue.getWorkers();
  expect(infos.map(({ name, pid }) => [name, pid])).toEqual([
    [undefined, process.pid],
    ['b', children[0]?.process.pid],
    ['a', children[1]?.process.pid],
  ]);
  expect(await queue.getWorkersCount()).toBe(3);
});

/** What a worker tells. */
const told = {
  host: 'h',
  pid: 1,
  started: 5,
  lockDuration: 1_000,
  concurrency: 1,
  paused: false,
  queues: ['q'],
  queueCount: 1,
  jobs: [['a', 'job', 7]],
  counters: { started: 1, completed: 0, failed: 0, retried: 0, cancelled: 0, runTime: 2 },
};

test.each([
  'not one of ours',
  '123',
  '123 5',
  '123 null',
  '123 {}',
  '123 []',
  `soon ${JSON.stringify(told)}`,
  ...Object.entries({
    name: 5,
    host: undefined,
    lockDuration: '1000',
    queues: [1],
    jobs: { length: 1 },
    counters: { started: 1 },
  }).map(([field, value]) => `123 ${JSON.stringify({ ...told, [field]: value })}`),
  `123 ${JSON.stringify({ ...told, jobs: [['a', 'job']] })}`,
])('a row of somebody else is passed over: %s', async (row) => {
  const queue = live.queue();
  const key = `lunaq:{${live.name}}:workers`;
  await live.redis.hset(key, 'foreign', row, 'ours', `123 ${JSON.stringify(told)}`);
  const workers = await queue.getWorkers({ gone: true });
  expect(workers).toMatchObject([{ id: 'ours', state: 'gone', jobs: [{ id: 'a', name: 'job' }] }]);
  await live.redis.del(key);
});

test('many workers are read a page at a time', async () => {
  const queue = live.queue();
  const row = JSON.stringify(told);
  const names = Array.from({ length: 700 }, (_, at) => `lease${at}`);
  const deadline = Date.now() + 60_000;
  const keys = { workers: `lunaq:{${live.name}}:workers`, leases: `lunaq:{${live.name}}:leases` };
  await live.redis.hset(keys.workers, ...names.flatMap((name) => [name, `${deadline} ${row}`]));
  await live.redis.zadd(keys.leases, ...names.flatMap((name) => [deadline, name]));
  const calls = await live.commandsOf(async () => {
    expect((await queue.getWorkers()).map(({ id }) => id).toSorted()).toEqual(names.toSorted());
  });
  expect([...calls.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3);
  expect(await queue.getWorkersCount()).toBe(700);
  await live.redis.del(keys.workers, keys.leases);
});

test('a row that the server has lost comes back', async () => {
  const queue = live.queue();
  live.worker(() => 1);
  const { id } = await worker(queue);
  await live.redis.del(`lunaq:{${live.name}}:workers`);
  expect(await queue.getWorkers()).toEqual([]);
  await live.redis.call('CLIENT', 'KILL', 'SKIPME', 'yes');
  expect((await worker(queue)).id).toBe(id);
});

test.each([
  [5, TypeError, 'name: expected a string, got 5'],
  ['', RangeError, 'name: expected 1 to 256 bytes, got 0'],
  ['a\nb', RangeError, 'name: expected no control characters'],
])('refuses a name that can not be: %j', (name, type, message) => {
  const make = (): unknown =>
    new Worker('queue', () => 1, { name: name as string, autorun: false });
  expect(make).toThrow(type);
  expect(make).toThrow(message);
});

test.each([
  [{ gone: 1 }, 'gone: expected true or false, got 1'],
  [{ gne: true }, 'gne: expected one of gone'],
])('refuses what it can not be asked: %j', async (options, message) => {
  await expect(live.queue().getWorkers(options as { gone?: boolean })).rejects.toThrow(message);
});

test('what a thousand silent callers have left is soon gone, though nobody sweeps for long', async () => {
  const calls = `lunaq:{${live.name}}:calls`;
  const past = Date.now() - 7_200_000;
  const rows = Array.from({ length: 1_000 }, (_, at) => [`p${at}:enqueue`, `1 ${past} added`]);
  await live.redis.hset(calls, Object.fromEntries(rows));
  await live.redis.hset(`lunaq:{${live.name}}:meta`, 'tidied', past);
  live.worker(() => undefined, { stalledInterval: 60_000 });
  await until(async () => (await live.redis.hlen(calls)) < 100);
});
