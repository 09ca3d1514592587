// What clients counted, as `getCounters` and `getMetrics` tell it.
import { describe, expect, test, vi } from 'vitest';
import { Connection } from '../../src/connection.js';
import { deadlineIn } from '../../src/deadline.js';
import { Caller } from '../../src/caller.js';
import { UnrecoverableError } from '../../src/errors.js';
import { queueKeys } from '../../src/keys.js';
import { ProducerReports, Reports } from '../../src/reporting/reports.js';
import type { Queue } from '../../src/queue.js';
import { Tally } from '../../src/reporting/tally.js';
import { Worker } from '../../src/worker.js';
import { startWorker } from '../helpers/child.js';
import { liveRedis, pause, until } from '../helpers/live.js';
import { startProxy } from '../helpers/proxy.js';

const live = liveRedis();
const minute = 60_000;

const none = {
  added: 0,
  started: 0,
  firstStarts: 0,
  completed: 0,
  failed: 0,
  retried: 0,
  cancelled: 0,
  waitTime: 0,
  runTime: 0,
};

const many = (count: number, name = 'job') =>
  Array.from({ length: count }, () => ({ name, data: 0 }));

/** What was counted, once the clients of this test were closed. */
async function totals(queue: Queue) {
  const { total, minutes } = await queue.getCounters();
  const sum = { ...none };
  for (const each of minutes)
    for (const name of Object.keys(none) as (keyof typeof none)[]) sum[name] += each[name];
  const { since, ...counters } = total;
  expect(sum).toEqual(counters);
  return { since, ...counters };
}

async function seedMinutes(ages: Record<number, string>, total: string): Promise<number> {
  const now = Math.floor(Date.now() / minute);
  const rows = Object.entries(ages).flatMap(([age, counts]) => [
    String((now - Number(age)) % 20_160),
    `${now - Number(age)} ${counts}`,
  ]);
  await live.redis.hset(`lunaq:{${live.name}}:counters`, ...rows, 'total', total);
  return now;
}

