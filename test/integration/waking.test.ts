// Something claimable and an idle worker meet at once; sweeps, which would bring them together late, are far apart here.
import { expect, test } from 'vitest';
import { gate, liveRedis, median, pause, until } from '../helpers/live.js';

const live = liveRedis();

const slowSweep = { stalledInterval: 10_000, lockDuration: 30_000 };

async function blocked(count = 1): Promise<void> {
  await until(async () => {
    const list = (await live.redis.client('LIST')) as string;
    return (list.match(/cmd=blpop/g) ?? []).length >= count;
  });
}

test(
  'workers of many queues share one block, and each job starts at once',
  { tags: ['timing'] },
  async () => {
    const started = new Map<string, number>();
    const names = Array.from({ length: 20 }, (_, n) => `many-${n}`);
    for (const name of names)
      live.worker((job) => void started.set(job.id, performance.now()), { ...slowSweep, name });
    const queues = names.map((name) => live.queue({ name }));
    await blocked();
    const latencies: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      const at = performance.now();
      const { id } = await queues[(n * 7) % 20]!.add('job', {});
      await until(() => started.has(id), 1_000, `start of job ${n}`);
      latencies.push(started.get(id)! - at);
    }
    console.log(
      `20 queues, one block: median ${median(latencies).toFixed(2)} ms, most ${Math.max(...latencies).toFixed(1)}`,
    );
    expect(Math.max(...latencies)).toBeLessThan(500);
  },
);

test('jobs for all queues at the same moment all start at once', async () => {
  const started: string[] = [];
  const names = Array.from({ length: 10 }, (_, n) => `same-${n}`);
  for (const name of names)
    live.worker((job) => void started.push(job.id), { ...slowSweep, name, concurrency: 2 });
  const queues = names.map((name) => live.queue({ name }));
  for (let round = 1; round <= 10; round += 1) {
    await Promise.all(queues.flatMap((queue) => [queue.add('job', {}), queue.add('job', {})]));
    await until(() => started.length === round * 20, 1_000, `round ${round}`);
  }
});

test('a busy worker leaves what comes to an idle one', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  const first = live.worker(() => opened, slowSweep);
  const held = await queue.add('job', {});
  await until(async () => (await held.getState()) === 'active');
  const ran: string[] = [];
  live.worker((job) => void ran.push(job.id), slowSweep);
  await pause(100);
  for (let n = 0; n < 20; n += 1) {
    const { id } = await queue.add('job', {});
    await until(() => ran.includes(id), 1_000, `start of job ${n}`);
  }
  open();
  await first.close();
});

test('two idle workers share what comes at once', async () => {
  const queue = live.queue();
  const { opened, open } = gate();
  const running: string[] = [];
  for (const name of ['a', 'b', 'c'])
    live.worker(async () => {
      running.push(name);
      await opened;
    }, slowSweep);
  await pause(100);
  await queue.addBulk([1, 2, 3].map(() => ({ name: 'job', data: {} })));
  await until(() => running.length === 3, 4_000);
  expect(running.toSorted()).toEqual(['a', 'b', 'c']);
  open();
});

