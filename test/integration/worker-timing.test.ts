// When jobs start, and how many commands that takes.
import { expect, test } from 'vitest';
import { liveRedis, median, pause, until } from '../helpers/live.js';

const live = liveRedis();

async function untilIdle(): Promise<void> {
  await until(async () => /cmd=blpop/.test((await live.redis.client('LIST')) as string));
}

function total(counts: Map<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function shown(counts: Map<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}

/** When a delayed job has to start, by this process' clock: the server's is the same machine's. */
const late: (job: { timestamp: number; opts: { delay?: number } }) => number = (job) =>
  performance.timeOrigin + performance.now() - job.timestamp - (job.opts.delay ?? 0);

/** How late (ms) a timer and one round trip behind it are on this machine at this moment. */
async function bareLateness(ms: number): Promise<number> {
  const started = performance.now();
  await pause(ms);
  await live.redis.ping();
  return performance.now() - started - ms;
}

test(
  'a delayed job starts within 5 ms of its time, less what the machine takes, and never before it',
  { tags: ['timing'], timeout: 30_000 },
  async () => {
    const queue = live.queue();
    const lateness: number[] = [];
    live.worker((job) => void lateness.push(late(job)), { stalledInterval: 5_000 });
    await queue.add('warm', {}, { delay: 1 });
    await until(() => lateness.length === 1);
    const floor: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      await queue.add('job', {}, { delay: 30 + n });
      await until(() => lateness.length === n + 2);
      floor.push(await bareLateness(30 + n));
    }
    const sorted = lateness.slice(1).toSorted((a, b) => a - b);
    console.log(
      `delayed start: median ${median(sorted).toFixed(2)} ms late, ${sorted[0]?.toFixed(2)} to ${sorted.at(-1)?.toFixed(2)}, a bare timer and a round trip ${median(floor).toFixed(2)} ms`,
    );
    expect(median(sorted)).toBeLessThanOrEqual(5 + 2 * median(floor));
    expect(sorted[0]).toBeGreaterThanOrEqual(-1); // times are whole ms
  },
);

test(
  'a job that is added while a later one is waited for still starts in time',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const order: [string, number][] = [];
    live.worker((job) => void order.push([job.name, late(job)]), { stalledInterval: 5_000 });
    await queue.add('second', {}, { delay: 400 });
    await pause(50);
    await queue.add('first', {}, { delay: 100 });
    await until(() => order.length === 2);
    expect(order.map(([name]) => name)).toEqual(['first', 'second']);
    expect(Math.max(...order.map(([, ms]) => ms))).toBeLessThan(50);
  },
);

test('delayed jobs start in the order in which they are due', async () => {
  const queue = live.queue<number>();
  const order: number[] = [];
  live.worker<number>((job) => void order.push(job.data));
  const delays = Array.from({ length: 60 }, (_, n) => 50 + ((n * 37) % 60) * 5);
  await queue.addBulk(delays.map((delay) => ({ name: 'job', data: delay, opts: { delay } })));
  await until(() => order.length === 60);
  expect(order).toEqual(delays.toSorted((a, b) => a - b));
});

test('ten idle workers and 50 delayed jobs: no herd', { tags: ['timing'] }, async () => {
  const queue = live.queue();
  let ran = 0;
  for (let n = 0; n < 10; n += 1)
    live.worker(() => void (ran += 1), { stalledInterval: 5_000, lockDuration: 30_000 });
  await untilIdle();
  await pause(100);
  const counts = await live.commandsOf(async () => {
    await queue.addBulk(
      Array.from({ length: 50 }, (_, n) => ({
        name: 'job',
        data: {},
        opts: { delay: 100 + n * 20 },
      })),
    );
    await until(() => ran === 50);
    await pause(50);
  });
  const calls = counts.get('evalsha') ?? 0;
  console.log(`50 delayed jobs, 10 workers: ${calls} script calls (${shown(counts)})`);
  // Two workers at most care for one time: whose timer it is, and whom its marker wakes.
  expect(calls).toBeLessThan(50 * 8);
});

test(
  'from add to start takes one round trip of the producer and one of the worker',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const started = new Map<string, number>();
    live.worker((job) => void started.set(job.id, performance.now()), { stalledInterval: 5_000 });
    const latencies: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      await untilIdle();
      const at = performance.now();
      const { id } = await queue.add('job', {});
      await until(() => started.has(id));
      latencies.push(started.get(id)! - at);
    }
    console.log(`add to start: median ${median(latencies.slice(10)).toFixed(2)} ms`);
    expect(median(latencies.slice(10))).toBeLessThan(10);
  },
);

test('one job at a time on an idle worker costs few calls', { tags: ['timing'] }, async () => {
  const queue = live.queue();
  let ran = 0;
  live.worker(() => void (ran += 1), { stalledInterval: 5_000, lockDuration: 30_000 });
  await queue.add('job', {});
  await untilIdle();
  const counts = await live.commandsOf(async () => {
    for (let n = 2; n <= 21; n += 1) {
      await queue.add('job', {});
      await until(() => ran === n);
      await untilIdle();
    }
  });
  counts.delete('client');
  console.log(`20 lone jobs: ${shown(counts)}`);
  expect(total(counts)).toBeLessThanOrEqual(20 * 5 + 5);
});

test.each([1, 3])(
  'idle workers send at most one command a second each: %i, with default settings',
  { tags: ['timing'] },
  async (workers) => {
    live.queue();
    const lockDuration = 30_000;
    for (let n = 0; n < workers; n += 1)
      live.worker(() => undefined, { stalledInterval: 5_000, lockDuration });
    await untilIdle();
    await pause(200);
    const seconds = 10;
    const counts = await live.commandsOf(() => pause(seconds * 1_000));
    counts.delete('script'); // loaded once by each process
    console.log(
      `${workers} idle workers, ${seconds} s: ${total(counts)} commands (${shown(counts)})`,
    );
    expect(total(counts) / seconds / workers).toBeLessThanOrEqual(1);
  },
);