describe('everything is counted once', () => {
  test('jobs that complete, fail, are retried, are cancelled', async () => {
    const reader = live.queue();
    const queue = live.queue();
    expect(await totals(reader)).toEqual({ since: undefined, ...none });
    await queue.addBulk(many(300, 'good'));
    await queue.addBulk(many(20, 'bad').map((job) => ({ ...job, opts: { attempts: 3 } })));
    await queue.addBulk(many(5, 'worse').map((job) => ({ ...job, opts: { attempts: 3 } })));
    const held = await queue.add('held', 0);
    const delayed = await queue.add('never', 0, { delay: 60_000 });
    await queue.add('again', 0, { jobId: 'one' });
    expect((await queue.add('again', 0, { jobId: 'one' })).duplicate).toBe(true);
    await delayed.cancel();
    await expect(delayed.cancel()).rejects.toThrow('has finished');

    const worker = live.worker(
      {
        good: () => 1,
        again: () => 1,
        bad: () => Promise.reject(new Error('bad')),
        worse: () => Promise.reject(new UnrecoverableError('worse')),
        held: (_, _token, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('stopped')));
            void held.cancel();
          }),
      },
      { concurrency: 50, autorun: false },
    );
    await worker.run({ burst: true });
    // A burst tells when it ends.
    expect((await totals(reader)).completed).toBe(301);
    await worker.close();
    await queue.close();

    const { since, waitTime, runTime, ...counted } = await totals(reader);
    expect(counted).toEqual({
      added: 328,
      started: 301 + 60 + 5 + 1,
      firstStarts: 301 + 20 + 5 + 1,
      completed: 301,
      failed: 25,
      retried: 40,
      cancelled: 2,
    });
    expect(Date.now() - (since ?? 0)).toBeLessThan(2 * minute);
    expect(waitTime).toBeGreaterThan(0);
    expect(runTime).toBeGreaterThan(0);
  });

  test('several processes and producers add up', async () => {
    const reader = live.queue();
    const producers = [live.queue(), live.queue(), live.queue()];
    const workers = await Promise.all([1, 2].map(() => startWorker(live, { concurrency: 10 })));
    await Promise.all(producers.map((queue) => queue.addBulk(many(200, 'work'))));
    await until(async () => (await reader.getJobCounts()).completed === 600);
    await Promise.all(producers.map((queue) => queue.close()));
    for (const worker of workers) worker.process.kill('SIGTERM');
    await Promise.all(workers.map((worker) => worker.sees('closed')));
    const { added, started, firstStarts, completed, failed } = await totals(reader);
    expect({ added, started, firstStarts, completed, failed }).toEqual({
      added: 600,
      started: 600,
      firstStarts: 600,
      completed: 600,
      failed: 0,
    });
  });

  test('replies to reports that are lost', async () => {
    const proxy = await startProxy(live.server);
    live.after(() => proxy.stop());
    const reader = live.queue();
    const queue = live.queue({ connection: live.as('producer', proxy) });
    const worker = live.worker(() => 1, {
      connection: live.as('worker', proxy),
      concurrency: 10,
      stalledInterval: 50,
    });
    const lost: Promise<void>[] = [];
    for (let round = 0; round < 4; round += 1) {
      lost.push(proxy.dropNextReply(':report'));
      await queue.addBulk(many(50));
      await until(async () => (await reader.getJobCounts()).completed === 50 * (round + 1));
      await lost[round];
    }
    lost.push(proxy.dropNextReply(':report'));
    await Promise.all([queue.close(), worker.close()]);
    await Promise.all(lost);
    const { added, started, completed } = await totals(reader);
    expect({ added, started, completed }).toEqual({ added: 200, started: 200, completed: 200 });
  });

  test('jobs that expire, and jobs that were lost too often', async () => {
    const queue = live.queue();
    const reader = live.queue();
    const poison = await queue.add('poison', 0);
    for (let loss = 0; loss < 2; loss += 1) {
      const child = await startWorker(live, { maxStalledCount: 1, lockDuration: 200 });
      await until(() => child.ended);
    }
    await queue.add('work', 0, { ttl: 1 });
    await pause(5);
    const worker = live.worker(() => 1, { maxStalledCount: 1, lockDuration: 200 });
    await until(async () => (await queue.getJobState(poison.id)) === 'failed');
    await until(async () => (await queue.getJobCounts()).failed === 2);
    const [told] = await queue.getWorkers();
    expect(told?.counters.failed).toBe(0);
    await worker.close();
    expect(await totals(reader)).toMatchObject({ failed: 2, retried: 0, completed: 0 });
  });

  test('jobs that end with their parents, in whichever queue, and at once', async () => {
    const parents = live.queue({ name: `${live.name}-parents` });
    const queue = live.queue();
    const parent = await parents.add('bad', 0);
    const cancelled = await parents.add('never', 0, { delay: 60_000 });
    await queue.addBulk(
      [1, 2, 3].map((data) => ({ name: 'child', data, opts: { dependsOn: parent } })),
    );
    const child = await queue.add('child', 4, { dependsOn: cancelled });
    const grandchild = await parents.add('grandchild', 0, { dependsOn: child });
    await cancelled.cancel({ dependents: 'cancel' });
    const worker = live.worker(() => Promise.reject(new Error('bad')), {
      name: parents.name,
      autorun: false,
    });
    await worker.run({ burst: true });
    await queue.add('child', 5, { dependsOn: parent });
    await until(async () => (await queue.getJobCounts()).failed === 4);
    await until(async () => (await grandchild.getState()) === 'cancelled');
    await Promise.all([worker.close(), parents.close(), queue.close()]);
    const reader = live.queue({ name: parents.name });
    expect(await totals(live.queue())).toMatchObject({ added: 5, failed: 4, cancelled: 1 });
    expect(await totals(reader)).toMatchObject({ added: 3, failed: 1, cancelled: 2 });
  });

  test('jobs of several queues of one worker, each in its own', async () => {
    const queues = ['a', 'b'].map((name) => live.queue({ name: `${live.name}-${name}` }));
    const [a, b] = queues as [Queue, Queue];
    await a.addBulk(many(7));
    await b.addBulk(many(4));
    const worker = live.track(
      new Worker([a.name, b.name], () => 1, {
        connection: live.as('worker'),
        autorun: false,
      }),
    );
    await worker.run({ burst: true });
    expect((await a.getCounters()).total.completed).toBe(7);
    expect((await b.getCounters()).total.completed).toBe(4);
  });
});

