// A worker's process is killed while it holds jobs that it had claimed ahead.
import { expect, test } from 'vitest';
import { Holder, Holds, randomFrom } from '../helpers/holds.js';
import { gate, liveRedis, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();
const short = (length: number) => Array.from({ length }, () => ({ name: 'short', data: {} }));
const options = { lockDuration: 400, stalledInterval: 100 };

test('at any moment: the others run all of its jobs, and those that had not started were not lost', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  const random = randomFrom(seed);
  const queue = live.queue();
  const holds = await Holds.watch(live);
  const ran = new Map<string, number>();
  const jobs = await queue.addBulk(
    Array.from({ length: 3_000 }, () => ({
      name: 'job',
      data: { ms: random() < 0.998 ? 0 : random() * 60 },
    })),
  );
  let ahead = 0;
  for (let kill = 0; kill < 5; kill += 1) {
    const victim = await Holder.start(live, { ...options, concurrency: 1 + (kill % 2) * 4 });
    await pause(30 + random() * 150);
    await victim.kill();
    ahead = Math.max(ahead, await live.redis.hlen(`lunaq:{${live.name}}:active`));
  }
  const lost: number[] = [];
  live.worker(
    async (job) => {
      ran.set(job.id, (ran.get(job.id) ?? 0) + 1);
      if (job.stalledCounter > 0) lost.push(job.stalledCounter);
    },
    { ...options, concurrency: 20 },
  );
  await until(async () => (await queue.getJobCounts()).completed === jobs.length, 30_000);
  await holds.end();
  console.log(
    `seed ${seed}: up to ${ahead} jobs under dead leases at a time, ${lost.length} counted as lost`,
  );
  expect(await queue.getJobCounts()).toMatchObject({ failed: 0, active: 0, waiting: 0 });
  expect([...ran.values()].every((times) => times === 1)).toBe(true);
  // At most what its slots held, for each worker that was killed: 1, 5, 1, 5 and 1.
  expect(lost.length).toBeLessThanOrEqual(13);
}, 60_000);

test('five times in a row, by the job before them: jobs that have not started were not lost', async () => {
  const queue = live.queue();
  const settings = { ...options, maxStalledCount: 1 };
  const behind: string[] = [];
  let ahead = 0;
  for (let round = 1; round <= 5; round += 1) {
    // Enough short ones to have many claimed ahead of those that come behind.
    await queue.addBulk(short(400));
    await queue.add('killer', { kill: round });
    const jobs = await queue.addBulk(
      Array.from({ length: 100 }, () => ({ name: 'behind', data: {} })),
    );
    const ids = jobs.map(({ id }) => id);
    behind.push(...ids);
    const victim = await Holder.start(live, settings, { round });
    await victim.ended;
    ahead += (await live.redis.hmget(`lunaq:{${live.name}}:active`, ...ids)).filter(Boolean).length;
  }
  live.worker(async () => undefined, settings);
  await until(async () => (await queue.getJobCounts()).completed === 5 * 501, 30_000);
  console.log(`${ahead} jobs held and not started by workers that were killed`);
  expect(ahead).toBeGreaterThan(0);
  const lost = await live.redis.hmget(`lunaq:{${live.name}}:stalls`, ...behind);
  expect(lost.filter((count) => count !== null && count !== '0')).toEqual([]);
  expect(lost.filter((count) => count === '0').length).toBeGreaterThanOrEqual(ahead);
}, 60_000);

