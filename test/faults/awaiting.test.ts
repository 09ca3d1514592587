// Waiting for a job across faults: there is always an answer or a typed error.
import { expect, test } from 'vitest';
import type { WorkerOptions } from '../../src/options.js';
import type { JobId } from '../../src/script.js';
import { gate, liveRedis, pause, until } from '../helpers/live.js';
import { clientOf, Mortal } from '../helpers/mortal.js';
import { startProxy } from '../helpers/proxy.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis({ perTest: true, appendonly: true, appendfsync: 'always' });

async function proxied() {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  return { proxy, connection: live.as('everything', proxy) };
}

/** A worker whose jobs end with a result at `open`. */
function working(options: WorkerOptions = {}) {
  const { opened, open } = gate();
  const worker = live.worker(async () => {
    await opened;
    return 'result';
  }, options);
  return { worker, open };
}

async function watched(id: string): Promise<void> {
  await until(async () => (await live.redis.hexists(`lunaq:{${live.name}}:watched`, id)) === 1);
}

test(
  'a job that finishes while the connection is cut: its message is lost, the answer comes with the reconnect',
  { tags: ['timing'], timeout: 30_000 },
  async () => {
    const { proxy, connection } = await proxied();
    const queue = live.queue<null, string>({ connection });
    const { open } = working();
    const job = await queue.add('job', null);
    const awaited = job.waitUntilFinished({ timeout: 15_000 });
    await watched(job.id);
    proxy.refuse(true);
    proxy.cut();
    open();
    await until(async () => (await live.redis.zcard(`lunaq:{${live.name}}:completed`)) === 1);
    proxy.refuse(false);
    const back = performance.now();
    expect(await awaited).toBe('result');
    expect(performance.now() - back).toBeLessThan(4_000);
  },
);

test('a message that is lost without a cut: the answer comes with the next look', async () => {
  const queue = live.queue<null, string>();
  // Whoever may not publish does its work all the same; what it has to say is lost.
  const mute = { username: 'mute', password: 'mute' };
  await live.redis.call('ACL', 'SETUSER', mute.username, 'on', `>${mute.password}`, '~*', '&*', '+@all', '-publish'); // prettier-ignore
  live.after(() => live.redis.call('ACL', 'LOG', 'RESET'));
  const connection = { ...live.as('worker'), ...mute };
  const { open } = working({ connection });
  const job = await queue.add('job', null);
  const awaited = job.waitUntilFinished({ timeout: 10_000 });
  await watched(job.id);
  open();
  expect(await awaited).toBe('result');
}, 20_000);

test('cut 20 times while 200 jobs are awaited: each is answered, with its own result', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue<number, number>({ connection });
  live.worker<number, number>(
    async (job) => {
      await pause(2);
      return job.data;
    },
    { concurrency: 2 },
  );
  const jobs = await queue.addBulk(Array.from({ length: 200 }, (_, n) => ({ name: 'job', data: n }))); // prettier-ignore
  const awaited = Promise.all(jobs.map((job) => job.waitUntilFinished({ timeout: 20_000 })));
  for (let cut = 0; cut < 20; cut += 1) {
    await pause(10);
    proxy.cut();
  }
  expect(await awaited).toEqual(jobs.map(({ data }) => data));
}, 30_000);

test('the subscription alone is killed on the server: it is set up again, and the answer comes', async () => {
  const queue = live.queue<null, string>();
  const { open } = working();
  const job = await queue.add('job', null);
  const awaited = job.waitUntilFinished({ timeout: 10_000 });
  await watched(job.id);
  await live.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  open();
  expect(await awaited).toBe('result');
}, 20_000);

test('a server that was killed and restarted: the answer comes when the job has finished', async () => {
  const queue = live.queue<null, string>();
  const { worker, open } = working();
  const job = await queue.add('job', null);
  const awaited = job.waitUntilFinished({ timeout: 20_000 });
  await watched(job.id);
  await live.server.kill();
  await pause(200);
  await live.server.restart();
  open();
  expect(await awaited).toBe('result');
  await worker.close();
}, 30_000);

test('a server that stays away: the time-out is kept, and close answers', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue<null, string>({ connection });
  const job = await queue.add('job', null);
  const first = rejection(job.waitUntilFinished({ timeout: 300 })); // prettier-ignore
  const second = rejection(job.waitUntilFinished());
  await watched(job.id);
  proxy.refuse(true);
  proxy.cut();
  expect(await first).toMatchObject({ code: 'WAIT_TIMEOUT' });
  await queue.close();
  expect(await second).toMatchObject({ code: 'CLOSED' });
}, 30_000);

test('a result asked after the job was evicted is JOB_NOT_FOUND, also when it goes while it is awaited', async () => {
  const queue = live.queue<null, string>();
  const worker = live.worker(() => 'result', { stalledInterval: 100 });
  const job = await queue.add('job', null, { removeOnComplete: { age: 1 } });
  expect(await job.waitUntilFinished({ timeout: 5_000 })).toBe('result');
  await live.redis.zadd(`lunaq:{${live.name}}:evicting`, 1, job.id);
  await until(async () => (await job.getState()) === 'unknown');
  await expect(job.waitUntilFinished()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  await worker.close();
  const other = await queue.add('job', null);
  const awaited = rejection(other.waitUntilFinished()); // prettier-ignore
  await watched(other.id);
  await queue.obliterate(); // tells nobody
  expect(await awaited).toMatchObject({ code: 'JOB_NOT_FOUND' });
}, 20_000);

test('a job that is put back while it is looked at is awaited anew at once', async () => {
  const queue = live.queue();
  await queue.add('job', null, { jobId: 'a' });
  await queue.cancel('a');
  const client = new Mortal(live.redis, new Set(), 'await');
  const listening = Object.assign(client.connection, { subscribe: () => () => undefined });
  const { awaiting } = clientOf(listening, queue.name, 'lunaq').store;
  await client.begin(() => awaiting.finished('a' as JobId, undefined));
  await client.step();
  await queue.retryJob('a');
  await client.step();
  await client.step();
  expect(await live.redis.hget(`lunaq:{${queue.name}}:watched`, 'a')).toBe('awaited');
  awaiting.close();
  await client.die();
});
