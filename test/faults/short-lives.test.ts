// Workers that live shorter than a lease, one after the other, each over a connection of its own.
import { expect, test } from 'vitest';
import type { Worker } from '../../src/worker.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();
const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;
let connections = 0;

function shortLived(ran: string[], options = {}): Worker {
  connections += 1;
  return live.worker(({ id }) => void ran.push(id), {
    connection: { ...live.as('worker'), connectionName: `own-${connections}` },
    lockDuration: 3_000,
    stalledInterval: 250,
    ...options,
  });
}

/** Leases of workers that have died, each with one of these jobs. */
async function died(ids: readonly string[]): Promise<void> {
  for (const [at, id] of ids.entries()) {
    await live.redis.multi().zadd(key('leases'), Date.now() - 1_000, `gone${at}`)
      .lrem(key('waiting'), 1, id).zrem(key('delayed'), id).hset(key('active'), id, `gone${at}:0`)
      .hset(key('held'), `gone${at}`, 1).exec(); // prettier-ignore
  }
}

test('they take back what a dead worker held, though none lives as long as a lease', async () => {
  const queue = live.queue();
  const { id } = await queue.add('job', {}, { delay: 60_000 });
  await died([id]);
  const ran: string[] = [];
  const start = performance.now();
  for (let life = 0; life < 20 && ran.length === 0; life += 1) {
    const worker = shortLived(ran);
    await pause(800);
    await worker.close();
  }
  console.log(`taken back after ${Math.round(performance.now() - start)} ms, lease 3000 ms`);
  expect(ran).toEqual([id]);
});

test('a worker that lives on takes back what a dead one held beside others that come and go', async () => {
  const queue = live.queue();
  const ran: string[] = [];
  shortLived(ran, { lockDuration: 1_000 });
  await pause(1_500);
  const over = new AbortController();
  const comeAndGo = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const worker = shortLived(ran, { lockDuration: 1_000 });
      await pause(25);
      await worker.close();
    }
  };
  const churn = [comeAndGo(), comeAndGo()];
  const { id } = await queue.add('job', {}, { delay: 60_000 });
  await died([id]);
  await until(() => ran.length === 1, 4_000).finally(() => over.abort());
  await Promise.all(churn);
  expect(ran).toEqual([id]);
});

test('one burst takes back what 150 dead workers held', async () => {
  const queue = live.queue();
  const jobs = await queue.addBulk(Array.from({ length: 150 }, () => ({ name: 'job', data: {} })));
  await died(jobs.map(({ id }) => id));
  const ran: string[] = [];
  await shortLived(ran, { autorun: false, lockDuration: 400, concurrency: 50 }).run({
    burst: true,
  });
  expect(new Set(ran).size).toBe(150);
});
