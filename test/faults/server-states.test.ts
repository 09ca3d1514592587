// What a server answers when it is not well: read only, busy, out of memory, an eviction policy.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { liveRedis, pause, until } from '../helpers/live.js';

const config = { 'busy-reply-threshold': 20, 'enable-debug-command': 'yes' };
const live = liveRedis({ perTest: true, config });

const fails = { code: 'OUT_OF_MEMORY' };

test('READONLY: adds and settles wait until the server may be written again', async () => {
  const queue = live.queue();
  const completed: string[] = [];
  const worker = live.worker(() => pause(50), { concurrency: 5, lockDuration: 3_000 });
  worker.on('completed', (job) => completed.push(job.id));
  await queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'job', data: {} })));
  await until(() => completed.length > 0);
  await live.redis.replicaof('127.0.0.1', '1');
  const adding = queue.add('meanwhile', {});
  await pause(600);
  await live.redis.replicaof('NO', 'ONE');
  const { id } = await adding;
  await until(() => completed.length === 21 && completed.includes(id));
  const counts = await queue.getJobCounts();
  expect(counts).toMatchObject({ completed: 21, failed: 0 });
  for (const job of await queue.getJobs('completed')) expect(job.attemptsMade).toBe(1);
});

test('BUSY: calls back off and go through when the long script has ended', async () => {
  const queue = live.queue();
  const completed: string[] = [];
  live
    .worker(() => undefined, { concurrency: 5, lockDuration: 3_000 })
    .on('completed', (job) => completed.push(job.id));
  await queue.add('before', {});
  await until(() => completed.length === 1);
  const other = new Redis(live.server.connection);
  live.after(() => other.disconnect());
  const busy = other.eval(
    `local start = redis.call('TIME')
     repeat local now = redis.call('TIME')
     until (now[1] - start[1]) * 1000000 + now[2] - start[2] > 700000`,
    0,
  );
  await pause(50);
  const job = await queue.add('meanwhile', {});
  await busy;
  await until(() => completed.includes(job.id));
  expect(await queue.getJobCounts()).toMatchObject({ completed: 2, failed: 0 });
});

test('a load of data that takes long is waited for', async () => {
  const queue = live.queue();
  await queue.addBulk(Array.from({ length: 100 }, () => ({ name: 'job', data: 'x'.repeat(100) })));
  const completed: string[] = [];
  await live.redis.config('SET', 'key-load-delay', '100000');
  live.worker(() => pause(2)).on('completed', (job) => completed.push(job.id));
  await until(() => completed.length > 0);
  const started = performance.now();
  await live.redis.debug('RELOAD');
  expect(performance.now() - started).toBeGreaterThan(300);
  await until(() => completed.length === 100);
});

test('out of memory: add is refused whole, running jobs settle, and all goes on afterwards', async () => {
  const queue = live.queue();
  const completed: string[] = [];
  const failed: string[] = [];
  const worker = live.worker(
    async (job) => {
      await pause(100);
      if (job.name === 'fails') throw new Error('no');
      return 'x'.repeat(1_000);
    },
    { concurrency: 4, lockDuration: 500 },
  );
  worker
    .on('completed', (job) => completed.push(job.id))
    .on('failed', (job) => failed.push(job!.id));
  await queue.addBulk(Array.from({ length: 6 }, () => ({ name: 'job', data: {} })));
  await queue.addBulk([
    { name: 'fails', data: {} },
    { name: 'fails', data: {}, opts: { attempts: 2 } },
    { name: 'fails', data: {}, opts: { attempts: 2, backoff: 30 } },
  ]);
  await until(async () => (await queue.getJobCounts()).active > 0);
  await live.redis.config('SET', 'maxmemory', '1');
  await expect(queue.add('refused', {})).rejects.toMatchObject(fails);
  await expect(queue.add('refused', {}, { delay: 10 })).rejects.toMatchObject(fails);
  await expect(queue.addBulk([{ name: 'refused', data: {} }])).rejects.toMatchObject({
    code: 'PARTIAL',
    outcomes: [{ error: fails }],
  });
  await until(() => completed.length === 6 && failed.length === 5);
  await worker.pause();
  expect(await queue.getJobCounts()).toMatchObject({ completed: 6, failed: 3, waiting: 0 });
  await live.redis.config('SET', 'maxmemory', '0');
  worker.resume();
  const job = await queue.add('job', {});
  await until(() => completed.includes(job.id));
});

test('an eviction policy that takes jobs is warned of, once a connection', async () => {
  const warnings: unknown[] = [];
  const listen = (warning: Error & { code?: string }): void =>
    void (warning.code === 'LUNAQ_EVICTION' && warnings.push(warning.message));
  process.on('warning', listen);
  live.after(() => process.off('warning', listen));
  await live.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await live.queue().add('job', {});
  live.queue();
  await until(() => warnings.length > 0);
  await pause(50);
  expect(warnings).toEqual([expect.stringMatching(/allkeys-lru.*noeviction/)]);
});

test('noeviction is not warned of', async () => {
  const warnings: unknown[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listen);
  live.after(() => process.off('warning', listen));
  await live.queue().add('job', {});
  await pause(100);
  expect(warnings).toEqual([]);
});