test('a worker that is busy with a long job starts the next as soon as it has a slot', async () => {
  const queue = live.queue();
  const gates = Array.from({ length: 6 }, () => gate());
  const running: string[] = [];
  live.worker(
    async (job) => {
      running.push(job.name);
      await gates[Number(job.name)]!.opened;
    },
    { ...slowSweep, concurrency: 2 },
  );
  await queue.addBulk([0, 1, 2, 3, 4, 5].map((n) => ({ name: String(n), data: {} })));
  await until(() => running.length === 2);
  for (let n = 0; n < 4; n += 1) {
    gates[n]!.open();
    await until(() => running.length === n + 3, 1_000, `slot ${n}`);
  }
  for (const { open } of gates) open();
  await until(async () => (await queue.getJobCounts()).completed === 6);
  expect(running).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('a retry, a handback, a requeue and a resume wake an idle worker at once', async () => {
  const queue = live.queue();
  const ran: string[] = [];
  const { opened, open } = gate();
  const holder = live.worker(
    (job) => (ran.length === 0 ? opened : void ran.push(job.id)),
    slowSweep,
  );
  const held = await queue.add('job', {});
  await until(async () => (await held.getState()) === 'active');
  live.worker((job) => {
    ran.push(job.id);
    if (job.name === 'again' && job.attemptsMade === 0) throw new Error('once');
  }, slowSweep);
  await pause(100);
  const soon = (count: number, what: string): Promise<void> =>
    until(() => ran.length === count, 1_000, what);

  await holder.close(true);
  await soon(1, 'handback');
  open();
  await until(async () => (await held.getState()) === 'completed');
  await queue.retryJob(held.id);
  await soon(2, 'requeue');
  await queue.add('again', {}, { attempts: 2 });
  await soon(4, 'retry');
  await queue.pause();
  await queue.add('job', {});
  await pause(50);
  await queue.resume();
  await soon(5, 'resume');
});

type Pausing = { pause(): Promise<void>; close(): Promise<void> };

// Only the first worker is told of the job, and sets its timer.
test.each<[string, number, (workers: readonly Pausing[]) => Promise<unknown>]>([
  [
    'those that waited first have gone',
    3,
    async ([first, second]) => {
      await first?.close();
      await second?.close();
    },
  ],
  ['the worker that waits for it is paused', 2, async ([first]) => await first?.pause()],
])(
  'a delayed job is started in time, though %s',
  { tags: ['timing'] },
  async (_, count, withdraw) => {
    const queue = live.queue();
    const ran: number[] = [];
    const workers = Array.from({ length: count }, () =>
      live.worker(() => void ran.push(performance.now()), slowSweep),
    );
    await blocked();
    await pause(50);
    const at = performance.now();
    await queue.add('job', {}, { delay: 400 });
    await pause(50);
    await withdraw(workers);
    await until(() => ran.length === 1, 3_000);
    expect(ran[0]! - at).toBeLessThan(700);
  },
);

test.each([1, 2])(
  'a delayed job is started in time, though the one before it was cancelled: %i workers',
  { tags: ['timing'] },
  async (count) => {
    const queue = live.queue();
    const ran: number[] = [];
    for (let n = 0; n < count; n += 1)
      live.worker(() => void ran.push(performance.now()), slowSweep);
    await blocked();
    await pause(50);
    const at = performance.now();
    const before = await queue.add('job', {}, { delay: 200 });
    await queue.add('job', {}, { delay: 500 });
    await before.cancel();
    await until(() => ran.length === 1, 3_000);
    expect(ran[0]! - at).toBeLessThan(800);
  },
);

test(
  'a delayed job whose marker went to a worker that was paused just then starts in time',
  { tags: ['timing'], timeout: 30_000 },
  async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = `${live.name}-${round}`;
      const queue = live.queue({ name });
      const ran: number[] = [];
      const handler = (): void => void ran.push(performance.now());
      const paused = live.worker(handler, { ...slowSweep, name });
      await blocked();
      const other = live.worker(handler, { ...slowSweep, name });
      await pause(100);
      const at = performance.now();
      await queue.add('job', null, { delay: 300 });
      void paused.pause(true);
      await until(() => ran.length === 1, 3_000, `round ${round}`);
      expect(ran[0]! - at).toBeLessThan(800);
      await Promise.all([paused.close(), other.close()]);
    }
  },
);

test('suspects that were held off start as soon as others have ended well', async () => {
  const queue = live.queue();
  const jobs = await queue.addBulk(Array.from({ length: 7 }, () => ({ name: 'job', data: {} })));
  const key = (noun: string): string => `lunaq:{${queue.name}}:${noun}`;
  await live.redis.del(key('waiting'));
  for (const { id } of jobs) {
    await live.redis.hset(key('stalls'), id, 1);
    await live.redis.zadd(key('suspects'), Date.now(), id);
  }
  let ended = 0;
  live.worker(
    async () => {
      await pause(50);
      ended += 1;
    },
    { ...slowSweep, concurrency: 5 },
  );
  await until(() => ended === 7, 4_000);
});
