// The doctor on a large queue: many steps, each of them small.
import { expect, test } from 'vitest';
import { checkQueue } from '../../src/doctor.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const size = 100_000;
/** Longest time (µs) of a step, but for those during which others had the processor. */
const limit = 5_000;

const record = JSON.stringify(['name', { text: 'x'.repeat(40) }, 1_700_000_000_000]);

const scores = (ids: string[], at: number) => ids.flatMap((id) => [at, id]);
const rows = (ids: string[], row: string) => ids.flatMap((id) => [id, row]);

/** Of 100 jobs each: 40 wait, 40 have completed, 10 are delayed, 10 have failed; and two void entries. */
async function fill({ redis, keys, now }: Bench): Promise<void> {
  await redis.hset(keys.meta, { schema: 1, token: 9 });
  await redis.zadd(keys.leases, now + 3_600_000, 'L');
  await redis.rpush(keys.wake, '1');
  for (let from = 0; from < size; from += 1_000) {
    const ids = Array.from({ length: 1_000 }, (_, i) => `job-${from + i}`);
    const of = (first: number, last: number) =>
      ids.filter((_, i) => i % 100 >= first && i % 100 < last);
    const waiting = of(0, 40).concat(Array.from({ length: 20 }, (_, i) => `void-${from + i}`));
    await redis
      .pipeline()
      .hset(keys.jobs, ...rows(ids, record))
      .rpush(keys.waiting, ...waiting)
      .hset(keys.tombstones, ...rows(waiting.slice(-20), '1'))
      .zadd(keys.completed, ...scores(of(40, 80), now))
      .hset(keys.results, ...rows(of(40, 80), '{"returnvalue":1}'))
      .zadd(keys.delayed, ...scores(of(80, 90), now + 3_600_000))
      .zadd(keys.failed, ...scores(of(90, 100), now))
      .hset(keys.failures, ...rows(of(90, 100), '{"failedReason":"x"}\n'))
      .exec();
  }
}

async function measured(bench: Bench) {
  const { redis, name, prefix } = bench;
  await redis.config('SET', 'slowlog-log-slower-than', limit);
  await redis.call('SLOWLOG', 'RESET');
  await redis.config('RESETSTAT');
  const { url: connection } = server.server;
  const report = await checkQueue(name, { connection, prefix, recheckAfter: 0 });
  const slow = (await redis.call('SLOWLOG', 'LEN')) as number;
  const stats = await redis.info('commandstats');
  const calls = [...stats.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm)].map(
    ([, command = '', count = '', usec = '']) => [command, Number(count), Number(usec)] as const,
  );
  const [, scripts = 0, usec = 0] = calls.find(([command]) => command === 'evalsha') ?? [];
  return { report, slow, mean: usec / scripts, calls };
}

const writes =
  /^(?:h(?:set|del|incrby)|z(?:add|rem)|[lr](?:push|pop|rem|trim)|set|del|unlink|expire|publish|xadd)/;

test(
  'a hundred thousand jobs are looked at in small steps, by reading',
  { tags: ['timing'], timeout: 120_000 },
  async () => {
    const bench = await server.queue();
    await fill(bench);
    const { report: healthy, slow, mean, calls } = await measured(bench);
    const { looked } = healthy;
    console.log(
      `${size} jobs: ${looked.steps} steps of ${mean.toFixed(0)} µs, ${slow} over ${limit} µs`,
    );
    expect(healthy.ok).toBe(true);
    expect(looked.jobs).toBe(112_000);
    // A page of 200 rows may be some more, and then takes two steps.
    expect((looked.jobs + looked.rows + looked.entries) / looked.steps).toBeLessThan(220);
    expect(mean).toBeLessThan(limit / 2);
    expect(slow).toBeLessThan(looked.steps / 20);
    expect(calls.filter(([command]) => writes.test(command))).toEqual([]);

    // What is broken is found, and named, at any size.
    await bench.redis.ltrim(bench.keys.waiting, 1, -1);
    await bench.redis.hset(bench.keys.tombstones, 'ghost', 1);
    await bench.redis.lset(bench.keys.waiting, 0, 'ghost');
    await bench.redis.hdel(bench.keys.jobs, 'job-50');
    const { report } = await measured(bench);
    const broken = report.problems.filter(({ severity }) => severity === 'broken');
    expect(broken.map(({ code, ids }) => [code, ids.toSorted()])).toEqual([
      ['orphan', ['job-50']],
      ['entry-missing', ['job-0', 'job-1']],
    ]);
  },
);
