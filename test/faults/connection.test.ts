// Connections are cut, go silent, are refused; scripts are flushed.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startProxy, type Proxy } from '../helpers/proxy.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

async function proxied(): Promise<{ proxy: Proxy; connection: { host: string; port: number } }> {
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  return { proxy, connection: { host: proxy.host, port: proxy.port } };
}

/** Ends once a worker of this connection sits in its block. */
async function untilBlocked(): Promise<void> {
  await until(async () => /cmd=blpop/.test((await live.redis.client('LIST')) as string));
}

test('cut 20 times under load: every job is done, exactly one settle each is accepted', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue({ connection });
  const completed: string[] = [];
  const runs = new Map<string, number>();
  const worker = live.worker(
    async (job) => {
      runs.set(job.id, (runs.get(job.id) ?? 0) + 1);
      await pause(3);
    },
    { connection, concurrency: 40 },
  );
  worker.on('completed', (job) => completed.push(job.id));
  const added: Promise<unknown>[] = [];
  let total = 0;
  for (let cut = 0; cut < 20; cut += 1) {
    for (let n = 0; n < 50; n += 1) {
      added.push(queue.add('job', {}, { jobId: `${cut}-${n}` }));
      total += 1;
    }
    await pause(cut % 5);
    proxy.cut();
    await until(() => completed.length >= total - 40, 10_000);
  }
  await Promise.all(added);
  await until(async () => (await queue.getJobCounts()).completed === total);
  await worker.close();
  const again = [...runs.values()].filter((count) => count > 1).length;
  console.log(`20 cuts: ${total} jobs, ${again} ran again, ${completed.length} told completed`);
  expect(new Set(completed).size).toBe(completed.length);
  expect(await live.violations()).toEqual([]);
  expect(await queue.getJobCounts()).toMatchObject({ completed: total, waiting: 0, active: 0 });
}, 60_000);

test('three drops within three seconds, all while idle: the next job still starts at once', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const done: string[] = [];
  live.worker((job) => void done.push(job.id), { connection, stalledInterval: 10_000 });
  for (let drop = 0; drop < 3; drop += 1) {
    await untilBlocked();
    proxy.cut();
    await pause(800);
  }
  await untilBlocked();
  const started = performance.now();
  const job = await queue.add('job', {});
  await until(() => done.includes(job.id), 3_000);
  console.log(`start after three drops: ${(performance.now() - started).toFixed(1)} ms`);
});

test('a marker that was taken by a lost block wakes the worker all the same', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const done: string[] = [];
  live.worker((job) => void done.push(job.id), { connection, stalledInterval: 10_000 });
  await untilBlocked();
  for (let round = 0; round < 3; round += 1) {
    proxy.cut();
    const job = await queue.add('job', {});
    await until(() => done.includes(job.id), 3_000);
  }
});

test('half open: the dead socket is given up in time, and the worker goes on', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const done: string[] = [];
  const worker = live.worker((job) => void done.push(job.id), { connection, lockDuration: 1_500 });
  await queue.add('before', {});
  await until(() => done.length === 1);
  proxy.blackhole(true);
  const job = await queue.add('meanwhile', {});
  const other = await queue.add('meanwhile', {});
  await pause(3_000);
  expect(done.length).toBe(1);
  proxy.cut();
  proxy.blackhole(false);
  const recovered = performance.now();
  await until(() => done.includes(job.id) && done.includes(other.id), 10_000);
  console.log(`after a half-open of 3 s: ${(performance.now() - recovered).toFixed(0)} ms`);
  await worker.close();
}, 30_000);

test('half open without an end of the old sockets: within the socket time-out, the worker is on new ones', async () => {
  const { proxy, connection } = await proxied();
  const queue = live.queue();
  const done: string[] = [];
  live.worker((job) => void done.push(job.id), { connection });
  await queue.add('before', {});
  await until(() => done.length === 1);
  proxy.blackhole(true);
  const job = await queue.add('meanwhile', {});
  const started = performance.now();
  await until(() => live.errors.some(({ message }) => /socket timeout/i.test(message)), 8_000);
  const detected = performance.now() - started;
  proxy.blackhole(false);
  await until(() => done.includes(job.id), 16_000);
  console.log(
    `silent sockets: detected after ${detected.toFixed(0)} ms, job done after ${(performance.now() - started).toFixed(0)} ms`,
  );
}, 30_000);

test('clients killed on the server, again and again, under load: nothing is lost', async () => {
  const queue = live.queue();
  const completed: string[] = [];
  live.worker(() => pause(2), { concurrency: 30 }).on('completed', (job) => completed.push(job.id));
  const ids = new Set<string>();
  for (let round = 0; round < 10; round += 1) {
    const adding = queue.addBulk(Array.from({ length: 30 }, () => ({ name: 'job', data: {} })));
    await live.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    for (const { id } of await adding) ids.add(id);
  }
  await until(() => completed.length >= ids.size, 10_000);
  expect(new Set(completed)).toEqual(ids);
});

test('SCRIPT FLUSH at any moment is invisible', async () => {
  const queue = live.queue();
  const completed: string[] = [];
  live
    .worker(
      async (job) => {
        await pause(1);
        if (job.name === 'fails' && job.attemptsMade === 0) throw new Error('once');
      },
      { concurrency: 20, lockDuration: 300 },
    )
    .on('completed', (job) => completed.push(job.id));
  const flush = { going: true };
  const flusher = new Redis({ ...live.server.connection });
  const flushing = (async () => {
    while (flush.going) {
      await flusher.script('FLUSH');
      await pause(2);
    }
    flusher.disconnect();
  })();
  const ids: string[] = [];
  for (let round = 0; round < 30; round += 1) {
    const jobs = await queue.addBulk([
      ...Array.from({ length: 10 }, () => ({ name: 'job', data: {} })),
      { name: 'later', data: {}, opts: { delay: 20 } },
      { name: 'fails', data: {}, opts: { attempts: 2 } },
    ]);
    ids.push(...jobs.map(({ id }) => id));
  }
  await until(() => completed.length === ids.length, 10_000);
  flush.going = false;
  await flushing;
  expect(live.errors).toEqual([]);
  expect(new Set(completed).size).toBe(ids.length);
}, 30_000);
