// Jobs of mixed length over four workers: none waits in a worker behind a long one while another worker could run it.
import { expect, test } from 'vitest';
import { Holder, Holds, outOfOrder, quantile, randomFrom, waitsOf } from '../helpers/holds.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

/** Longest wait (ms): 50 ms until a job is handed back, and 10 ms for timers and round trips. */
const promise = 60;

interface Mix {
  readonly processes: number;
  readonly workers: number;
  readonly concurrency: number;
  /** How long jobs are added (s). */
  readonly seconds: number;
  /** Whether one job takes 10 s. */
  readonly longest: boolean;
}

const mixes: Mix[] = [
  { processes: 4, workers: 1, concurrency: 1, seconds: 8, longest: true },
  { processes: 4, workers: 1, concurrency: 5, seconds: 2.5, longest: false },
  { processes: 1, workers: 4, concurrency: 1, seconds: 2.5, longest: false },
  { processes: 1, workers: 4, concurrency: 5, seconds: 2.5, longest: false },
];

/** Bursts of very short jobs, so that many are claimed ahead, with longer ones among them. */
function burst(random: () => number, slots: number): { ms: number }[] {
  const short = (): number => 0.1 + random() * 0.9;
  const long = (): number => 20 * 75 ** random();
  const jobs = Array.from({ length: 20 + Math.floor(random() * 60 * slots) }, () => ({
    ms: random() < 0.95 ? short() : 1 + random() * 14,
  }));
  const among = random() < 0.5 ? 1 + Math.floor(random() * slots) : 0;
  for (let count = 0; count < among; count += 1)
    jobs.splice(Math.floor(random() * jobs.length), 0, { ms: long() });
  return jobs;
}

for (const { processes, workers, concurrency, seconds, longest } of mixes) {
  const whose = processes === 1 ? 'in one process' : 'in a process each';
  test(
    `four workers ${whose}, concurrency ${concurrency}: no job waits for long, all start in order`,
    { tags: ['timing'], timeout: 90_000 },
    async () => {
      const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
      const random = randomFrom(seed);
      const queue = live.queue<{ ms: number }>();
      const holds = await Holds.watch(live);
      const holders = await Promise.all(
        Array.from({ length: processes }, () => Holder.start(live, { concurrency }, { workers })),
      );
      const ids: string[] = [];
      const end = performance.now() + seconds * 1_000;
      for (let first = true; performance.now() < end; first = false) {
        const data = burst(random, concurrency);
        if (first && longest) data.splice(data.length / 2, 0, { ms: 10_000 });
        const jobs = await queue.addBulk(data.map((one) => ({ name: 'job', data: one })));
        ids.push(...jobs.map(({ id }) => id));
        await pause(20 + random() * 180);
        // A machine that is slow today gets fewer.
        await until(async () => (await queue.getJobCounts()).waiting < 100 * concurrency, 30_000);
      }
      await until(async () => (await queue.getJobCounts()).completed === ids.length, 30_000);
      const diaries = await Promise.all(holders.map((holder) => holder.stop()));
      await holds.end();

      const waits = waitsOf(holds.all, diaries);
      const back = waits.filter(({ started }) => !started);
      const figures = (which: (wait: (typeof waits)[number]) => number): string => {
        const values = waits.map(which);
        return `p50 ${quantile(values, 0.5).toFixed(1)} p99 ${quantile(values, 0.99).toFixed(1)} max ${quantile(values, 1).toFixed(1)} ms`;
      };
      console.log(
        `seed ${seed}: ${ids.length} jobs, ${back.length} handed back; waited in a worker ${figures(({ ms }) => ms)}; ` +
          `less what the machine took ${figures(({ own }) => own)}; beside an idle worker ${figures(({ idle }) => idle)}`,
      );
      expect(diaries.flatMap(({ errors }) => errors)).toEqual([]);
      const started = diaries.flatMap(({ starts }) => starts.map(({ id }) => id));
      expect(started.toSorted()).toEqual(ids.toSorted());
      expect(diaries.flatMap((diary) => outOfOrder(holds.all, diary))).toEqual([]);
      expect(waits.filter(({ own }) => own > promise)).toEqual([]);
    },
  );
}
