// One worker, several queues: whose jobs start, and that none waits for longer than it must.
import { describe, expect, test } from 'vitest';
import type { WorkerOptions } from '../../src/options.js';
import type { Queue } from '../../src/queue.js';
import { Worker, type Handler } from '../../src/worker.js';
import { startWorker } from '../helpers/child.js';
import { crowd, gate, liveRedis, median, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

const slowSweep = { stalledInterval: 10_000, lockDuration: 30_000 };

/** Queues of this test by a short name. */
function queues(...names: string[]): Queue[] {
  return names.map((name) => live.queue({ name: `${live.name}-${name}` }));
}

function worker(of: readonly Queue[], handler: Handler, options: WorkerOptions = {}): Worker {
  const names = of.map(({ name }) => name);
  const connection = live.as('worker');
  return live.track(new Worker(names, handler, { connection, ...quick, ...options }));
}

function many(count: number): { name: string; data: unknown }[] {
  return Array.from({ length: count }, (_, n) => ({ name: 'job', data: n }));
}

/** Its last word: `high` of `test-1-high`. */
const short = (name: string): string => name.split('-').at(-1) as string;

const blockedOn = async (): Promise<number> => {
  const list = (await live.redis.client('LIST')) as string;
  return (list.match(/cmd=blpop/g) ?? []).length;
};

describe('in order of preference', () => {
  test.each([1, 10])(
    'what the first queue has runs before anything of the second: concurrency %i',
    async (concurrency) => {
      const [high, low] = queues('high', 'low') as [Queue, Queue];
      await low.addBulk(many(150));
      await high.addBulk(many(150));
      const order: string[] = [];
      const running = worker(
        [high, low],
        async (job) => {
          order.push(short(job.queueName));
          await pause(1);
        },
        { concurrency, autorun: false },
      );
      await running.run({ burst: true });
      expect(order).toHaveLength(300);
      expect(order.lastIndexOf('high')).toBe(149);
    },
  );

  test.each([
    ['long', 30],
    ['short', 0],
  ])(
    'a job of the first starts next while the second has a backlog of %s jobs',
    { tags: ['timing'], timeout: 20_000 },
    async (_, ms) => {
      const [high, low] = queues('high', 'low') as [Queue, Queue];
      await low.addBulk(many(ms === 0 ? 20_000 : 100));
      const order: string[] = [];
      const started = new Map<string, number>();
      worker(
        [high, low],
        async (job) => {
          order.push(short(job.queueName));
          started.set(job.id, performance.now());
          if (ms > 0) await pause(ms);
        },
        slowSweep,
      );
      await until(() => order.length > 3);
      const late: number[] = [];
      const before: number[] = [];
      for (let n = 0; n < 5; n += 1) {
        const { id } = await high.add('job', {});
        const at = performance.now();
        const from = order.length;
        await until(() => started.has(id), 4_000);
        late.push(started.get(id)! - at);
        before.push(order.indexOf('high', from) - from);
      }
      console.log(
        `high before a low backlog: ${late.map((each) => each.toFixed(1)).join(', ')} ms`,
      );
      // Of long jobs nothing is claimed ahead, so at most the one whose claim was under way comes before.
      expect(Math.max(...before)).toBeLessThanOrEqual(ms > 0 ? 1 : 2_000);
      expect(median(late)).toBeLessThan(ms > 0 ? 2 * ms + 50 : 150);
      expect((await low.getJobCounts()).waiting).toBeGreaterThan(0);
      await low.drain();
    },
  );

  test('three queues, one job at a time', async () => {
    const all = queues('a', 'b', 'c');
    for (const queue of all.toReversed()) await queue.addBulk(many(20));
    const order: string[] = [];
    const running = worker(all, (job) => void order.push(short(job.queueName)), {
      autorun: false,
    });
    await running.run({ burst: true });
    expect(order.join('')).toBe('a'.repeat(20) + 'b'.repeat(20) + 'c'.repeat(20));
  });

  test('a paused queue leaves its turn to those behind it', async () => {
    const [high, low] = queues('high', 'low') as [Queue, Queue];
    await high.pause();
    await high.addBulk(many(5));
    await low.addBulk(many(20));
    worker([high, low], () => undefined, slowSweep);
    await until(async () => (await low.getJobCounts()).completed === 20);
    expect(await high.getJobCounts()).toMatchObject({ waiting: 5 });
    await high.resume();
    await until(async () => (await high.getJobCounts()).completed === 5, 4_000);
  });
});

test.each([
  ['in order', {}],
  ['with weights', { weights: true }],
])(
  'a queue that cannot be claimed from does not hold up the others: %s',
  async (_, { weights }: { weights?: boolean }) => {
    const [broken, sound] = queues('broken', 'sound') as [Queue, Queue];
    const spoiled = `lunaq:{${broken.name}}:waiting`;
    await live.redis.set(spoiled, 'no list');
    await sound.addBulk(many(20));
    const shares = { [broken.name]: 3, [sound.name]: 1 };
    worker([broken, sound], () => pause(1), weights ? { weights: shares } : {});
    await until(async () => (await sound.getJobCounts()).completed === 20);
    expect(live.errors[0]?.message).toMatch(/claim: .*WRONGTYPE/);
    await sound.add('job', {});
    await until(async () => (await sound.getJobCounts()).completed === 21, 4_000);
    await live.redis.del(spoiled);
    await broken.add('job', {});
    await until(async () => (await broken.getJobCounts()).completed === 1);
  },
);

describe('with weights', () => {
  test.each([
    [1, 0],
    [8, 5],
  ])(
    'each queue gets its share while all have a backlog: concurrency %i, %i ms',
    { tags: ['timing'] },
    async (concurrency, ms) => {
      const [high, low] = queues('high', 'low') as [Queue, Queue];
      await Promise.all([high.addBulk(many(3_000)), low.addBulk(many(1_500))]);
      const order: string[] = [];
      const running = worker(
        [high, low],
        async (job) => {
          order.push(short(job.queueName));
          if (ms > 0) await pause(ms);
        },
        { concurrency, weights: { [high.name]: 3, [low.name]: 1 } },
      );
      await until(() => order.length >= 2_000, 10_000);
      await running.close();
      const first = order.slice(0, 2_000);
      const share = first.filter((name) => name === 'high').length / first.length;
      console.log(`weights 3 to 1: ${(share * 100).toFixed(1)} % of the first 2,000`);
      // What is claimed ahead of one queue may start while a claim of the other is under way.
      expect(share).toBeGreaterThan(0.65);
      expect(share).toBeLessThan(0.85);
    },
  );

  test(
    'an empty queue leaves its share to the others, and makes up for nothing',
    { tags: ['timing'] },
    async () => {
      const [high, low] = queues('high', 'low') as [Queue, Queue];
      await low.addBulk(many(100));
      const order: string[] = [];
      worker(
        [high, low],
        async (job) => {
          order.push(short(job.queueName));
          await pause(2);
        },
        { weights: { [high.name]: 1, [low.name]: 1 } },
      );
      await until(() => order.length >= 40);
      await high.addBulk(many(60));
      const from = order.length;
      await until(() => order.length >= from + 45);
      const next = order.slice(from + 5, from + 45).filter((name) => name === 'high').length;
      expect(next).toBeGreaterThanOrEqual(17);
      expect(next).toBeLessThanOrEqual(23);
      await until(() => order.length === 160);
    },
  );
});

describe('waking', () => {
  test(
    'jobs of either queue start at once on an idle worker, time after time',
    { tags: ['timing'] },
    async () => {
      const both = queues('a', 'b');
      const started = new Map<string, number>();
      worker(both, (job) => void started.set(job.id, performance.now()), slowSweep);
      await until(async () => (await blockedOn()) === 1);
      const latencies: number[] = [];
      for (let n = 0; n < 40; n += 1) {
        const at = performance.now();
        const { id } = await both[n % 2]!.add('job', {});
        await until(() => started.has(id), 1_000, `start of job ${n}`);
        latencies.push(started.get(id)! - at);
      }
      console.log(`two queues, add to start: median ${median(latencies).toFixed(2)} ms`);
      expect(Math.max(...latencies)).toBeLessThan(500);
    },
  );

  test('workers with different queues swallow no marker of each other', async () => {
    const [a, b, c] = queues('a', 'b', 'c') as [Queue, Queue, Queue];
    const started = new Set<string>();
    const handler: Handler = async (job) => {
      started.add(job.id);
      await pause(3);
    };
    worker([a, b], handler, slowSweep);
    worker([b, c], handler, slowSweep);
    // On a connection of its own, so with a block of its own.
    worker([c, a], handler, { ...slowSweep, connection: { ...live.as('worker'), db: 0 } });
    for (let round = 0; round < 25; round += 1) {
      const jobs = await Promise.all([a, b, c].slice(round % 3).map((q) => q.add('job', {})));
      await until(() => jobs.every(({ id }) => started.has(id)), 1_000, `round ${round}`);
    }
  });

  test('a worker busy with one queue leaves jobs of its other one to an idle worker', async () => {
    const [a, b] = queues('a', 'b') as [Queue, Queue];
    const { opened, open } = gate();
    let held = false;
    worker(
      [a, b],
      () => {
        held = true;
        return opened;
      },
      slowSweep,
    );
    await a.add('job', {});
    await until(() => held);
    const ran: string[] = [];
    const connection = { ...live.as('worker'), db: 0 };
    worker([b], (job) => void ran.push(job.id), { ...slowSweep, connection });
    for (let n = 0; n < 15; n += 1) {
      const { id } = await b.add('job', {});
      await until(() => ran.includes(id), 1_000, `job ${n}`);
    }
    open();
  });

  test('delayed jobs of both queues start in time', { tags: ['timing'] }, async () => {
    const both = queues('a', 'b');
    const late: number[] = [];
    worker(
      both,
      (job) => {
        late.push(Date.now() - job.timestamp - (job.opts.delay ?? 0));
      },
      slowSweep,
    );
    for (const [n, queue] of both.entries())
      for (const delay of [100, 200, 300]) await queue.add('job', {}, { delay: delay + 50 * n });
    await until(() => late.length === 6, 4_000);
    expect(Math.max(...late)).toBeLessThan(100);
  });
});

describe('from run to close', () => {
  test('it is named after its queues', () => {
    const all = queues('a', 'b');
    const made = worker(all, () => undefined, { autorun: false });
    expect(made.queueNames).toEqual(all.map(({ name }) => name));
    expect(made.name).toBe(all.map(({ name }) => name).join(','));
  });

  test('a burst ends when every queue has nothing claimable, dependents across them included', async () => {
    const [high, low] = queues('high', 'low') as [Queue, Queue];
    await low.addBulk(many(30));
    const parent = await low.add('parent', {});
    await high.addBulk([
      ...many(30),
      { name: 'child', data: {}, opts: { dependsOn: parent } },
      { name: 'fails', data: {}, opts: { attempts: 3 } },
    ]);
    const running = worker(
      [high, low],
      (job) => {
        if (job.name === 'fails' && job.attemptsMade < 2) throw new Error('again');
      },
      { autorun: false, concurrency: 3, ...slowSweep },
    );
    await running.run({ burst: true });
    expect(await high.getJobCounts()).toMatchObject({ completed: 32, waiting: 0, deferred: 0 });
    expect(await low.getJobCounts()).toMatchObject({ completed: 31, waiting: 0 });
    await low.addBulk(many(3));
    await running.run({ burst: true });
    expect(await low.getJobCounts()).toMatchObject({ completed: 34 });
  });

  test('a burst ends as soon as the last dependents are told, not with the next sweep', async () => {
    const [high, low, elsewhere] = queues('high', 'low', 'elsewhere') as [Queue, Queue, Queue];
    const parent = await low.add('parent', {});
    const child = { name: 'child', data: {}, opts: { dependsOn: parent } };
    await elsewhere.addBulk(Array.from({ length: 3_000 }, () => child));
    const running = worker([high, low], () => undefined, { autorun: false, ...slowSweep });
    const ended = await Promise.race([
      running.run({ burst: true }).then(() => true),
      pause(0.6 * slowSweep.stalledInterval),
    ]);
    expect(ended).toBe(true);
    expect(await elsewhere.getJobCounts()).toMatchObject({ waiting: 3_000, deferred: 0 });
  });

  test('drained is told once all are empty', async () => {
    const [a, b] = queues('a', 'b') as [Queue, Queue];
    await a.addBulk(many(5));
    await b.addBulk(many(5));
    let ran = 0;
    const drained: number[] = [];
    worker([a, b], () => void (ran += 1)).on('drained', () => drained.push(ran));
    await until(() => drained.length > 0);
    expect(drained).toEqual([10]);
  });

  test('concurrency is of all queues together, and may change', async () => {
    const [a, b] = queues('a', 'b') as [Queue, Queue];
    const seen = crowd(5);
    const busy = worker([a, b], seen.handler, { concurrency: 3 });
    await Promise.all([a.addBulk(many(30)), b.addBulk(many(30))]);
    await until(async () => (await b.getJobCounts()).completed === 30);
    await until(async () => (await a.getJobCounts()).completed === 30);
    expect(seen.most).toBe(3);
    busy.concurrency = 6;
    await Promise.all([a.addBulk(many(40)), b.addBulk(many(40))]);
    await until(async () => (await b.getJobCounts()).completed === 70);
    expect(seen.most).toBe(6);
  });

  test('pause holds all queues until resume', async () => {
    const both = queues('a', 'b');
    let ran = 0;
    const running = worker(both, () => void (ran += 1), slowSweep);
    await running.pause();
    for (const queue of both) await queue.addBulk(many(3));
    await pause(100);
    expect(ran).toBe(0);
    running.resume();
    await until(() => ran === 6);
  });

  test('close hands back in both queues, in order, and leaves no lease', async () => {
    const both = queues('a', 'b');
    const jobs = await Promise.all(both.map((queue) => queue.addBulk(many(4))));
    const { opened, open } = gate();
    let began = 0;
    const running = worker(
      both,
      () => {
        began += 1;
        return opened;
      },
      { concurrency: 6 },
    );
    await until(() => began === 6);
    await running.close(true);
    open();
    for (const [n, queue] of both.entries()) {
      const waiting = await queue.getJobs('waiting', { asc: true });
      expect(waiting.map(({ id }) => id)).toEqual(jobs[n]!.map(({ id }) => id));
      expect(await live.redis.exists(`lunaq:{${queue.name}}:leases`)).toBe(0);
    }
  });

  test('jobs that a dead worker held come back in every queue', async () => {
    const both = queues('a', 'b');
    const children = await Promise.all(
      both.map((queue) => startWorker(live, { queue: queue.name })),
    );
    const held = await Promise.all(both.map((queue) => queue.add('hold', {})));
    await Promise.all(children.map((child, n) => child.sees('active', held[n]!.id)));
    const stalled: string[] = [];
    worker(both, () => 'done').on('stalled', (id) => stalled.push(id));
    await Promise.all(children.map((child) => child.kill()));
    for (const job of held) await until(async () => (await job.getState()) === 'completed');
    expect(stalled.toSorted()).toEqual(held.map(({ id }) => id).toSorted());
  });

  test.each([
    ['no queue', [], {}, /name: expected at least one/],
    ['a queue twice', ['a', 'b', 'a'], {}, /name: expected each queue once, got "a" twice/],
    ['a name that is none', ['a', 5], {}, /name: expected a string/],
    ['a weight missing', ['a', 'b'], { weights: { a: 1 } }, /weights\.b: expected a number/],
    ['a weight of a stranger', ['a'], { weights: { a: 1, c: 1 } }, /weights\.c: expected a queue/],
    ['no weight at all', ['a'], { weights: 3 }, /weights: expected an object/],
    ['a weight of 0', ['a'], { weights: { a: 0 } }, /weights\.a: expected a whole number from 1/],
    ['a broken weight', ['a'], { weights: { a: 1.5 } }, /weights\.a: expected a whole number/],
  ])('%s is refused', (_, names, options, message) => {
    const connection = live.as('worker');
    const make = (): unknown =>
      new Worker(names as string[], () => 1, { connection, ...(options as WorkerOptions) });
    expect(make).toThrow(message);
  });
});

test('of 600 queues only those with jobs are asked, whatever their marker; the worker is seen in all', async () => {
  const all = queues(...Array.from({ length: 600 }, (_, n) => String(n)));
  const [first, last] = [all[7] as Queue, all[599] as Queue];
  for (const queue of [first, last]) await queue.add('job', 1);
  await live.redis.del(`lunaq:{${last.name}}:wake`);
  const running = worker(all, async () => {}, slowSweep);
  await until(async () => (await last.getJobCounts()).completed === 1);
  expect((await first.getJobCounts()).completed).toBe(1);
  const idle = all[300] as Queue;
  await until(async () => (await idle.getWorkersCount()) === 1);
  const rows = await Promise.all(all.map(({ name }) => live.redis.hkeys(`lunaq:{${name}}:calls`)));
  expect(rows.filter((calls) => calls.some((row) => row.endsWith(':claim')))).toHaveLength(2);
  await running.close();
  expect(await idle.getWorkersCount()).toBe(0);
});

test('a worker of two queues that begins when another has just swept knows of delayed jobs', async () => {
  const two = queues('one', 'two') as [Queue, Queue];
  for (const queue of two) await queue.add('job', 1, { delay: 1_500 });
  const before = worker(two, async () => {}, slowSweep);
  await until(async () => (await two[1].getWorkersCount()) === 1);
  await before.close();
  worker(two, async () => {}, slowSweep);
  for (const queue of two) await until(async () => (await queue.getJobCounts()).completed === 1, 6_000); // prettier-ignore
});

test('a queue of a newer major version stops none of those behind it, sweep after sweep', async () => {
  const [newer, own] = queues('newer', 'own') as [Queue, Queue];
  const meta = `lunaq:{${newer.name}}:meta`;
  await live.redis.hset(meta, 'schema', '99');
  const ran: unknown[] = [];
  const both = new Worker([newer.name, own.name], (job) => void ran.push(job.data), {
    connection: live.as('worker'),
    ...quick,
  });
  live.track(both);
  const errors: unknown[] = [];
  both.on('error', (error) => errors.push(error));
  await until(() => errors.length > 0);
  for (const data of [1, 2, 3]) {
    await pause(3 * (quick.stalledInterval ?? 0));
    await own.add('job', data);
    await until(() => ran.length === data, 4_000);
  }
  expect(errors).toMatchObject([{ code: 'OUTDATED' }]);
  await live.redis.del(meta);
});
