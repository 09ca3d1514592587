// Whether a job is stored, from memory: what is asked, what is not, and what puts it right.
import { describe, expect, test, vi } from 'vitest';
import { queueKeys } from '../../src/keys.js';
import type { Queue } from '../../src/queue.js';
import { elsewhere, remembers } from '../helpers/id-cache.js';
import { gate, liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();
const keys = () => queueKeys(live.name);
/** The same queue in what might be another process. */
const other = (options = {}) =>
  live.queue({ connection: elsewhere(live.as('producer')), ...options });
const calls = async (action: () => Promise<unknown>): Promise<number> =>
  (await live.commandsOf(action)).get('evalsha') ?? 0;
const numbered = (count: number) => Array.from({ length: count }, (_, at) => `id-${at}`);

async function listeners(): Promise<number> {
  const [, count] = (await live.redis.pubsub('NUMSUB', keys().events)) as [string, number];
  return count;
}

test('a job is there in every state, until it has gone', async () => {
  const queue = live.queue({ idCache: false });
  const open = gate();
  for (const id of ['done', 'active', 'cancelled']) await queue.add('job', {}, { jobId: id });
  await queue.add('job', {}, { jobId: 'delayed', delay: 60_000 });
  await queue.add('job', {}, { jobId: 'gone', removeOnComplete: true });
  await queue.add('job', {}, { jobId: 'deferred', dependsOn: 'active' });
  await queue.cancel('cancelled');
  live.worker(async ({ id }) => await (id === 'active' ? open.opened : undefined), {
    concurrency: 4,
  });
  await until(async () => (await queue.getJobState('done')) === 'completed');
  await until(async () => (await queue.getJobState('gone')) === 'unknown');
  const ids = ['done', 'active', 'cancelled', 'delayed', 'gone', 'deferred', 'never'];
  expect(await queue.hasMany(ids)).toEqual([true, true, true, true, false, true, false]);
  open.open();
});

describe('what is known', () => {
  test('costs no command, and is counted', async () => {
    const queue = live.queue();
    await queue.add('job', {}, { jobId: 'a' });
    await remembers(queue);
    expect(await queue.hasMany(['a', 'b'])).toEqual([true, false]);
    const before = queue.idCache.stats();
    const sent = await live.commandsOf(async () => {
      for (let i = 0; i < 1_000; i += 1) {
        expect(await queue.has('a')).toBe(true);
        expect(await queue.has('b')).toBe(false);
      }
    });
    expect([...sent]).toEqual([]);
    const after = queue.idCache.stats();
    expect(after.hits - before.hits).toBe(2_000);
    expect(after.misses).toBe(before.misses);
    expect(after.commandsSaved - before.commandsSaved).toBe(2_000);
  });

  test('keeps order and duplicates', async () => {
    const queue = live.queue();
    await queue.addBulk(['a', 'c'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
    await remembers(queue);
    const ids = ['c', 'b', 'a', 'b', 'c', 'c'];
    const found = [true, false, true, false, true, true];
    expect(await queue.hasMany(ids)).toEqual(found);
    expect(await queue.hasMany(ids)).toEqual(found);
    expect(await queue.hasMany([])).toEqual([]);
  });

  test('includes ids that were only seen in events', async () => {
    const queue = live.queue();
    const producer = other();
    await remembers(queue);
    await producer.add('job', {}, { jobId: 'seen' });
    await until(() => queue.idCache.stats().size === 2);
    expect(await calls(async () => expect(await queue.has('seen')).toBe(true))).toBe(0);
  });

  test('is put right by what others do', async () => {
    const queue = live.queue({ idCache: { maxAge: 3_600_000 } });
    const changer = other({ idCache: false });
    await remembers(queue);
    expect(await queue.has('a')).toBe(false);
    await changer.add('job', {}, { jobId: 'a' });
    await until(() => queue.has('a'));
    await changer.remove('a');
    await until(async () => !(await queue.has('a')));
    await changer.add('job', {}, { jobId: 'a', removeOnComplete: true });
    await until(() => queue.has('a'));
    live.worker(async () => undefined);
    await until(async () => !(await queue.has('a')));
    await changer.add('job', {}, { jobId: 'a' });
    await until(() => queue.has('a'));
    await until(async () => (await changer.getJobState('a')) === 'completed');
    expect(await queue.has('a')).toBe(true);
    await changer.obliterate({ force: true });
    await until(async () => !(await queue.has('a')));
    expect(queue.idCache.stats().corrections).toBeGreaterThanOrEqual(5);
  });

  test('agrees with Redis on jobs that outlive their end, since others wait for them', async () => {
    const queue = live.queue({ idCache: { maxAge: 3_600_000 } });
    const changer = other({ idCache: false });
    await remembers(queue);
    const open = gate();
    live.worker(async ({ id }) => {
      if (id === 'slow') await open.opened;
      if (id === 'fails') throw new Error('as it should');
    });
    const add = async (jobId: string, opts = {}) =>
      await changer.add('job', {}, { jobId, removeOnComplete: true, removeOnFail: true, ...opts });
    await changer.pause();
    const jobs = [await add('awaited'), await add('parent'), await add('fails'), await add('slow')];
    await add('child', { dependsOn: ['parent', 'slow'] });
    await add('doomed', { dependsOn: 'fails' });
    await add('removed', { delay: 60_000 });
    await add('waits', { dependsOn: 'removed', onParentFailure: 'wait' });
    await add('cancelled');
    await add('expires', { ttl: 20 });
    const ends = jobs.map((job) => job.waitUntilFinished().catch(() => undefined));
    await changer.cancel('cancelled');
    await changer.remove('removed');
    await changer.resume();
    await Promise.all(ends.slice(0, 3));
    const ids = ['awaited', 'parent', 'fails', 'slow', 'child', 'doomed', 'removed', 'waits'];
    ids.push('cancelled', 'expires');
    await until(async () => !(await changer.has('expires')));
    const agree = async (): Promise<boolean> =>
      String(await queue.hasMany(ids)) === String(await changer.hasMany(ids));
    await until(agree);
    expect(await queue.has('slow')).toBe(true);
    open.open();
    await until(async () => !(await changer.has('child')));
    await until(agree);
    // Nobody waits any more: what stayed for that goes with the sweep, or is removed.
    for (const id of ids) await changer.remove(id).catch(() => undefined);
    await until(agree);
    const { misses } = queue.idCache.stats();
    expect(await queue.hasMany(ids)).toEqual(await changer.hasMany(ids));
    expect(queue.idCache.stats().misses).toBe(misses);
  });

  test('of what this process does is right at once', async () => {
    const queue = live.queue({ idCache: { maxAge: 3_600_000 } });
    const second = live.queue({ idCache: { maxAge: 3_600_000 } });
    await remembers(queue);
    for (let round = 0; round < 50; round += 1) {
      await queue.add('job', {}, { jobId: 'a' });
      expect(await second.has('a')).toBe(true);
      await second.remove('a');
      expect(await queue.has('a')).toBe(false);
      const job = await second.add('job', {}, { jobId: 'a' });
      expect(await queue.has('a')).toBe(true);
      await job.remove();
      expect(await queue.has('a')).toBe(false);
    }
    await queue.addBulk([{ name: 'job', data: {}, opts: { jobId: 'a' } }]);
    expect(await queue.has('a')).toBe(true);
    await queue.drain();
    expect(await queue.has('a')).toBe(false);
    await queue.add('job', {}, { jobId: 'a' });
    await queue.obliterate();
    expect(await queue.has('a')).toBe(false);
  });

  test('holds up nobody else, however often it is asked for', async () => {
    const queue = live.queue();
    await remembers(queue);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const start = performance.now();
    while (performance.now() - start < 200) await queue.has('probe');
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
  });

  test(
    'is shared by all objects of a queue, each with the age it was promised',
    { tags: ['timing'] },
    async () => {
      const patient = live.queue({ idCache: { maxAge: 3_600_000 } });
      const strict = live.queue({ idCache: { maxAge: 40 } });
      await remembers(patient);
      expect(await patient.has('a')).toBe(false);
      expect(await calls(() => strict.has('a'))).toBe(0);
      expect(strict.idCache.stats()).toEqual(patient.idCache.stats());
      // Nobody publishes what nobody listens to: only its age tells that it may be wrong.
      await live.redis.del(keys().audience);
      await other({ idCache: false }).add('job', {}, { jobId: 'a' });
      const added = performance.now();
      await until(() => strict.has('a'), 1_000);
      expect(performance.now() - added).toBeLessThan(500);
    },
  );

  test('is bounded: the oldest give way', async () => {
    const queue = live.queue({ idCache: { max: 100 } });
    await remembers(queue);
    const ids = numbered(1_000);
    await queue.hasMany(ids);
    expect(queue.idCache.stats().size).toBe(100);
    expect(await calls(() => queue.hasMany(ids.slice(-100)))).toBe(0);
    await other({ idCache: false }).addBulk(
      numbered(500).map((id) => ({ name: 'job', data: {}, opts: { jobId: `new-${id}` } })),
    );
    await until(() => queue.has('new-id-499'));
    expect(queue.idCache.stats().size).toBe(100);
  });

  test(
    'grows old: without events no answer is older than it may be',
    { tags: ['timing'] },
    async () => {
      const maxAge = 300;
      const queue = live.queue({ idCache: { maxAge } });
      const changer = other({ idCache: false });
      await remembers(queue);
      await live.redis.del(keys().audience);
      for (let round = 0; round < 4; round += 1) {
        const there = round % 2 === 1;
        expect(await queue.has('a')).toBe(there);
        if (there) await changer.remove('a');
        else await changer.add('job', {}, { jobId: 'a' });
        const changed = performance.now();
        await until(async () => (await queue.has('a')) !== there);
        expect(performance.now() - changed).toBeLessThan(maxAge + 250);
      }
    },
  );

  test('is asked for again before it is too old, as long as it is used', async () => {
    const queue = live.queue({ idCache: { maxAge: 600 } });
    await remembers(queue);
    const ids = numbered(1_000);
    await queue.hasMany(ids);
    const before = queue.idCache.stats();
    const start = performance.now();
    while (performance.now() - start < 1_200) {
      await queue.hasMany(ids);
      await pause(1);
    }
    const after = queue.idCache.stats();
    // It may be late now and then on a busy machine.
    expect(after.misses - before.misses).toBeLessThan((after.hits - before.hits) / 20);
    expect(after.revalidations - before.revalidations).toBeGreaterThan(1_500);
    // What nobody uses is not asked for again, and goes.
    await until(() => queue.idCache.stats().size === 0);
  });
});

describe('a question', () => {
  test('of many ids travels 256 a call, those of one turn together', async () => {
    const queue = live.queue({ idCache: { max: 1 } });
    await remembers(queue);
    const ids = numbered(2_560);
    expect(await calls(() => queue.hasMany(ids))).toBeLessThanOrEqual(12);
    const each = await calls(() => Promise.all(ids.map((id) => queue.has(id))));
    expect(each).toBeLessThanOrEqual(12);
  });

  test('is shared by all who ask the same at the same time', async () => {
    const queue = live.queue({ idCache: { max: 10 } });
    const second = live.queue({ idCache: { max: 10 } });
    await remembers(queue);
    const sent = await calls(() =>
      Promise.all(
        Array.from({ length: 1_000 }, (_, at) => (at % 2 ? queue : second).has(`id-${at % 4}`)),
      ),
    );
    expect(sent).toBe(1);
  });

  test('goes to Redis each time without a cache, and nobody listens', async () => {
    const queue = live.queue({ idCache: false });
    expect(await queue.has('a')).toBe(false);
    const sent = await calls(async () => {
      for (let i = 0; i < 10; i += 1) expect(await queue.has('a')).toBe(false);
    });
    expect(sent).toBe(10);
    expect(await calls(() => Promise.all(numbered(200).map((id) => queue.has(id))))).toBe(1);
    expect(await listeners()).toBe(0);
    expect(queue.idCache.stats()).toEqual({
      size: 0,
      hits: 0,
      misses: 211,
      corrections: 0,
      revalidations: 0,
      commandsSaved: 0,
    });
  });

  test.each([
    ['a number', 5 as unknown as string, TypeError],
    ['nothing', '', RangeError],
    ['257 bytes', 'x'.repeat(257), RangeError],
    ['a line feed', 'a\nb', RangeError],
  ])('with %s is refused', async (_, id, error) => {
    const queue = live.queue();
    await expect(queue.has(id)).rejects.toThrow(error);
    await expect(queue.hasMany(['a', id])).rejects.toThrow(error);
  });
});

describe('listening', () => {
  test('begins with the first question, and ends with the last queue', async () => {
    const queue: Queue = live.queue();
    const second = live.queue();
    await queue.add('job', {}, { jobId: 'a' });
    expect(await live.redis.exists(keys().audience)).toBe(0);
    expect(await listeners()).toBe(0);
    await remembers(queue);
    expect(await listeners()).toBe(1);
    expect(await live.redis.exists(keys().audience)).toBe(1);
    await queue.close();
    await expect(queue.has('a')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(queue.hasMany(['a'])).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await listeners()).toBe(1);
    expect(await second.has('a')).toBe(true);
    await second.close();
    await until(async () => (await listeners()) === 0);
  });

  test('ends when nobody has asked for long, and begins again', async () => {
    const queue = live.queue({ idCache: { maxAge: 80 } });
    await remembers(queue);
    const now = performance.now.bind(performance);
    live.after(() => vi.restoreAllMocks());
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 301_000);
    await until(async () => (await listeners()) === 0);
    expect(queue.idCache.stats().size).toBe(0);
    await remembers(queue);
    expect(await listeners()).toBe(1);
  });

  test('a queue that is closed answers the questions that were asked before', async () => {
    const queue = live.queue();
    await queue.add('job', {}, { jobId: 'id-3' });
    const many = queue.hasMany(numbered(30_000));
    const one = queue.has('id-3');
    await queue.close();
    expect((await many).indexOf(true)).toBe(3);
    expect(await one).toBe(true);
  });
});

test('a check that had to wait for its turn does not make a closed queue listen again', async () => {
  // Somebody else keeps the shared connection open.
  live.queue({ name: 'another' });
  const queue = live.queue();
  let checks = 0;
  const check = (): Promise<boolean> => {
    checks += 1;
    return queue.has('x');
  };
  await until(async () => !(await check()) && queue.idCache.stats().hits > 0);
  // Every 1,000th waits for the next turn of the event loop.
  for (let left = 999 - checks; left > 0; left -= 1) await check();
  const late = check();
  await queue.close();
  await Promise.allSettled([late]);
  await pause(50);
  expect(await listeners()).toBe(0);
});
