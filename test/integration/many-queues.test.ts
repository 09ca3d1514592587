// One worker, many queues: what a job costs does not depend on how many there are, and none of them is forgotten.
import { describe, expect, test } from 'vitest';
import type { WorkerOptions } from '../../src/options.js';
import type { Queue } from '../../src/queue.js';
import { Worker, type Handler } from '../../src/worker.js';
import { gate, liveRedis, median, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

/** No sweep and no time-out helps within a test. */
const slowSweep = { stalledInterval: 20_000, lockDuration: 60_000 };

function queues(count: number): Queue[] {
  return Array.from({ length: count }, (_, n) => live.queue({ name: `${live.name}-${n}` }));
}

function worker(of: readonly Queue[], handler: Handler, options: WorkerOptions = {}): Worker {
  const connection = live.as('worker');
  const names = of.map(({ name }) => name);
  return live.track(new Worker(names, handler, { connection, ...quick, ...slowSweep, ...options }));
}

const equally = (of: readonly Queue[]) => ({
  weights: Object.fromEntries(of.map(({ name }) => [name, 1])),
});

const blocks = async (): Promise<boolean> =>
  ((await live.redis.client('LIST')) as string).includes('cmd=blpop');

/** Until a worker has asked all of its queues and blocks. */
const idle = async (): Promise<void> => await until(blocks, 10_000);

const orders = [
  ['in order', () => ({})],
  ['with weights', equally],
] as const;

describe.each(orders)('%s', (_order, order) => {
  test.each([1, 10, 100, 300])(
    'calls of a job: %i queues',
    { tags: ['timing'], timeout: 30_000 },
    async (count) => {
      const all = queues(count);
      let ran = 0;
      worker(all, () => void (ran += 1), { ...order(all), concurrency: 20 });
      await idle();
      // Whatever is done once a queue is done.
      for (const queue of all) await queue.add('job', {}, { removeOnComplete: true });
      await until(() => ran === count);
      const jobs = 600;
      const costs = async (flight: number): Promise<Record<string, number>> => {
        ran = 0;
        let added = 0;
        const lane = async (): Promise<void> => {
          while (added < jobs) {
            added += 1;
            await all[(added * 7) % count]!.add('job', {}, { removeOnComplete: true });
          }
        };
        const counts = await live.commandsOf(async () => {
          await Promise.all(Array.from({ length: flight }, lane));
          await until(() => ran === jobs);
          await idle();
        });
        const of = (command: string): number => (counts.get(command) ?? 0) / jobs;
        return { scripts: of('evalsha'), blocks: of('blpop') };
      };
      const [one, many] = [await costs(1), await costs(50)];
      console.log(
        `${count} queues: one job at a time ${JSON.stringify(one)}, 50 ${JSON.stringify(many)}`,
      );
      // An add, a claim, a settle; now and then a look at the markers of all, and a claim too late.
      expect(one.scripts).toBeLessThan(4);
      expect(one.blocks).toBeLessThan(1.2);
      expect(many.scripts).toBeLessThan(4);
      expect(many.blocks).toBeLessThan(0.6);
    },
  );

  test(
    'a busy worker starts a job of a queue that was quiet promptly',
    { tags: ['timing'], timeout: 20_000 },
    async () => {
      const all = queues(30);
      const [quiet, ...busy] = all as [Queue, ...Queue[]];
      for (const queue of busy)
        await queue.addBulk(Array.from({ length: 600 }, (_, data) => ({ name: 'job', data })));
      const started = new Map<string, number>();
      const handler: Handler = async (job) => {
        started.set(job.id, performance.now());
        await pause(2);
      };
      worker(all, handler, { ...order(all), concurrency: 5 });
      await until(() => started.size > 200);
      const late: number[] = [];
      for (let n = 0; n < 15; n += 1) {
        const at = performance.now();
        const { id } = await quiet.add('job', {});
        await until(() => started.has(id), 1_000, `start of job ${n}`);
        late.push(started.get(id)! - at);
      }
      console.log(`median ${median(late).toFixed(1)} ms, most ${Math.max(...late).toFixed(1)}`);
      expect(started.size).toBeLessThan(29 * 600);
      expect(median(late)).toBeLessThan(100);
      for (const queue of busy) await queue.drain();
    },
  );

  test('free slots are for quiet queues while another has a steady flow', async () => {
    const all = queues(3);
    const [flowing, ...others] = all as [Queue, ...Queue[]];
    const ran = new Set<string>();
    worker(all, (job) => pause(20).then(() => void ran.add(job.id)), {
      ...order(all),
      concurrency: 400, // more than the flow takes, of a few thousand a second
    });
    const over = new AbortController();
    const flow = (async () => {
      while (!over.signal.aborted) await flowing.add('job', {});
    })();
    for (let n = 0; n < 20; n += 1) {
      const { id } = await others[n % 2]!.add('job', {});
      await until(() => ran.has(id), 1_000, `job ${n}`);
    }
    over.abort();
    await flow;
  });
});

test('in order of preference, a job that came while all slots were taken goes before later queues', async () => {
  const all = queues(20);
  const last = all.at(-1)!;
  const order: string[] = [];
  const gates = Array.from({ length: 12 }, () => gate());
  worker(all, async (job) => {
    order.push(job.queueName);
    await gates[order.length - 1]!.opened;
  });
  await last.addBulk(Array.from({ length: 12 }, (_, data) => ({ name: 'job', data })));
  for (let n = 0; n < 10; n += 2) {
    await until(() => order.length === n + 1);
    await all[n]!.add('job', {});
    await pause(30);
    gates[n]!.open();
    await until(() => order.length === n + 2);
    expect(order[n + 1]).toBe(all[n]!.name);
    await pause(30);
    gates[n + 1]!.open();
  }
  for (const { open } of gates) open();
  await until(async () => (await last.getJobCounts()).completed === 7);
});

test('no job waits, whoever takes which marker: workers over parts of the queues, at random', async () => {
  const all = queues(12);
  let seed = 11;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const started = new Map<string, number>();
  const workers = Array.from({ length: 6 }, (_worker, n) => {
    const part = all.filter((_, at) => n === 0 || random(2) === 0 || at % 6 === n);
    const handler: Handler = async (job) => {
      started.set(job.id, performance.now());
      await pause(random(4) === 0 ? 30 : random(3));
    };
    // Two share a connection, and so a block, the others have one each.
    const connection = { ...live.as('worker'), ...(n > 1 && { connectionName: `of ${n}` }) };
    const options = { concurrency: 1 + random(4), connection };
    return worker(part, handler, { ...options, ...(n % 2 === 0 && equally(part)) });
  });
  const late: number[] = [];
  for (let round = 0; round < 120; round += 1) {
    if (round % 10 === 0) {
      const one = workers[1 + random(5)]!;
      await one.pause(true);
      one.resume();
    }
    const at = performance.now();
    const jobs = await Promise.all(
      Array.from({ length: 1 + random(25) }, () => all[random(12)]!.add('job', {})),
    );
    await until(() => jobs.every(({ id }) => started.has(id)), 2_000, `round ${round}`);
    late.push(Math.max(...jobs.map(({ id }) => started.get(id)!)) - at);
    await pause(random(8));
  }
  console.log(
    `last start of a round: median ${median(late).toFixed(1)} ms, most ${Math.max(...late).toFixed(1)}`,
  );
}, 60_000);
