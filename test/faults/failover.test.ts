// A replica takes over, by Sentinel, under load. What the old master had acknowledged and not passed on is lost: that is printed.
// What is left fits together, and nothing that had been passed on is lost or done again.
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RedisServer } from '../../src/testing/index.js';
import { startWorker } from '../helpers/child.js';
import { Live, pause, until } from '../helpers/live.js';
import { consistent, Load, patience, rounds, timeLimit, unharmed } from '../helpers/load.js';
import { Sentinels } from '../helpers/sentinels.js';

const live = new Live({});
let cluster: Sentinels;
let master: RedisServer;

/** ms within which a replica is promoted, also at the second try of the sentinels. */
const electionLimit = 20_000;

beforeEach(async () => {
  cluster = await Sentinels.start(2);
  [master] = cluster.servers as [RedisServer];
  live.server = master;
  live.redis = new Redis({ ...cluster.connection, maxRetriesPerRequest: null });
  live.redis.on('error', () => undefined);
  live.begin();
}, 40_000);
afterEach(async () => {
  await live.end();
  live.redis.disconnect();
  await cluster.stop();
});

/** A load over the sentinels; and the time up to which all that was acknowledged is with both replicas. */
async function replicatedLoad(): Promise<{ load: Load; safe: number }> {
  const load = new Load(live, { connection: cluster.connection });
  await load.flows();
  const safe = performance.now();
  for (const other of cluster.servers.slice(1)) await cluster.replicated(master, other);
  return { load, safe };
}

/** Once the sentinels agree on another master, which takes two rounds of them when the first vote is split. */
async function recovers(load: Load): Promise<void> {
  const since = performance.now();
  await cluster.promoted(master, electionLimit);
  await load.recovers(since);
}

/** What is left fits together, and nothing is lost that was passed on before `safe`. */
async function expectOnlyTail(load: Load, safe: number, scenario: string) {
  const verdict = await load.judge(scenario);
  expect(verdict).toMatchObject(consistent);
  expect(load.onlyAfter(safe, verdict)).toBe(true);
  return verdict;
}

test(
  'the master is killed under load: a replica takes over, and what it had is not lost',
  async () => {
    const { load, safe } = await replicatedLoad();
    await master.kill();
    await recovers(load);
    await expectOnlyTail(load, safe, 'failover,master-killed');
  },
  timeLimit,
);

test(
  'the master is killed when all was passed on: nothing is lost, and nothing done again',
  async () => {
    const { load } = await replicatedLoad();
    await load.hush();
    await until(async () => (await load.queue.getJobCounts('waiting', 'active')).waiting === 0);
    for (const other of cluster.servers.slice(1)) await cluster.replicated(master, other);
    await master.kill();
    load.produce();
    await recovers(load);
    expect(await load.judge('failover,all-replicated')).toMatchObject(unharmed);
  },
  timeLimit,
);

test(
  'a failover that is asked for, of a master that is well',
  async () => {
    const { load, safe } = await replicatedLoad();
    let old = master;
    for (let round = 0; round < rounds(1); round += 1) {
      await cluster.failOver();
      const asked = performance.now();
      old = await cluster.promoted(old, patience);
      await load.recovers(asked);
      await load.flows();
    }
    await expectOnlyTail(load, safe, 'failover,asked-for');
  },
  timeLimit,
);

test(
  'a replica that lacks the last changes takes over: they are lost, and nothing else',
  async () => {
    const { load, safe } = await replicatedLoad();
    // Parted from their master, they hear no more of it.
    for (const other of cluster.servers.slice(1)) await cluster.of(other).replicaof('NO', 'ONE');
    await pause(200);
    await master.kill();
    await recovers(load);
    const verdict = await expectOnlyTail(load, safe, 'failover,tail-lost');
    expect(verdict.lost.length).toBeGreaterThan(0);
  },
  timeLimit,
);

test(
  'a master that hangs: it is left within the socket time-out, and when it comes back nobody follows it',
  async () => {
    const { load, safe } = await replicatedLoad();
    const { pid } = master as { pid: number };
    process.kill(pid, 'SIGSTOP');
    await recovers(load).finally(() => process.kill(pid, 'SIGCONT'));
    // Has waited for the old one all the time.
    live.redis.disconnect(true);
    await load.flows();
    await expectOnlyTail(load, safe, 'failover,master-frozen');
  },
  timeLimit,
);

test(
  'a handler blocks the event loop while a replica takes over, and again behind it: the thread keeps its lease',
  { tags: ['timing'], timeout: 60_000 },
  async () => {
    const { connection } = cluster;
    const queue = live.queue({ connection });
    const leased = { connection, lockDuration: 2_000 };
    const child = await startWorker(live, leased);
    const stolen: string[] = [];
    const job = await queue.add('busy', { ms: 6_500 });
    await until(async () => (await job.getState()) === 'active');
    for (const other of cluster.servers.slice(1)) await cluster.replicated(master, other);
    const thief = live.worker(({ id }) => void stolen.push(id), leased);
    await master.kill();
    await until(async () => (await job.getState()) === 'completed', patience);
    await thief.pause();
    const next = await queue.add('busy', { ms: 3_000 });
    await until(async () => (await next.getState()) === 'active', patience);
    thief.resume();
    await until(async () => (await next.getState()) === 'completed', patience);
    expect(stolen).toEqual([]);
    expect(child.messages.filter(({ name }) => name === 'LeaseLostError')).toEqual([]);
  },
);
