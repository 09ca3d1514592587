// Great numbers of everything. What takes them all at once in one script either breaks on the values it unpacks or holds up Redis: each
// call takes some 256 jobs, whatever there is.
import { expect, test } from 'vitest';
import { queueKeys } from '../../src/keys.js';
import { callOf } from '../../src/script.js';
import * as scripts from '../../src/scripts.js';
import { liveRedis, pause, until } from '../helpers/live.js';
import { fill, nth, slowCalls, type Slow } from '../helpers/masses.js';

const live = liveRedis();

const record = '["job",{},1700000000000]';
const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;

/** A script that takes thousands of jobs at once takes longer than this; one of 256 some ms, and more when the machine is busy. */
const longest = 250;

function bounded(what: string, { calls, slowest }: Slow): void {
  console.log(
    `${what}: ${calls.length} calls over 10 ms, slowest ${slowest} ms: ${[...new Set(calls)].join(' ')}`,
  );
  expect(slowest).toBeLessThan(longest);
}

test(
  'clean, retryJobs, drain and getJobIds reach all of 20,000 jobs of each state',
  { tags: ['timing'], timeout: 60_000 },
  async () => {
    const queue = live.queue();
    const count = 20_000;
    for (const state of ['completed', 'failed', 'delayed'] as const) {
      await fill(live.redis, 'hash', key('jobs'), state, count, record);
      await fill(live.redis, 'zset', key(state), state, count, Date.now() + 3_600_000);
    }
    await fill(live.redis, 'hash', key('jobs'), 'waiting', count, record);
    await fill(live.redis, 'list', key('waiting'), 'waiting', count);
    await fill(live.redis, 'hash', key('results'), 'completed', count, '{}');
    await live.redis.zunionstore(key('completed'), 1, key('completed'), 'WEIGHTS', 0);
    await live.redis.zunionstore(key('failed'), 1, key('failed'), 'WEIGHTS', 0);
    const slow = await slowCalls(live.redis, async () => {
      const ids = await queue.getJobIds('waiting', { start: 0, end: -1, asc: true });
      expect(ids.length).toBe(count);
      expect(ids[count - 1]).toBe(nth('waiting', count));
      expect(await queue.retryJobs()).toBe(count);
      expect(await queue.getJobCounts()).toMatchObject({ waiting: 2 * count, failed: 0 });
      expect(new Set(await queue.clean(0, 0, 'completed')).size).toBe(count);
      await queue.drain();
      expect(await queue.getJobCounts()).toMatchObject({
        waiting: 0,
        delayed: count,
        completed: 0,
      });
      await queue.drain(true);
      expect(await live.redis.exists(key('jobs'), key('delayed'), key('results'))).toBe(0);
    });
    bounded('20,000 of each state', slow);
  },
);

test(
  '200,000 finished jobs whose time is over go, the first due first, while others run',
  { tags: ['timing'], timeout: 60_000 },
  async () => {
    const queue = live.queue();
    const count = 200_000;
    await fill(live.redis, 'hash', key('jobs'), 'old', count, record);
    await fill(live.redis, 'hash', key('results'), 'old', count, '{}');
    await fill(live.redis, 'zset', key('completed'), 'old', count, 1);
    await fill(live.redis, 'zset', key('evicting'), 'old', count, 1);
    const started: string[] = [];
    const slow = await slowCalls(live.redis, async () => {
      const worker = live.worker((job) => void started.push(job.id), { stalledInterval: 50 });
      const left = (): Promise<number> => live.redis.zcard(key('evicting'));
      for (let n = 0; n < 50; n += 1) {
        await queue.add('job', {}, { jobId: `new${n}` });
        await pause(10);
      }
      // It is not done at once: evicting has its part of the server's time, and no more.
      await until(async () => (await left()) < count - 1_000 && started.length === 50);
      expect(await left()).toBeGreaterThan(count / 2);
      expect(await live.redis.hexists(key('jobs'), nth('old', 1))).toBe(0);
      expect(await live.redis.hexists(key('jobs'), nth('old', count))).toBe(1);
      await worker.close();
      // The rest by the same calls, without the pauses between them.
      const args = { limit: 256, completed: '', failed: '' } as const;
      const call = callOf(scripts.evict, queueKeys(live.name, 'lunaq'), args);
      const step = async (): Promise<number> =>
        call.parse(await live.redis.call('EVALSHA', call.script.sha, ...call.argv)).gone;
      for (let gone = await step(); gone > 0; gone = await step())
        expect(gone).toBeLessThanOrEqual(256);
    });
    bounded('200,000 finished', slow);
    expect(await live.redis.zcard(key('evicting'))).toBe(0);
    expect(await live.redis.hlen(key('jobs'))).toBe(50);
    expect(await live.redis.hlen(key('results'))).toBe(50);
  },
);

