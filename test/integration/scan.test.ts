// Meeting every job of a state, whatever happens meanwhile.
import { expect, test } from 'vitest';
import type { StateWord } from '../../src/job-range.js';
import type { Queue } from '../../src/queue.js';
import { gate, liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

const bulk = (count: number, opts = {}, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ name: 'job', data: from + i, opts }));

async function scanned(queue: Queue<number>, state: StateWord, count?: number): Promise<number[]> {
  const found: number[] = [];
  for await (const { data } of queue.scan(state, count === undefined ? {} : { count }))
    found.push(data);
  return found.toSorted((a, b) => a - b);
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test('a scan gives all jobs of a state, and no others', async () => {
  const queue = live.queue<number>();
  const parent = await queue.add('job', -1, { delay: 60_000 });
  await queue.addBulk(bulk(300));
  await queue.addBulk(bulk(200, { delay: 60_000 }));
  await queue.addBulk(bulk(50, { dependsOn: parent }));
  expect(await scanned(queue, 'waiting')).toEqual(upTo(300));
  expect(await scanned(queue, 'wait', 7)).toEqual(upTo(300));
  expect(await scanned(queue, 'delayed', 1_000)).toEqual([-1, ...upTo(200)]);
  expect(await scanned(queue, 'waiting-children', 10)).toEqual(upTo(50));
  for (const state of ['active', 'completed', 'failed', 'cancelled'] as const)
    expect(await scanned(queue, state)).toEqual([]);
});

test('active, completed and failed jobs are scanned with what became of them', async () => {
  const queue = live.queue<number, number>();
  await queue.addBulk(bulk(30));
  const { opened, open } = gate();
  live.worker<number, number>(
    async ({ data }) => {
      if (data % 3 === 0) throw new Error(`no ${data}`);
      if (data % 3 === 1) await opened;
      return data * 2;
    },
    { concurrency: 30 },
  );
  await until(async () => (await queue.getJobCounts()).failed === 10);
  await until(async () => (await queue.getJobCounts()).completed === 10);
  for await (const job of queue.scan('completed')) expect(job.returnvalue).toBe(job.data * 2);
  for await (const job of queue.scan('failed')) expect(job.failedReason).toBe(`no ${job.data}`);
  let active = 0;
  for await (const job of queue.scan('active')) active += job.token === undefined ? 0 : 1;
  expect(active).toBe(10);
  open();
  await until(async () => (await queue.getJobCounts()).completed === 20);
});

test('jobs that stay waiting are met while others are added, taken and removed', async () => {
  const queue = live.queue<number>();
  const jobs = await queue.addBulk(bulk(3_000));
  const worker = live.worker(() => pause(3), { autorun: false, concurrency: 5 });
  void worker.run();
  const found = new Set<number>();
  let added = 3_000;
  for await (const job of queue.scan('waiting', { count: 100 })) {
    found.add(job.data);
    if (found.size % 100 !== 0) continue;
    await queue.addBulk(bulk(20, {}, added));
    await queue.add('job', (added += 20), { lifo: true });
    if (found.size === 1_000) await worker.close();
    const removed = jobs[2_900 - found.size];
    await removed?.remove().catch(() => undefined);
  }
  const left = await queue.getJobs('waiting', { end: -1 });
  const stayed = left.map(({ data }) => data).filter((data) => data < 3_000);
  expect(stayed.length).toBeGreaterThan(100);
  expect(stayed.filter((data) => !found.has(data))).toEqual([]);
}, 20_000);

test('acting on each job while scanning reaches all of them', async () => {
  const queue = live.queue<number>();
  await queue.addBulk(bulk(700, { delay: 60_000 }));
  for await (const job of queue.scan('delayed')) await job.remove();
  expect(await queue.count()).toBe(0);
});

test('a job that can’t be read is passed over and told', async () => {
  const queue = live.queue<number>();
  const [bad] = await queue.addBulk(bulk(3));
  await live.redis.hset(`lunaq:{${queue.name}}:jobs`, bad?.id ?? '', '{}');
  expect(await scanned(queue, 'waiting')).toEqual([1, 2]);
  expect(live.errors).toMatchObject([{ code: 'UNREADABLE', ids: [bad?.id] }]);
});

test('a scan may be left at any job', async () => {
  const queue = live.queue<number>();
  await queue.addBulk(bulk(500));
  let met = 0;
  for await (const _ of queue.scan('waiting')) {
    met += 1;
    if (met === 3) break;
  }
  expect(met).toBe(3);
});

test('wrong arguments are refused at the call', () => {
  const queue = live.queue();
  expect(() => queue.scan('lost' as 'waiting')).toThrow(
    /^state: expected one of waiting, .*"lost"/,
  );
  expect(() => queue.scan(['waiting'] as never)).toThrow(/^state: expected one of/);
  expect(() => queue.scan('waiting', { count: 0 })).toThrow(
    /^count: expected a whole number from 1 to 1000, got 0/,
  );
  expect(() => queue.scan('waiting', { count: '9' as never })).toThrow(/^count: expected a number/);
  expect(() => queue.scan('waiting', { counts: 9 } as never)).toThrow(/^counts: expected one of/);
});
