// How long finished jobs stay.
import { describe, expect, test } from 'vitest';
import type { BulkJob } from '../../src/bulk.js';
import type { KeepJobs } from '../../src/job-options.js';
import { liveRedis, median, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

const failing = (job: { name: string }): string => {
  if (job.name === 'bad') throw new Error('bad');
  return 'good';
};

describe.each([
  ['good', 'completed', 'removeOnComplete'],
  ['bad', 'failed', 'removeOnFail'],
] as const)('a %s job', (name, state, option) => {
  test('stays without an option, or with false', async () => {
    const queue = live.queue();
    live.worker(failing, quick);
    await queue.add(name, {}, { jobId: 'a' });
    await queue.add(name, {}, { jobId: 'b', [option]: false });
    await until(async () => (await queue.getJobCounts())[state] === 2);
    expect(await live.redis.exists(`lunaq:{${live.name}}:evicting`)).toBe(0);
  });

  test.each([[true], [0], [{ count: 0 }]])('goes at once with %j', async (keep) => {
    const queue = live.queue();
    const worker = live.worker(failing, quick);
    const ended: string[] = [];
    worker.on('completed', (job) => ended.push(job.id));
    worker.on('failed', (job) => ended.push(job?.id ?? ''));
    await queue.add(name, {}, { jobId: 'a', [option]: keep });
    await until(() => ended.length === 1);
    expect(await queue.getJobState('a')).toBe('unknown');
    await worker.close();
    const keys = await live.redis.keys(`lunaq:{${live.name}}:*`);
    const lasting = /:(?:meta|calls|leases|wake|workers|counters)$/;
    expect(keys.filter((key) => !lasting.test(key))).toEqual([]);
  });

  test('goes when its age is over, though nothing else finishes', async () => {
    const queue = live.queue();
    live.worker(failing, quick);
    const started = performance.now();
    await queue.add(name, {}, { jobId: 'young', [option]: { age: 60 } });
    await queue.add(name, {}, { jobId: 'old', [option]: { age: 1 } });
    await until(async () => (await queue.getJobCounts())[state] === 2);
    await until(async () => (await queue.getJobState('old')) === 'unknown');
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(await queue.getJobState('young')).toBe(state);
  });

  test('goes with age 0 at once', async () => {
    const queue = live.queue();
    live.worker(failing, quick);
    await queue.add(name, {}, { jobId: 'a', [option]: { age: 0 } });
    await until(async () => (await queue.getJobState('a')) === 'unknown');
  });

  test('is one of the newest of a count, the older ones go', async () => {
    const queue = live.queue();
    live.worker(failing, { concurrency: 10, ...quick });
    for (let n = 0; n < 50; n += 1) await queue.add(name, {}, { jobId: `j${n}`, [option]: 5 });
    await until(async () => (await queue.getJobState('j49')) === state);
    await until(async () => (await queue.getJobCounts())[state] === 5);
    await pause(200);
    expect((await queue.getJobCounts())[state]).toBe(5);
    expect((await queue.getJobState('j0'))).toBe('unknown');
  });

  test('goes by count or by age, whichever is first', async () => {
    const queue = live.queue();
    live.worker(failing, quick);
    const keep: KeepJobs = { age: 1, count: 3 };
    for (let n = 0; n < 10; n += 1) await queue.add(name, {}, { jobId: `j${n}`, [option]: keep });
    await until(async () => (await queue.getJobState('j9')) === state);
    await until(async () => (await queue.getJobCounts())[state] <= 3);
    expect((await queue.getJobCounts())[state]).toBe(3);
    await until(async () => (await queue.getJobCounts())[state] === 0);
  });

  test('takes it from defaultJobOptions, its own first', async () => {
    const queue = live.queue({ defaultJobOptions: { [option]: true } });
    live.worker(failing, quick);
    await queue.add(name, {}, { jobId: 'gone' });
    await queue.add(name, {}, { jobId: 'stays', [option]: false });
    await until(async () => (await queue.getJobState('stays')) === state);
    await until(async () => (await queue.getJobState('gone')) === 'unknown');
  });
}); // prettier-ignore

test('a cancelled job stays as removeOnFail says', async () => {
  const queue = live.queue();
  await queue.add('job', {}, { jobId: 'a', removeOnFail: true });
  await queue.add('job', {}, { jobId: 'b', removeOnComplete: true });
  await queue.cancel('a');
  await queue.cancel('b');
  expect(await queue.getJobState('a')).toBe('unknown');
  expect(await queue.getJobState('b')).toBe('cancelled');
});

test('a retry that succeeds leaves nothing of the failures when the job goes', async () => {
  const queue = live.queue();
  let runs = 0;
  live.worker(() => {
    runs += 1;
    if (runs < 3) throw new Error('not yet');
  }, quick);
  await queue.add('job', {}, { jobId: 'a', attempts: 3, removeOnComplete: true });
  await until(async () => runs === 3 && (await queue.getJobState('a')) === 'unknown');
  for (const noun of ['failures', 'attempts', 'results', 'traits', 'jobs'])
    expect(await live.redis.exists(`lunaq:{${live.name}}:${noun}`)).toBe(0);
});

test(
  '20,000 finished jobs whose second is over go while others are claimed, none of which takes long',
  { tags: ['timing'], timeout: 40_000 },
  async () => {
    const queue = live.queue<number>();
    const worker = live.worker<number>(() => undefined, { concurrency: 256, stalledInterval: 60_000 }); // prettier-ignore
    await queue.addBulk(Array.from({ length: 20_000 }, (_, n) => ({ name: 'job', data: n, opts: { removeOnComplete: { age: 1 } } }))); // prettier-ignore
    await until(async () => (await queue.getJobCounts()).completed === 20_000, 15_000);
    await worker.close();
    await pause(1_000);
    const waits: number[] = [];
    live.worker<number>((job) => void waits.push(performance.now() - job.data), quick);
    const feed = async (): Promise<void> => {
      await queue.add('job', performance.now());
      await pause(5);
    };
    const started = performance.now();
    while ((await queue.getJobCounts()).completed > waits.length) await feed();
    const took = performance.now() - started;
    const [mid, worst] = [median(waits), Math.max(...waits)];
    console.log(`20,000 evicted in ${took.toFixed(0)} ms; ${waits.length} jobs started after ${mid.toFixed(1)} ms, ${worst.toFixed(0)} ms at worst`); // prettier-ignore
    expect(mid).toBeLessThan(30);
  },
);

test(
  'the state of a job costs as many commands among 50,000 jobs as among 1,000',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue<number>();
    const calls = async (): Promise<number> => {
      const text = await live.redis.info('commandstats');
      return [...text.matchAll(/calls=(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    };
    const cost = async (): Promise<number> => {
      await queue.getJobState('looked-at');
      const before = await calls();
      for (let n = 0; n < 10; n += 1) await queue.getJobState('looked-at');
      return (await calls()) - before;
    };
    await queue.add('job', 0, { jobId: 'looked-at' });
    const fill = async (count: number): Promise<void> => {
      await queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: 'job', data: n, opts: n % 3 === 0 ? { delay: 600_000 } : {} }))); // prettier-ignore
    };
    await fill(1_000);
    const few = await cost();
    await fill(49_000);
    expect(await cost()).toBe(few);
    expect(few).toBeLessThan(200);
  },
);

