// Workers of several queues that come, go, pause and change at random, while jobs of every kind come. No sweep helps within a test: whatever
// is forgotten stays so. The seed is printed, and LUNAQ_SEED replays it.
import { expect, test } from 'vitest';
import type { Job } from '../../src/job.js';
import type { Queue } from '../../src/queue.js';
import { Worker, type Handler } from '../../src/worker.js';
import { randomFrom } from '../helpers/holds.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

const seed = Number(process.env['LUNAQ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const slow = { stalledInterval: 30_000, lockDuration: 60_000, closeTimeout: 2_000 };
/** ms, well under the sweep period, in which all jobs of a round must have ended. */
const longest = 10_000;

type Random = (below: number) => number;

function randomOf(salt: number): Random {
  const next = randomFrom(seed + salt);
  return (below) => Math.floor(next() * below);
}

function queues(count: number): Queue[] {
  return Array.from({ length: count }, (_, n) => live.queue({ name: `${live.name}-${n}` }));
}

interface Work {
  readonly ms: number;
  /** How often it fails. */
  readonly fails: number;
}

/** Runs what jobs say, and counts by job how often it began, and what workers told of its end. */
class Account {
  readonly begun = new Map<string, number>();
  readonly ends = new Map<string, string[]>();

  readonly handler: Handler<Work> = async ({ id, data }) => {
    const times = (this.begun.get(id) ?? 0) + 1;
    this.begun.set(id, times);
    if (data.ms > 0) await pause(data.ms);
    if (times <= data.fails) throw new Error('fails as it was told');
  };

  worker(names: readonly string[], random: Random, autorun = true): Worker<Work> {
    const weights = Object.fromEntries(names.map((name) => [name, 1 + random(3)]));
    const worker = new Worker<Work>(names, this.handler, {
      ...slow,
      autorun,
      connection: live.as('worker'),
      concurrency: 1 + random(5),
      ...(random(2) === 0 && { weights }),
    });
    const note = (end: string) => (job: Job<Work> | undefined) => {
      if (!job) return;
      const ended = end !== 'failed' || job.finishedOn !== undefined;
      if (ended) this.ends.set(job.id, [...(this.ends.get(job.id) ?? []), end]);
    };
    worker.on('completed', note('completed'));
    worker.on('failed', note('failed'));
    worker.on('cancelled', note('cancelled'));
    return live.track(worker);
  }
}

/** Some of them, at least one, in any order. */
function some<T>(all: readonly T[], random: Random): T[] {
  const picked = all.filter(() => random(2) === 0);
  return picked
    .concat(picked.length === 0 ? [all[random(all.length)]!] : [])
    .toSorted(() => random(3) - 1);
}

async function addSome(
  all: readonly Queue[],
  jobs: Job<Work>[],
  random: Random,
  { delays = true } = {},
): Promise<void> {
  const queue = all[random(all.length)]!;
  const fails = random(4) === 0 ? 1 : 0;
  const parent = jobs.at(-1 - random(20));
  const added = await queue.addBulk(
    Array.from({ length: 1 + random(12) }, () => ({
      name: 'job',
      data: { ms: random(3) === 0 ? random(30) : 0, fails },
      opts: {
        attempts: 2,
        lifo: random(5) === 0,
        ...(delays && random(6) === 0 && { delay: 1 + random(40) }),
        ...(random(4) === 0 &&
          parent && {
            dependsOn: { queue: parent.queueName, id: parent.id },
            onParentFailure: 'run' as const,
          }),
      },
    })),
  );
  jobs.push(...(added as Job<Work>[]));
}

async function open(all: readonly Queue[]): Promise<number> {
  const counts = await Promise.all(all.map((queue) => queue.getJobCounts()));
  return counts
    .map(({ waiting, active, delayed, deferred }) => waiting + active + delayed + deferred)
    .reduce((sum, count) => sum + count);
}

test('every job ends, once, whatever its workers do meanwhile', { timeout: 120_000 }, async () => {
  console.log(`seed ${seed}`);
  const random = randomOf(0);
  const all = queues(6);
  const names = all.map(({ name }) => name);
  const account = new Account();
  const jobs: Job<Work>[] = [];
  const workers = [account.worker(names, random)];
  for (let n = 0; n < 3; n += 1) workers.push(account.worker(some(names, random), random));
  let forced = 0;

  const acts: (() => Promise<unknown>)[] = [
    async () => {
      const worker = workers[random(workers.length)]!;
      await worker.pause(random(2) === 0);
      await pause(random(10));
      worker.resume();
    },
    async () => {
      const queue = all[random(all.length)]!;
      await queue.pause();
      await pause(random(10));
      await queue.resume();
    },
    async () => void (workers[random(workers.length)]!.concurrency = 1 + random(6)),
    async () => {
      const at = 1 + random(workers.length - 1);
      const worker = workers[at]!;
      workers[at] = account.worker(some(names, random), random);
      const force = random(2) === 0;
      if (force) forced += 1;
      await worker.close(force);
    },
    async () => {
      const burst = account.worker(some(names, random), random, false);
      await burst.run({ burst: true });
      if (random(2) === 0) await burst.run({ burst: true });
      await burst.close();
    },
    async () => {
      const job = jobs.at(-1 - random(30));
      if (job) await job.cancel({ reason: 'for no reason' }).catch(() => undefined);
    },
  ];
  for (let round = 0; round < 60; round += 1) {
    const now = [() => addSome(all, jobs, random), () => addSome(all, jobs, random)];
    for (let n = random(4); n > 0; n -= 1)
      now.push(acts[random(acts.length)]! as () => Promise<void>);
    await Promise.all(
      now.map(async (act) => {
        await pause(random(6));
        await act();
      }),
    );
    await until(async () => (await open(all)) === 0, longest, `all have ended, round ${round}`);
  }
  for (const worker of workers) await worker.close();
  const twice = [...account.ends].filter(([, ends]) => ends.length > 1);
  expect(twice).toEqual([]);
  const often = jobs.filter(({ id, data }) => (account.begun.get(id) ?? 0) > 1 + data.fails);
  expect(forced === 0 ? often : []).toEqual([]);
  console.log(`${jobs.length} jobs, ${forced} forced closes, ${often.length} begun again by them`);
});

test(
  'a burst ends when all that is claimable has ended, and not before',
  { timeout: 60_000 },
  async () => {
    console.log(`seed ${seed}`);
    for (let round = 0; round < 25; round += 1) {
      const random = randomOf(1 + round);
      const all = queues(1 + random(4));
      const account = new Account();
      const jobs: Job<Work>[] = [];
      const off = random(2) === 0 ? all[random(all.length)] : undefined;
      await off?.pause();
      const mine = all.filter((queue) => queue !== off);
      for (let n = random(6); n > 0; n -= 1) await addSome(all, jobs, random, { delays: false });
      const worker = account.worker(
        all.map(({ name }) => name),
        random,
        false,
      );
      const later = addSome(mine.length > 0 ? mine : all, jobs, random, { delays: false });
      const from = performance.now();
      await Promise.all([worker.run({ burst: true }), later]);
      await worker.run({ burst: true });
      expect(performance.now() - from).toBeLessThan(longest);
      const left = await Promise.all(
        mine.map(async (queue) => {
          const { waiting, active } = await queue.getJobCounts();
          return waiting + active;
        }),
      );
      expect(left).toEqual(mine.map(() => 0));
      await worker.close();
      await Promise.all(all.map((queue) => queue.obliterate({ force: true })));
    }
  },
);