test(
  '20,000 active jobs of a dead worker come back, each once, and all run',
  { tags: ['timing'], timeout: 60_000 },
  async () => {
    const queue = live.queue();
    const count = 20_000;
    const lease = 'dead'.repeat(12);
    await fill(live.redis, 'hash', key('jobs'), 'job', count, record);
    await fill(live.redis, 'hash', key('active'), 'job', count, `${lease}:5`);
    await live.redis.hset(key('meta'), { schema: 1, token: 5 });
    await live.redis.hset(key('held'), lease, count);
    await live.redis.zadd(key('leases'), 1, lease);
    const runs = new Map<string, number>();
    const slow = await slowCalls(live.redis, async () => {
      live.worker((job) => void runs.set(job.id, (runs.get(job.id) ?? 0) + 1), {
        concurrency: 256,
        lockDuration: 500,
        stalledInterval: 50,
      });
      expect(await queue.getJobIds('active', { start: 0, end: -1 })).toHaveLength(count);
      await until(async () => (await queue.getJobCounts()).completed === count, 30_000);
    });
    bounded('20,000 active', slow);
    expect(runs.size).toBe(count);
    expect([...runs.values()].filter((times) => times > 1)).toEqual([]);
    expect(await live.redis.exists(key('suspects'), key('active'))).toBe(0);
  },
);

test(
  '10,000 delayed jobs that are due at the same moment all start, each once',
  { tags: ['timing'], timeout: 60_000 },
  async () => {
    const queue = live.queue();
    const count = 10_000;
    await fill(live.redis, 'hash', key('jobs'), 'job', count, record);
    await fill(live.redis, 'zset', key('delayed'), 'job', count, Date.now() + 700);
    const started: string[] = [];
    const slow = await slowCalls(live.redis, async () => {
      live.worker((job) => void started.push(job.id), {
        concurrency: 256,
        stalledInterval: 60_000,
      });
      await until(async () => (await queue.getJobCounts()).completed === count, 20_000);
    });
    bounded('10,000 due at once', slow);
    expect(started).toHaveLength(count);
    expect(new Set(started).size).toBe(count);
  },
);

test('10,000 jobs that finished at the same moment are put back, cleaned, and evicted by count, as many as were asked for', async () => {
  const queue = live.queue();
  const count = 10_000;
  await fill(live.redis, 'hash', key('jobs'), 'job', count, record);
  await fill(live.redis, 'zset', key('completed'), 'job', count, 1_700_000_000_000);
  const pages = await queue.getJobIds('completed', { start: 0, end: -1, asc: true });
  expect(new Set(pages).size).toBe(count);
  expect(await queue.retryJobs({ state: 'completed', count: 1_500 })).toBe(1_500);
  expect(await queue.clean(0, 2_500)).toHaveLength(2_500);
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 1_500, completed: 6_000 });
  // The count that is to stay is told by a job that ends.
  await queue.drain();
  live.worker(() => undefined, { stalledInterval: 50 });
  await queue.add('job', {}, { jobId: 'newest', removeOnComplete: { count: 100 } });
  await until(async () => (await queue.getJobCounts()).completed === 100, 15_000);
  expect(await queue.getJobState('newest')).toBe('completed');
  expect(await live.redis.hlen(key('jobs'))).toBe(100);
}, 60_000);

test(
  '100,000 delayed jobs hold up no other, and are promoted in bounded calls when their time comes',
  { tags: ['timing'], timeout: 60_000 },
  async () => {
    const queue = live.queue();
    const count = 100_000;
    await fill(live.redis, 'hash', key('jobs'), 'job', count, record);
    await fill(live.redis, 'zset', key('delayed'), 'job', count, Date.now() + 3_600_000);
    const started: string[] = [];
    const slow = await slowCalls(live.redis, async () => {
      live.worker((job) => void started.push(job.id), { stalledInterval: 50 });
      await queue.add('job', {}, { jobId: 'at once' });
      await queue.add('job', {}, { jobId: 'soon', delay: 200 });
      await until(() => started.length === 2);
      expect(started).toEqual(['at once', 'soon']);
      await queue.pause();
      await live.redis.zunionstore(key('delayed'), 1, key('delayed'), 'WEIGHTS', 0);
      await until(async () => (await queue.getJobCounts()).delayed === 0, 20_000);
    });
    bounded('100,000 delayed', slow);
    expect(started).toHaveLength(2);
    expect(await queue.getJobCounts()).toMatchObject({ waiting: count, completed: 2 });
    expect(await live.redis.lindex(key('waiting'), -1)).toBe(nth('job', count));
    await queue.obliterate();
  },
);
