// What a server remembers when it is killed, by how it keeps its data. Each test prints what was lost; what is left must fit
// together, and the worker goes on.
import { readFile, stat, truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ask } from '../../src/testing/ask.js';
import type { RedisServerOptions } from '../../src/testing/index.js';
import { growingLog, rewriteLog } from '../helpers/append-log.js';
import { Live, pause, until } from '../helpers/live.js';
import { consistent, Load, timeLimit, type Verdict, unharmed } from '../helpers/load.js';

/** ms that a load runs before its server is killed. */
const warm = 1_500;

interface Killed {
  readonly load: Load;
  readonly verdict: Verdict;
  /** When the server was killed the last time (monotonic clock, ms). */
  readonly at: number;
}

/** Kills the server under load and starts it again; `spoil` before it starts. */
async function killed(
  fault: string,
  options: RedisServerOptions,
  spoil?: (live: Live) => Promise<() => Promise<void>>,
): Promise<Killed> {
  const live = new Live(options);
  await live.start();
  live.begin();
  let at = 0;
  try {
    const load = new Load(live);
    await load.flows();
    const prepared = await spoil?.(live);
    await pause(warm);
    await live.server.kill();
    at = performance.now();
    await prepared?.();
    await live.server.restart();
    await load.recovers(at);
    return { load, at, verdict: await load.judge(`redis-killed,${fault}`) };
  } finally {
    await live.end();
    await live.stop();
  }
}

test(
  'append-only file, appendfsync everysec: a killed process loses at most what came while the disk was busy',
  async () => {
    const { load, verdict, at } = await killed('appendfsync=everysec', { appendonly: true });
    expect(verdict).toMatchObject(consistent);
    // Redis puts off writing for two seconds at most while an fsync takes long.
    expect(load.onlyAfter(at - 2_500, verdict)).toBe(true);
  },
  timeLimit,
);

/** The append-only file that grows. */
/** Keeps an eye on the file; when called, cuts off what was written to it within the last second. */
async function cutLastSecond(live: Live): Promise<() => Promise<void>> {
  const sizes: { at: number; size: number }[] = [];
  const file = growingLog(live.server);
  const timer = setInterval(() => {
    void stat(file).then(({ size }) => sizes.push({ at: performance.now(), size }));
  }, 20);
  return async () => {
    clearInterval(timer);
    const cut = sizes.findLast(({ at }) => at < performance.now() - 1_000);
    if (!cut) throw new Error('the file was not looked at for long enough');
    await truncate(file, cut.size - 1);
  };
}

test(
  'appendfsync everysec, and the last second of the file is missing, as after a power cut: only that is lost',
  async () => {
    const { load, verdict, at } = await killed(
      'appendfsync=everysec,power-cut',
      { appendonly: true },
      cutLastSecond,
    );
    expect(verdict.lost.length).toBeGreaterThan(0);
    expect(verdict).toMatchObject(consistent);
    expect(load.onlyAfter(at - 2_500, verdict)).toBe(true);
  },
  timeLimit,
);

// Redis (7.0.15, 8.0.2) and Valkey (8.0) leave what they have read of a transaction in a file that ends within one, and execute it at the
// start after the next.
test(
  'an add within which the file was cut, as after a power cut, is gone for good when the file is rewritten after the start',
  async () => {
    const live = new Live({ appendonly: true, appendfsync: 'always' });
    await live.start();
    live.begin();
    try {
      const queue = live.queue();
      await queue.add('job', 1, { jobId: 'whole' });
      await queue.add('job', 1, { jobId: 'cut', delay: 3_600_000 });
      await live.server.kill();
      const file = growingLog(live.server);
      await truncate(file, (await readFile(file)).lastIndexOf('ZADD') + 10);
      await live.server.restart();
      expect(await queue.getJobState('cut')).toBe('unknown');
      await rewriteLog(live.redis);
      await queue.add('job', 1, { jobId: 'later' });
      await live.server.kill();
      await live.server.restart();
      expect(await queue.getJobState('whole')).toBe('waiting');
      expect(await queue.getJobState('later')).toBe('waiting');
      expect(await queue.getJobState('cut')).toBe('unknown');
      expect(await live.violations()).toEqual([]);
    } finally {
      await live.end();
      await live.stop();
    }
  },
  timeLimit,
);

test(
  'snapshots only: what came after the last one is lost, and nothing else',
  async () => {
    let snapshot = 0;
    const save = async ({ redis }: Live): Promise<() => Promise<void>> => {
      snapshot = performance.now();
      await redis.bgsave();
      await until(async () => /rdb_bgsave_in_progress:0/.test(await redis.info('persistence')));
      return () => Promise.resolve();
    };
    const { load, verdict } = await killed('snapshots-only', {}, save);
    expect(verdict.lost.length).toBeGreaterThan(0);
    expect(verdict).toMatchObject(consistent);
    expect(load.onlyAfter(snapshot, verdict)).toBe(true);
  },
  timeLimit,
);

test(
  'nothing kept: all is lost, and the worker goes on with what comes afterwards',
  async () => {
    const { load, verdict, at } = await killed('nothing-kept', {});
    const before = [...load.acknowledged].filter(([, time]) => time < at).map(([id]) => id);
    expect(verdict).toMatchObject(consistent);
    expect(verdict.lost).toEqual(expect.arrayContaining(before));
    expect(load.onlyAfter(at, { ...verdict, lost: [] })).toBe(true);
  },
  timeLimit,
);

test(
  'LOADING: a server that takes long to read its data is waited for',
  async () => {
    const said = new Set<string>();
    const looking = async (live: Live): Promise<() => Promise<void>> => {
      await pause(0);
      return async () => {
        const timer = setInterval(() => {
          void ask(live.server.connection, [['PING']], 500).then(
            ([reply = '']) => said.add(reply.split(' ', 1)[0] ?? ''),
            () => undefined,
          );
        }, 10);
        live.after(() => clearInterval(timer));
      };
    };
    const { verdict } = await killed(
      'loading',
      { appendonly: true, appendfsync: 'always', config: { 'key-load-delay': 100 } },
      looking,
    );
    expect([...said]).toContain('-LOADING');
    expect(verdict).toMatchObject(unharmed);
  },
  timeLimit,
);
