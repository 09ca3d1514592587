import { describe, expect, test } from 'vitest';
import { scan, type JobState } from '../../src/scripts.js';
import { expected, type State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();

/** Deterministic numbers from 0 to 1, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Walk {
  readonly ids: string[];
  readonly steps: number;
  /** Most ids of one step. */
  readonly most: number;
}

/** Walks from the first step to the last; `between` runs after each step but the last. */
async function walk(
  queue: Bench,
  state: JobState,
  count: number,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Walk> {
  const ids: string[] = [];
  let [cursor, steps, most] = ['0', 0, 0];
  do {
    if (steps > 0) await between();
    const page = await queue.run(scan, { state, cursor, count });
    ids.push(...page.ids);
    most = Math.max(most, page.ids.length);
    steps += 1;
    ({ cursor } = page);
  } while (cursor !== '0');
  return { ids, steps, most };
}

const named = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

test.each(['delayed', 'deferred', 'completed', 'failed', 'cancelled'] as const)(
  'all %s jobs are given, a bounded number a step',
  async (state) => {
    const ids = named('job', 2_000);
    const before: State = { [state]: Object.fromEntries(ids.map((id, i) => [id, i])) };
    const queue = await server.queue(before);
    const { ids: given, steps, most } = await walk(queue, state, 100);
    expect([...new Set(given)].toSorted()).toEqual(ids.toSorted());
    expect(steps).toBeGreaterThan(10);
    expect(most).toBeLessThan(500);
    expect(await queue.state()).toEqual(expected(before));
  },
);

test('all active jobs are given, without their tokens', async () => {
  const ids = named('job', 1_000);
  const queue = await server.queue({ active: Object.fromEntries(ids.map((id) => [id, 'L:5'])) });
  const { ids: given, steps } = await walk(queue, 'active', 100);
  expect([...new Set(given)].toSorted()).toEqual(ids.toSorted());
  expect(steps).toBeGreaterThan(5);
});

describe('waiting jobs', () => {
  test('come from the list, from its tail to its head, then from suspects, then those without an entry', async () => {
    const before: State = {
      waiting: ['a', 'b', 'c', 'd', 'e'],
      suspects: { s: 1, t: 2 },
      expiring: { late: 0, c: 'now+60000', later: 0 },
    };
    const queue = await server.queue(before);
    const whole = await walk(queue, 'waiting', 2);
    expect(whole.ids).toEqual(['e', 'd', 'c', 'b', 'a', 's', 't', 'late', 'later']);
    expect(whole.most).toBe(2);
    expect(await queue.state()).toEqual(expected(before));
  });

  test('none are given of an empty queue, in two steps', async () => {
    const queue = await server.queue();
    expect(await walk(queue, 'waiting', 100)).toEqual({ ids: [], steps: 2, most: 0 });
  });

  test('are given once while others are added behind them, and taken from before them', async () => {
    const ids = named('job', 5_000);
    const queue = await server.queue({ waiting: ids });
    let added = 0;
    const { ids: given } = await walk(queue, 'waiting', 100, async () => {
      await queue.redis.rpush(queue.keys.waiting, ...named(`new${(added += 1)}-`, 30));
      await queue.redis.lpush(queue.keys.waiting, `first${added}`);
      await queue.redis.lpop(queue.keys.waiting, 11);
    });
    const left = new Set(await queue.redis.lrange(queue.keys.waiting, 0, -1));
    const stayed = ids.filter((id) => left.has(id));
    expect(stayed.length).toBeGreaterThan(4_000);
    const times = new Map<string, number>();
    for (const id of given) times.set(id, (times.get(id) ?? 0) + 1);
    expect(stayed.filter((id) => times.get(id) !== 1)).toEqual([]);
  });

  test('the walk ends though more are added between two steps than a step gives', async () => {
    const ids = named('job', 1_000);
    const queue = await server.queue({ waiting: ids });
    let added = 0;
    const { ids: given, steps } = await walk(queue, 'waiting', 10, () =>
      queue.redis.rpush(queue.keys.waiting, ...named(`new${(added += 1)}-`, 200)),
    );
    expect(new Set(given)).toEqual(new Set(ids));
    expect(steps).toBeLessThan(200);
  });

  test('the walk goes on when the job it stood at has been taken, or has come again', async () => {
    const queue = await server.queue({ waiting: named('job', 50) });
    const [first, second] = [
      await queue.run(scan, { state: 'waiting', cursor: '0', count: 10 }),
      await queue.run(scan, { state: 'waiting', cursor: ':19:job30', count: 10 }),
    ];
    expect(first.cursor).toBe(':9:job40');
    expect(second.ids[0]).toBe('job29');
    // Claims took all up to where it stood, and more.
    await queue.redis.lpop(queue.keys.waiting, 45);
    const gone = await queue.run(scan, { state: 'waiting', cursor: first.cursor, count: 10 });
    expect(gone).toEqual({ cursor: 'suspects:0', ids: [] });
    // A job of its id stands nearer to the tail: what is between is given again.
    await queue.redis.rpush(queue.keys.waiting, ...named('more', 20), 'job40', ...named('x', 20));
    const again = await queue.run(scan, { state: 'waiting', cursor: first.cursor, count: 10 });
    expect(again.ids).toEqual(named('more', 20).toReversed().slice(0, 10));
  });

  test('the tail alone grows: whatever happens elsewhere, who stays is given', async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const next = random(seed);
      const upTo = (most: number) => Math.floor(next() * (most + 1));
      const ids = named('job', 300 + upTo(300));
      const queue = await server.queue({ waiting: ids });
      const { waiting, suspects, expiring } = queue.keys;
      let added = 0;
      const fresh = () => named(`n${(added += 1)}-`, 1 + upTo(15));
      const { ids: given } = await walk(queue, 'waiting', 1 + upTo(40), async () => {
        const pipeline = queue.redis.pipeline();
        for (let step = upTo(4); step > 0; step -= 1) {
          const kind = upTo(5);
          if (kind === 0) pipeline.rpush(waiting, ...fresh());
          if (kind === 1) pipeline.lpush(waiting, ...fresh());
          if (kind === 2) pipeline.lpop(waiting, 1 + upTo(8));
          if (kind === 3) pipeline.zadd(suspects, ...fresh().flatMap((id) => [1, id]));
          if (kind === 4) pipeline.zpopmin(suspects, 1 + upTo(4));
        }
        await pipeline.exec();
        // A claim finds that the ttl of some has ended, and hands others back.
        const popped = (await queue.redis.lpop(waiting, 1 + upTo(4))) ?? [];
        if (next() < 0.5) await queue.redis.lpush(waiting, ...popped.toReversed(), 'handed');
        else if (popped.length > 0)
          await queue.redis.zadd(expiring, ...popped.flatMap((id) => [0, id]));
      });
      const left = new Set([
        ...(await queue.redis.lrange(waiting, 0, -1)),
        ...(await queue.redis.zrange(expiring, '0', '-1')),
      ]);
      const heard = new Set(given);
      expect([seed, ids.filter((id) => left.has(id) && !heard.has(id))]).toEqual([seed, []]);
    }
  });
});
