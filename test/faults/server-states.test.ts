// What a server answers when it is not well: read only, busy, out of memory, an eviction policy.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { Caller } from '../../src/caller.js';
import { Connection } from '../../src/connection.js';
import { deadlineIn } from '../../src/deadline.js';
import { execute } from '../../src/execute.js';
import { queueKeys } from '../../src/keys.js';
import { callOf } from '../../src/script.js';
import { resume } from '../../src/scripts.js';
import { gate, Live, liveRedis, pause, quick, until } from '../helpers/live.js';
import { Load, patience, rounds, timeLimit, unharmed } from '../helpers/load.js';

const config = { 'busy-reply-threshold': 20, 'enable-debug-command': 'yes' };
const live = liveRedis({ perTest: true, config });

const fails = { code: 'OUT_OF_MEMORY' };

test(
  'READONLY: a server that is demoted and promoted again is waited for',
  async () => {
    const load = new Load(live);
    for (let round = 0; round < rounds(2); round += 1) {
      await load.flows();
      await live.redis.replicaof('127.0.0.1', '1');
      // Longer than the lease, so that it can't be renewed in time.
      await pause(1.3 * quick.lockDuration);
      await live.redis.replicaof('NO', 'ONE');
      await load.recovers();
    }
    const verdict = await load.judge('readonly');
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.refused.size).toBe(0);
  },
  timeLimit,
);

test('READONLY for longer than a call may take: it says that nothing was done, and why', async () => {
  await live.redis.replicaof('127.0.0.1', '1');
  const connection = Connection.acquire(live.as('producer'));
  live.after(() => connection.release());
  const call = callOf(resume, queueKeys(live.name), new Caller().next('resume'));
  const [answer] = await execute(connection, [call], deadlineIn(700));
  expect(answer).toMatchObject({
    error: {
      code: 'UNAVAILABLE',
      cause: { message: expect.stringMatching(/^READONLY/) as string },
    },
  });
});

test(
  'NOREPLICAS: a master that may not be written without replicas is waited for',
  async () => {
    const load = new Load(live);
    for (let round = 0; round < rounds(2); round += 1) {
      await load.flows();
      await live.redis.config('SET', 'min-replicas-to-write', '1');
      await pause(0.6 * quick.lockDuration);
      await live.redis.config('SET', 'min-replicas-to-write', '0');
      await load.recovers();
    }
    const verdict = await load.judge('noreplicas');
    expect(verdict).toMatchObject(unharmed);
    expect(verdict).toMatchObject({ ranTwice: 0, refused: new Map() });
  },
  timeLimit,
);

test(
  'CLUSTERDOWN: a slot that nobody serves for a while is waited for',
  async () => {
    const clustered = { 'cluster-enabled': 'yes', 'cluster-require-full-coverage': 'no' };
    const cluster = new Live({ config: clustered });
    await cluster.start();
    cluster.begin();
    try {
      const { redis } = cluster;
      const slot = await redis.cluster('KEYSLOT', queueKeys(cluster.name).jobs);
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await until(async () => (await redis.cluster('INFO')).includes('cluster_state:ok'));
      const load = new Load(cluster);
      for (let round = 0; round < rounds(2); round += 1) {
        await load.flows();
        await redis.cluster('DELSLOTS', slot);
        await until(() =>
          redis.get(queueKeys(cluster.name).wake).then(
            () => false,
            ({ message }: Error) => message.startsWith('CLUSTERDOWN'),
          ),
        );
        await pause(0.6 * quick.lockDuration);
        await redis.cluster('ADDSLOTS', slot);
        await load.recovers();
      }
      const verdict = await load.judge('clusterdown');
      expect(verdict).toMatchObject(unharmed);
      expect(verdict).toMatchObject({ ranTwice: 0, refused: new Map() });
    } finally {
      await cluster.end();
      await cluster.stop();
    }
  },
  timeLimit,
);

/** Keeps the server busy with a script for so many ms. */
async function keepBusy(ms: number): Promise<void> {
  const other = new Redis(live.server.connection);
  await other.eval(
    `local start = redis.call('TIME')
     repeat local now = redis.call('TIME')
     until (now[1] - start[1]) * 1000000 + now[2] - start[2] > ARGV[1] * 1000`,
    0,
    ms,
  );
  other.disconnect();
}

test(
  'BUSY: calls go through when the long script has ended',
  async () => {
    const load = new Load(live);
    for (let round = 0; round < rounds(3); round += 1) {
      await load.flows();
      await keepBusy(0.6 * quick.lockDuration);
      await load.recovers();
    }
    const verdict = await load.judge('busy');
    expect(verdict).toMatchObject(unharmed);
    expect(verdict).toMatchObject({ ranTwice: 0, refused: new Map() });
  },
  timeLimit,
);

test('BUSY for longer than the lease: who could not renew it keeps the job that he runs', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  const runs: string[] = [];
  const worker = (): unknown =>
    live.worker(async ({ id }) => {
      runs.push(id);
      await opened;
    });
  worker();
  const job = await queue.add('job', {});
  await until(() => runs.length === 1);
  worker();
  for (let round = 0; round < rounds(1); round += 1) {
    // Until the sweepers trust what they see again.
    await pause(quick.lockDuration + 2 * quick.stalledInterval);
    await keepBusy(1.3 * quick.lockDuration);
  }
  await pause(quick.lockDuration);
  open();
  await until(async () => (await job.getState()) === 'completed');
  expect(runs).toEqual([job.id]);
  expect(live.errors.filter(({ name }) => name === 'LeaseLostError')).toEqual([]);
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

test(
  'out of memory: adds are refused, all that was added runs, and all goes on afterwards',
  async () => {
    const load = new Load(live);
    const { queue } = load;
    const failed: string[] = [];
    load.worker.on('failed', (job) => failed.push(job!.id));
    for (let round = 0; round < rounds(2); round += 1) {
      await load.flows();
      const later = await queue.add('job', {}, { delay: 300, jobId: `later-${round}` });
      await live.redis.config('SET', 'maxmemory', '1');
      await until(() => load.refused('OUT_OF_MEMORY') > 500 * (round + 1), patience);
      await expect(queue.add('job', {})).rejects.toMatchObject(fails);
      await expect(queue.add('job', {}, { delay: 10 })).rejects.toMatchObject(fails);
      // Claims, settles, renewals and sweeps go on: a delayed job is promoted, and all end.
      await until(async () => (await later.getState()) === 'completed', patience);
      await until(async () => (await queue.getJobCounts()).active === 0, patience);
      expect(await queue.getJobCounts()).toMatchObject({ waiting: 0, delayed: 0 });
      await pause(1.3 * quick.lockDuration);
      await live.redis.config('SET', 'maxmemory', '0');
      await load.recovers();
    }
    const verdict = await load.judge('out-of-memory');
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.ranTwice).toBe(0);
    expect([...verdict.refused.keys()]).toEqual(['OUT_OF_MEMORY']);
    expect(live.errors).toEqual([]);
  },
  timeLimit,
);

test('out of memory: results, failures and retries are taken', async () => {
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
  const listen = (warning: Error & { code?: string }): void =>
    void (warning.code === 'LUNAQ_EVICTION' && warnings.push(warning.message));
  process.on('warning', listen);
  live.after(() => process.off('warning', listen));
  await live.queue().add('job', {});
  await pause(100);
  expect(warnings).toEqual([]);
});
