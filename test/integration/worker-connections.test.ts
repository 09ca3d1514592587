// How Redis is reached: by what, and with how many connections.
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { Queue } from '../../src/queue.js';
import { startRedis } from '../../src/testing/server.js';
import { Worker } from '../../src/worker.js';
import { startWorker } from '../helpers/child.js';
import { liveRedis, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

/** Connections that are not the test's own. */
async function connections(redis = live.redis): Promise<number> {
  const list = (await redis.client('LIST')) as string;
  return list.split('\n').filter((line) => line !== '').length - 1;
}

describe('connections to the server', () => {
  test('a producer has one, however many queues', async () => {
    await until(async () => (await connections()) === 0);
    for (let n = 0; n < 5; n += 1) await live.queue({ name: `producer-${n}` }).add('job', {});
    expect(await connections()).toBe(1);
  });

  test('a process has three with one worker, and with five queues of a worker each', async () => {
    await until(async () => (await connections()) === 0);
    const connection = live.as('everything');
    live.worker(() => undefined, { name: 'many-0', connection });
    await until(async () => (await connections()) === 3);
    for (let n = 1; n < 5; n += 1) {
      live.worker(() => undefined, { name: `many-${n}`, connection });
      await live.queue({ name: `many-${n}`, connection }).add('job', {});
    }
    await pause(quick.lockDuration);
    expect(await connections()).toBe(3);
  });

  test('a worker process has three, and none when it has closed', async () => {
    await until(async () => (await connections()) === 0);
    const child = await startWorker(live);
    await until(async () => (await connections()) === 3);
    child.process.kill('SIGTERM');
    await until(() => child.ended);
    expect(child.process.exitCode).toBe(0);
    await until(async () => (await connections()) === 0);
  });

  test('none is left when queue and worker have closed', async () => {
    const queue = live.queue();
    const worker = live.worker(() => undefined);
    await queue.add('job', {});
    // That of the producer and three of the worker, who are different users.
    await until(async () => (await connections()) === 4);
    await worker.close();
    await queue.close();
    await until(async () => (await connections()) === 0);
  });
});

async function works(connection: ConstructorParameters<typeof Queue>[1]): Promise<void> {
  const queue = live.queue(connection);
  const worker = live.worker(() => 'done', connection);
  const job = await queue.add('job', {});
  const later = await queue.add('job', {}, { delay: 20 });
  await until(async () => (await queue.getJobState(job.id)) === 'completed', 3_000);
  await until(async () => (await queue.getJobState(later.id)) === 'completed', 3_000);
  // Longer than the lease: it is renewed over a connection of its own.
  await pause(quick.lockDuration + 300);
  const again = await queue.add('job', {});
  await until(async () => (await queue.getJobState(again.id)) === 'completed', 3_000);
  await worker.close();
  await queue.close();
  expect(live.errors).toEqual([]);
}

describe('a connection may be', () => {
  test('a URL', () => works({ connection: live.urlAs('everything') }));
  test('options', () => works({ connection: live.as('everything') }));

  test('an instance of ioredis, which stays the user’s', async () => {
    const redis = new Redis(live.as('everything'));
    live.after(() => redis.disconnect());
    await works({ connection: redis });
    expect(await redis.ping()).toBe('PONG');
  });

  test('an instance with options as BullMQ wants them', async () => {
    const redis = new Redis({ ...live.as('everything'), maxRetriesPerRequest: null });
    live.after(() => redis.disconnect());
    await works({ connection: redis });
  });

  test.each([
    ['lazyConnect', { lazyConnect: true }],
    ['a command timeout', { commandTimeout: 50 }],
    ['numbers as text', { stringNumbers: true }],
    ['automatic pipelines', { enableAutoPipelining: true }],
    ['no ready check', { enableReadyCheck: false }],
    ['no retries', { retryStrategy: () => null }],
    ['RESP3', { protocol: 3 as const }],
  ])('options with %s, which do not harm', (_, options) =>
    works({ connection: { ...live.as('everything'), ...options } }),
  );

  test('another database', async () => {
    const check = new Redis({ ...live.server.connection, db: 3 });
    live.after(() => check.disconnect());
    await works({ connection: { ...live.as('everything'), db: 3 } });
    expect(await check.dbsize()).toBeGreaterThan(0);
  });

  test.each([
    ['a unix socket', { socket: true }],
    ['a password', { password: 'p@ss:w/ord' }],
    ['a unix socket with a password', { socket: true, password: 'secret' }],
  ])('%s', async (_, options) => {
    const server = await startRedis(options);
    live.after(() => server.stop());
    for (const connection of [server.connection, server.url]) {
      const errors: Error[] = [];
      const queue = new Queue('q', { connection });
      const worker = new Worker('q', () => 'done', { ...quick, connection });
      worker.on('error', (error) => errors.push(error));
      const job = await queue.add('job', {});
      await until(async () => (await job.getState()) === 'completed');
      await pause(quick.lockDuration + 300);
      const again = await queue.add('job', {});
      await until(async () => (await again.getState()) === 'completed');
      await worker.close();
      await queue.close();
      expect(errors).toEqual([]);
    }
  });
});

test('a keyPrefix is refused, by a queue and by a worker, in whatever form it comes', async () => {
  const instance = new Redis({ ...live.server.connection, keyPrefix: 'p:' });
  live.after(() => instance.disconnect());
  const refused = /keyPrefix.*`prefix`/;
  const options = { ...live.server.connection, keyPrefix: 'p:' };
  for (const connection of [options, instance, `${live.urlAs('everything')}?keyPrefix=p:`]) {
    expect(() => new Queue('q', { connection })).toThrow(refused);
    expect(() => new Worker('q', () => 1, { connection })).toThrow(refused);
  }
  await pause(50);
  expect(await connections()).toBe(1);
});

test('many workers that start together cause no warning', async () => {
  const warnings: unknown[] = [];
  const note = (warning: Error & { code?: string }): void =>
    void (warning.code !== 'LUNAQ_LUA_HOLES' && warnings.push(warning.message));
  process.on('warning', note);
  live.after(() => process.off('warning', note));
  const connection = { ...live.as('everything'), connectionName: 'many' };
  const workers = Array.from({ length: 30 }, () => live.worker(() => 1, { connection }));
  await live.queue({ connection }).add('job', {});
  await Promise.all(workers.map((worker) => worker.close()));
  await pause(20);
  expect(warnings).toEqual([]);
});

test('two queues under two prefixes share nothing', async () => {
  const one = live.queue({ prefix: 'one' });
  const two = live.queue({ prefix: 'two' });
  await one.add('job', {}, { jobId: 'same' });
  const job = await two.add('job', {}, { jobId: 'same' });
  expect(job.duplicate).toBe(false);
  await two.remove('same');
  expect(await one.getJobCounts()).toMatchObject({ waiting: 1 });
  expect(await live.redis.exists(`one:{${live.name}}:jobs`)).toBe(1);
});