function shortLived(count: number): BulkJob[] {
  const opts = { removeOnComplete: { age: 1 } };
  return Array.from({ length: count }, () => ({ name: 'job', data: 0, opts }));
}

test('a backlog that is to be evicted goes little by little while others end', async () => {
  const queue = live.queue();
  const burst = async (): Promise<void> => {
    const worker = live.worker(() => undefined, { concurrency: 100, autorun: false });
    await worker.run({ burst: true });
    await worker.close();
  };
  await queue.addBulk(shortLived(20_000));
  await burst();
  await pause(1_100); // until they are due
  await queue.addBulk(Array.from({ length: 30_000 }, () => ({ name: 'job', data: 0, opts: { removeOnComplete: true } }))); // prettier-ignore
  await burst();
  const { completed } = await queue.getJobCounts();
  console.log(`${20_000 - completed} evicted while 30,000 ended`);
  expect(completed).toBeLessThan(20_000);
  expect(completed).toBeGreaterThan(5_000);
});

test('eviction keeps up with bursts, and with a worker that is busy', async () => {
  const queue = live.queue();
  const options = { concurrency: 100, lockDuration: 30_000, stalledInterval: 500 };
  const stored: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    await queue.addBulk(shortLived(6_000));
    const worker = live.worker(() => undefined, { ...options, autorun: false });
    await worker.run({ burst: true });
    await worker.close();
    await pause(1_600); // until they are due
    stored.push(await live.redis.hlen(`lunaq:{${live.name}}:jobs`));
  }
  console.log(`jobs stored after bursts of 6,000 that stay 1 s: ${stored.join(', ')}`);
  expect(Math.max(...stored)).toBeLessThan(24_000);

  live.worker(() => undefined, options);
  const start = performance.now();
  let added = 0;
  for (; performance.now() - start < 5_000; added += 1_000) await queue.addBulk(shortLived(1_000));
  const evicting = `lunaq:{${live.name}}:evicting`;
  const due = await live.redis.zcount(evicting, '-inf', Date.now());
  console.log(`${added} jobs in 5 s, ${due} are due to be evicted`);
  expect(due).toBeLessThan(added / 3);
});