describe('times', () => {
  test(
    'waiting counts from adding to the first start without the delay, running each run',
    { tags: ['timing'] },
    async () => {
      const queue = live.queue();
      await queue.add('job', 0, { delay: 300 });
      await queue.add('job', 0, { attempts: 2 });
      await pause(100);
      let fails = 1;
      const worker = live.worker(
        async () => {
          await pause(50);
          if ((fails -= 1) >= 0) throw new Error('once');
        },
        { concurrency: 2 },
      );
      await until(async () => (await queue.getJobCounts()).completed === 2);
      await worker.close();
      const { total } = await queue.getCounters();
      expect(total).toMatchObject({ started: 3, firstStarts: 2, retried: 1 });
      expect(total.waitTime).toBeGreaterThanOrEqual(95);
      expect(total.waitTime).toBeLessThan(350);
      expect(total.runTime).toBeGreaterThanOrEqual(3 * 49);
      expect(total.runTime).toBeLessThan(3 * 49 + 200);
    },
  );

  test('runs of less than a millisecond add up', { tags: ['timing'] }, async () => {
    const queue = live.queue();
    await queue.addBulk(many(400));
    const worker = live.worker(
      () => {
        const end = performance.now() + 0.25;
        while (performance.now() < end);
      },
      { autorun: false, stalledInterval: 20 },
    );
    await worker.run({ burst: true });
    const { runTime } = (await queue.getCounters()).total;
    expect(runTime).toBeGreaterThanOrEqual(100);
    expect(runTime).toBeLessThan(1_000);
  });
});

describe('reports', () => {
  test('of a producer follow what it added, without anybody closing it', async () => {
    const keys = queueKeys(live.name);
    const connection = Connection.acquire(live.as('producer'));
    live.after(() => connection.release());
    const tally = new Tally();
    const reports = new Reports(connection, keys, tally);
    const caller = new Caller();
    const queue = live.queue();
    tally.count('added', 3);
    expect(reports.news).toBe(true);
    expect(await reports.send(caller)).toBe('reported');
    expect(reports.news).toBe(false);
    const sent = await live.commandsOf(() => reports.send(caller));
    expect(sent.size).toBe(0);
    expect((await queue.getCounters()).total.added).toBe(3);
  });

  test('come by themselves within five seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    live.after(() => vi.useRealTimers());
    const queue = live.queue();
    await queue.add('job', 0);
    expect((await queue.getCounters()).total.added).toBe(0);
    await vi.advanceTimersByTimeAsync(5_000);
    await until(async () => (await queue.getCounters()).total.added === 1);
    await queue.add('job', 0);
    await queue.drain();
    await queue.close();
    expect((await live.queue().getCounters()).total.added).toBe(2);
  });

  test('that could not be sent are sent later, with what came meanwhile', async () => {
    const proxy = await startProxy(live.server);
    live.after(() => proxy.stop());
    const connection = Connection.acquire(live.as('everything', proxy));
    live.after(() => connection.release());
    const tally = new Tally();
    const reports = new Reports(connection, queueKeys(live.name), tally);
    const caller = new Caller();
    tally.count('added', 1);
    await reports.send(caller);
    proxy.refuse(true);
    proxy.cut();
    await until(() => !connection.isReady);
    tally.count('added', 2);
    await expect(reports.send(caller, undefined, deadlineIn(100))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(reports.news).toBe(true);
    proxy.refuse(false);
    tally.count('added', 4);
    await until(() => connection.isReady);
    await reports.send(caller);
    expect((await live.queue().getCounters()).total.added).toBe(7);
  });

  test('whose fate is unknown are not sent again under a new number', async () => {
    const proxy = await startProxy(live.server);
    live.after(() => proxy.stop());
    const connection = Connection.acquire(live.as('everything', proxy));
    live.after(() => connection.release());
    const tally = new Tally();
    const errors: Error[] = [];
    const reports = new Reports(connection, queueKeys(live.name), tally);
    const producer = new ProducerReports(reports, tally, new Caller(), (error) => {
      errors.push(error);
    });
    await until(() => connection.isReady);
    tally.count('added', 5);
    const lost = proxy.dropNextReply(':report').then(() => proxy.refuse(true));
    await producer.close(deadlineIn(300));
    await lost;
    proxy.refuse(false);
    expect(reports.news).toBe(false);
    expect(producer.echoes).toBe(true);
    expect(errors).toEqual([]);
    expect((await live.queue().getCounters()).total.added).toBe(5);
  });

  test('of a worker cost an idle queue nothing', async () => {
    const queue = live.queue();
    live.worker(() => 1, { stalledInterval: 50, lockDuration: 60_000 });
    await until(async () => (await queue.getWorkers()).length === 1);
    const row = await live.redis.hgetall(`lunaq:{${live.name}}:workers`);
    await pause(200);
    expect(await live.redis.hgetall(`lunaq:{${live.name}}:workers`)).toEqual(row);
    const calls = await live.redis.hgetall(`lunaq:{${live.name}}:calls`);
    const report = Object.entries(calls).find(([call]) => call.endsWith(':report'));
    expect(report?.[1]).toMatch(/^1 /);
  });
});