test('by the job before them: those whose ttl has ended before others take them never run', async () => {
  const queue = live.queue();
  const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;
  const timed = { name: 'behind', data: {}, opts: { ttl: 600_000 } };
  const waited: string[] = [];
  let count = 0;
  // As a rule the first time; it is up to the worker how many it claims ahead.
  for (let round = 1; waited.length === 0; round += 1) {
    expect(round).toBeLessThanOrEqual(10);
    await queue.addBulk(short(400));
    await queue.add('killer', { kill: round });
    const behind = await queue.addBulk(Array.from({ length: 100 }, () => timed));
    count += 501;
    const victim = await Holder.start(live, options, { round });
    await victim.ended;
    const held = await live.redis.hkeys(key('active'));
    waited.push(...behind.map(({ id }) => id).filter((id) => held.includes(id)));
  }
  for (const id of waited) await live.redis.hset(key('traits'), id, '{"ends":1000000000000}');
  const ran = new Set<string>();
  live.worker((job) => void ran.add(job.id), options);
  await until(async () => (await queue.getJobCounts()).failed === waited.length, 30_000);
  await until(async () => (await queue.getJobCounts()).completed === count - waited.length, 30_000);
  console.log(`${waited.length} jobs expired that a worker which was killed had not started`);
  expect(waited.filter((id) => ran.has(id))).toEqual([]);
}, 60_000);

test('a job that was claimed ahead and has started runs again when its worker dies, also after its ttl', async () => {
  const queue = live.queue();
  const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;
  const started = gate<string>();
  const over = gate();
  const first = live.worker(async (job, token) => {
    if (job.name !== 'long') return;
    started.open(token);
    await over.opened;
  });
  await first.pause();
  await queue.addBulk(short(400));
  const opts = { ttl: 600_000 };
  const long = await queue.add('long', {}, opts);
  await queue.addBulk(Array.from({ length: 50 }, () => ({ name: 'behind', data: {}, opts })));
  first.resume();
  const [lease = '', number] = (await started.opened).split(':');
  // What was claimed with it goes back; then its worker tells that it has started.
  await until(async () => {
    const row = (await live.redis.hget(key('calls'), `${lease}:claim`)) ?? '';
    const begun = /^[^\n\t]*\n?[^\n\t]*\t(\d+)/.exec(row)?.[1] ?? Infinity;
    return Number(begun) >= Number(number);
  });
  await live.redis.hset(key('traits'), long.id, '{"ends":1000000000000}');
  await live.redis.zadd(key('leases'), 0, lease);
  const again: string[] = [];
  live.worker((job) => void again.push(job.name), options);
  await until(async () => (await long.getState()) === 'completed', 30_000);
  expect(again).toContain('long');
  over.open();
}, 60_000);

test('a job that kills its worker whenever it starts fails, though the first loss of one that was claimed ahead does not count', async () => {
  const queue = live.queue();
  await queue.addBulk(short(500));
  const killer = await queue.add('job', { kill: 9 });
  await queue.addBulk(short(200));
  let kills = 0;
  const state = async () => await killer.getState();
  while ((await state()) !== 'failed' && kills < 10) {
    const victim = await Holder.start(live, options);
    await Promise.race([victim.ended, until(async () => (await state()) === 'failed', 30_000)]);
    if ((await state()) !== 'failed') kills += 1;
    await victim.kill();
  }
  console.log(`failed after it had killed ${kills} workers`);
  expect(kills).toBeGreaterThanOrEqual(3);
  expect(kills).toBeLessThanOrEqual(4);
  live.worker(async () => undefined, { ...quick, concurrency: 50 });
  await until(async () => (await queue.getJobCounts()).completed === 700, 30_000);
}, 60_000);

test('with maxStalledCount 0 nothing is claimed that does not start: none runs twice, and none fails that did not run', async () => {
  const queue = live.queue();
  const holds = await Holds.watch(live);
  const jobs = await queue.addBulk(
    Array.from({ length: 300 }, (_, at) => ({
      name: 'job',
      data: at === 200 ? { kill: 9 } : {},
    })),
  );
  const victim = await Holder.start(live, { ...options, maxStalledCount: 0 });
  await victim.ended;
  live.worker(async () => undefined, { ...options, maxStalledCount: 0 });
  await until(async () => (await queue.getJobCounts()).completed === 299, 30_000);
  await until(async () => (await jobs[200]?.getState()) === 'failed');
  await holds.end();
  expect(holds.all.filter(({ id }) => id !== jobs[200]?.id)).toHaveLength(299);
}, 60_000);
