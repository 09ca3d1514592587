// Workers that were killed, frozen or cut off, as `getWorkers` tells them.
import { expect, test } from 'vitest';
import type { Queue } from '../../src/queue.js';
import type { WorkerInfo } from '../../src/reporting/workers.js';
import { startWorker } from '../helpers/child.js';
import { liveRedis, quick, until } from '../helpers/live.js';

const live = liveRedis();

const gone = async (queue: Queue): Promise<WorkerInfo[]> =>
  (await queue.getWorkers({ gone: true })).filter(({ state }) => state === 'gone');

const rowsKey = (): string => `lunaq:{${live.name}}:workers`;

/** Waits until a worker has told that it runs these jobs. */
async function told(queue: Queue, ids: readonly string[]): Promise<WorkerInfo> {
  let found: WorkerInfo | undefined;
  await until(async () => {
    const infos = await queue.getWorkers();
    found = infos.find(({ jobs }) => ids.every((id) => jobs.some((job) => job.id === id)));
    return found !== undefined;
  });
  return found as WorkerInfo;
}

test(
  'a killed worker is told as gone, with its last jobs and its last heartbeat',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const jobs = await queue.addBulk([1, 2].map((data) => ({ name: 'hold', data })));
    const victim = await startWorker(live, { name: 'victim', concurrency: 2 });
    const busy = await told(
      queue,
      jobs.map(({ id }) => id),
    );
    const killed = Date.now();
    await victim.kill();
    const { pid } = victim.process;
    await until(async () => (await gone(queue)).length === 1);
    expect(Date.now() - killed).toBeLessThan(quick.lockDuration + 500);
    expect(await queue.getWorkers()).toEqual([]);
    expect(await queue.getWorkersCount()).toBe(0);
    expect(await gone(queue)).toMatchObject([
      { id: busy.id, name: 'victim', pid, active: 2, jobs: busy.jobs, state: 'gone' },
    ]);

    // Others take its jobs; what it ran last is still told.
    const done: string[] = [];
    live.worker((job) => void done.push(job.id));
    await until(() => done.length === 2);
    await until(async () => (await live.redis.zcard(`lunaq:{${live.name}}:leases`)) === 1);
    const [after] = await gone(queue);
    expect(after).toMatchObject({ id: busy.id, active: 0, jobs: busy.jobs, state: 'gone' });
    expect(after?.heartbeat).toBeGreaterThan(killed - quick.lockDuration);
    expect(after?.heartbeat).toBeLessThanOrEqual(killed + 20);
    expect((await queue.getWorkers()).map(({ pid: other }) => other)).toEqual([process.pid]);
    const calls = await live.redis.hkeys(`lunaq:{${live.name}}:calls`);
    expect(calls.filter((call) => call.startsWith(busy.id))).toEqual([]);
  },
);

test('an idle worker that is killed was last heard of when its lease was renewed last', async () => {
  const queue = live.queue();
  const leases = `lunaq:{${live.name}}:leases`;
  const victim = await startWorker(live, { lockDuration: 500 });
  await until(async () => (await queue.getWorkers()).length === 1);
  const [first] = await queue.getWorkers();
  await until(async () => ((await queue.getWorkers())[0]?.heartbeat ?? 0) > first!.heartbeat + 300);
  const killed = Date.now();
  await victim.kill();
  live.worker(() => 1);
  await until(async () => (await gone(queue)).length === 1);
  const before = await gone(queue);
  await until(async () => (await live.redis.zscore(leases, before[0]?.id ?? '')) === null);
  const [after] = await gone(queue);
  expect(after).toEqual(before[0]);
  expect(after).toMatchObject({ id: first?.id, pid: victim.process.pid, jobs: [] });
  expect(after?.heartbeat).toBeGreaterThan(killed - 500);
});

test('a frozen worker is gone, and back as one worker under a new lease', async () => {
  const queue = live.queue();
  const job = await queue.add('hold', {});
  const frozen = await startWorker(live, { name: 'frozen' });
  const before = await told(queue, [job.id]);
  const other = await startWorker(live, { name: 'other' });
  frozen.process.kill('SIGSTOP');
  await other.sees('active', job.id);
  expect((await gone(queue)).map(({ id }) => id)).toEqual([before.id]);

  frozen.process.kill('SIGCONT');
  await frozen.sees('aborted', job.id);
  await until(async () => (await gone(queue)).length === 0);
  await until(async () => (await queue.getWorkers()).length === 2);
  const back = (await queue.getWorkers()).find(({ name }) => name === 'frozen');
  expect(back?.id).not.toBe(before.id);
  expect(back).toMatchObject({ pid: before.pid, started: before.started });
  expect(await live.redis.hlen(rowsKey())).toBe(2);
  other.process.send('release');
  await other.sees('completed', job.id);
});

test('a worker that has closed is not told, be its lease dead or alive', async () => {
  const queue = live.queue();
  const ends = await startWorker(live);
  const worker = live.worker(() => 1);
  await until(async () => (await queue.getWorkers()).length === 2);
  ends.process.kill('SIGTERM');
  await ends.sees('closed');
  expect((await queue.getWorkers({ gone: true })).map(({ pid }) => pid)).toEqual([process.pid]);

  await live.redis.del(`lunaq:{${live.name}}:leases`);
  await worker.pause();
  await worker.close();
  expect(await queue.getWorkers({ gone: true })).toEqual([]);
  expect(await live.redis.hlen(rowsKey())).toBe(0);
});

test('what a worker counted when its lease died is told under the next one, once', async () => {
  const queue = live.queue();
  await queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'job', data: 0 })));
  const worker = live.worker(() => 1, { stalledInterval: 60_000 });
  await until(async () => (await queue.getJobCounts()).completed === 20);
  await live.redis.zadd(`lunaq:{${live.name}}:leases`, 'XX', 0, (await queue.getWorkers())[0]!.id);
  await queue.add('job', 0);
  await until(async () => (await queue.getJobCounts()).completed === 21);
  await worker.close();
  expect((await queue.getCounters()).total).toMatchObject({ started: 21, completed: 21 });
});

test('what a worker counted is told at its end although its lease is dead', async () => {
  const queue = live.queue();
  await queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'job', data: 0 })));
  const worker = live.worker(() => 1, { stalledInterval: 60_000 });
  await until(async () => (await queue.getJobCounts()).completed === 20);
  await worker.pause();
  await live.redis.del(`lunaq:{${live.name}}:leases`);
  await worker.close();
  expect((await queue.getCounters()).total).toMatchObject({ started: 20, completed: 20 });
});