describe('reading', () => {
  test('ranges: the last hour, one of one minute, one beyond what is kept', async () => {
    const queue = live.queue();
    const now = await seedMinutes(
      { 0: '1', 59: '2', 60: '4', 20_158: '8', 20_161: '16' },
      '29000000 31',
    );
    const added = async (range?: { from?: number; to?: number }) =>
      (await queue.getCounters(range)).minutes.map((each) => [
        each.time / minute - now,
        each.added,
      ]);
    const sparse = async (range?: { from?: number; to?: number }) =>
      (await added(range)).filter(([, count]) => count !== 0);
    const hour = await added();
    // The next minute may have begun.
    expect(hour).toHaveLength(60);
    expect(hour.find(([age]) => age === 0)).toEqual([0, 1]);
    const at = (age: number): number => (now - age) * minute + 12_345;
    expect(await sparse({ from: at(60), to: at(59) })).toEqual([
      [-60, 4],
      [-59, 2],
    ]);
    expect(await added({ from: at(60), to: at(60) })).toEqual([[-60, 4]]);
    expect(await sparse({ to: at(1) })).toEqual([
      [-60, 4],
      [-59, 2],
    ]);
    const all = await added({ from: 0 });
    expect(all.length).toBe(20_160);
    expect(all.filter(([, count]) => count !== 0).map(([, count]) => count)).toEqual([8, 4, 2, 1]);
    expect(await sparse({ from: at(-5) })).toEqual([]);
    const { total } = await queue.getCounters();
    expect(total).toMatchObject({ added: 31, since: 29_000_000 * minute, runTime: 0 });
  });

  test.each<[object, string]>([
    [{ from: -1 }, 'from: expected a whole number from 0'],
    [{ from: Number.NaN }, 'from: expected a whole number'],
    [{ from: '1' as unknown as number }, 'from: expected a number, got "1"'],
    [{ form: 1 }, 'form: expected one of from, to'],
    [{ from: 7e12, to: 6e12 }, 'to: expected a whole number from 7000000000000'],
  ])('refuses a range that can not be: %j', async (range, message) => {
    await expect(live.queue().getCounters(range)).rejects.toThrow(message);
  });

  test("BullMQ's form: minutes that are over, the newest first", async () => {
    const queue = live.queue();
    const empty = { count: 0, prevCount: 0 };
    expect(await queue.getMetrics('failed')).toMatchObject({ meta: empty, data: [], count: 0 });
    const now = await seedMinutes(
      { 0: '0 0 0 5', 1: '0 0 0 3', 3: '0 0 0 9' },
      `${Math.floor(Date.now() / minute) - 4} 0 0 0 40`,
    );
    const metrics = await queue.getMetrics('completed');
    // The next minute may have begun.
    const late = metrics.meta.prevTS / minute - now;
    expect(metrics).toEqual({
      meta: { count: 40, prevTS: (now + late) * minute, prevCount: late === 0 ? 35 : 40 },
      data: [...(late === 0 ? [] : [5]), 3, 0, 9, 0],
      count: 4 + late,
    });
    expect((await queue.getMetrics('completed', 0, 1)).data).toEqual(metrics.data.slice(0, 2));
    expect((await queue.getMetrics('completed', 1)).data).toEqual(metrics.data.slice(1));
    await expect(queue.getMetrics('waiting' as 'failed')).rejects.toThrow('state: expected one of');
  });
});

test('what is counted takes no more room after two weeks', async () => {
  const queue = live.queue();
  const key = `lunaq:{${live.name}}:counters`;
  const now = Math.floor(Date.now() / minute);
  const pipeline = live.redis.pipeline();
  for (let age = 0; age < 20_160; age += 1)
    pipeline.hset(
      key,
      String((now - age) % 20_160),
      `${now - age - 20_160} 12345 12345 12345 12345 1234 1234 123 1234567 12345678`,
    );
  await pipeline.exec();
  await queue.addBulk(many(10));
  await queue.close();
  const size = (await live.redis.memory('USAGE', key)) ?? 0;
  expect(await live.redis.hlen(key)).toBe(20_161);
  expect(size).toBeLessThan(4 * 1024 * 1024);
});
