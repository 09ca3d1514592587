// Caches of several processes, asked while others add, remove, run, evict and obliterate: no answer may be older than it was promised.
// What was true is known from when a change was acknowledged until the next one was sent; see helpers/id-judge.ts.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { queueKeys } from '../../src/keys.js';
import { remembers } from '../helpers/id-cache.js';
import { judge, Witness, type AnswerTold, type Asked, type Period } from '../helpers/id-judge.js';
import { liveRedis, pause, until } from '../helpers/live.js';
import { startProxy, type Proxy } from '../helpers/proxy.js';

const live = liveRedis({ perTest: true });

/**
 * Ages count from before the question was sent, so nothing is to be forgiven them; these ms are between an answer and a look at the
 * clock by who got it, when a garbage collection or another process of a busy machine comes between.
 */
const tolerance = 25;
const ids = 120;

type Ledger = { readonly ledger: readonly Period[]; readonly changes: number };

async function proxyOf(): Promise<Proxy> {
  const { hostname: host, port } = new URL(live.server.url);
  const proxy = await startProxy({ host, port: Number(port) });
  live.after(() => proxy.stop());
  return proxy;
}

/** Cuts connections of one kind, except the test's own. */
async function kill(type: 'pubsub' | 'normal'): Promise<void> {
  await live.redis.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
}

/** Lets changers and askers work while `act` runs; what was changed, and what was told. */
async function observe(
  connection: object,
  caches: readonly {
    readonly protocol?: number;
    readonly maxAge?: number;
    readonly max?: number;
  }[],
  rest: number,
  act: () => Promise<void>,
): Promise<{ periods: readonly Period[]; asked: Asked[]; changes: number }> {
  const changer = await new Witness<Ledger>(live, 'id-changer', {
    connection: live.as('everything'),
    ids,
    rest,
    seed: 7,
    obliterates: true,
  }).ready();
  const askers = await Promise.all(
    caches.map(({ protocol = 3, ...idCache }) => {
      const settings = { connection: { ...connection, protocol }, idCache, ids };
      return new Witness<Asked>(live, 'id-asker', settings).ready();
    }),
  );
  await act();
  const asked = await Promise.all(askers.map((asker) => asker.stop()));
  const { ledger, changes } = await changer.stop();
  return { periods: ledger, asked, changes };
}

/** Of answers that some time of certainty stands behind: by how many ms each is late. */
function lateness(periods: readonly Period[], told: readonly AnswerTold[]): number[] {
  return judge(periods, told).toSorted((a, b) => b - a);
}

test(
  'events put right what other processes change, long before it is too old',
  { tags: ['timing'] },
  async () => {
    const { connection } = live.server;
    const { periods, asked, changes } = await observe(
      connection,
      [{}, { max: 60, protocol: 2 }, { maxAge: 60_000 }],
      600,
      () => pause(4_000),
    );
    // Enough to have met each other, on a slow machine too.
    expect(changes).toBeGreaterThan(20);
    expect(periods.length).toBeGreaterThan(20);
    for (const { answers, failures, stats } of asked) {
      expect(failures).toEqual({});
      expect(answers.length).toBeGreaterThan(100);
      expect(stats.hits).toBeGreaterThan(stats.misses / 4);
      expect(stats.corrections).toBeGreaterThan(0);
      const late = lateness(periods, answers);
      // The way of a message through a busy machine; nothing promises more than the age.
      expect(late[0]).toBeLessThan(5_000);
      expect(late[Math.floor(late.length / 100)]).toBeLessThan(1_000);
    }
    expect(asked[1]?.stats.size).toBeLessThanOrEqual(60);
  },
);

test(
  'no answer is older than promised when connections break and nobody publishes',
  { tags: ['timing'] },
  async () => {
    const proxy = await proxyOf();
    const maxAge = 250;
    const { audience } = queueKeys(live.name);
    const faults: (() => Promise<unknown>)[] = [
      async () => proxy.cut(),
      async () => await live.redis.del(audience),
      async () => await kill('pubsub'),
      async () => {
        proxy.delay(30);
        await pause(200);
        proxy.delay(0);
      },
      async () => {
        proxy.blackhole(true);
        await pause(700);
        proxy.blackhole(false);
      },
    ];
    const caches = [{ maxAge }, { maxAge, protocol: 2 }, { maxAge, max: 40 }];
    const { periods, asked } = await observe(
      live.as('producer', proxy),
      caches,
      4 * maxAge,
      async () => {
        for (let turn = 0; turn < 10; turn += 1) {
          await faults[turn % faults.length]?.();
          await pause(400);
        }
      },
    );
    for (const { answers, failures, stats } of asked) {
      expect(answers.length).toBeGreaterThan(50);
      expect(Object.keys(failures).filter((code) => !code.startsWith('UN'))).toEqual([]);
      expect(stats.hits).toBeGreaterThan(0);
      expect(lateness(periods, answers)[0]).toBeLessThan(maxAge + tolerance);
    }
  },
);

test(
  'while nothing comes through, what is known is told until it is too old, and no longer',
  { tags: ['timing'] },
  async () => {
    const proxy = await proxyOf();
    const maxAge = 1_000;
    const queue = live.queue({ connection: live.as('producer', proxy), idCache: { maxAge } });
    await remembers(queue);
    expect(await queue.has('a')).toBe(false);
    proxy.blackhole(true);
    const silent = performance.now();
    const outside = live.queue({ idCache: false });
    await outside.add('job', {}, { jobId: 'a' });
    const { misses } = queue.idCache.stats();
    let last = silent;
    const next = (): Promise<boolean | undefined> =>
      Promise.race([queue.has('a'), pause(20).then(() => undefined)]);
    while ((await next()) === false) {
      last = performance.now();
      await pause(5);
    }
    expect(last - silent).toBeLessThan(maxAge + tolerance);
    expect(queue.idCache.stats().misses).toBeGreaterThan(misses);
    proxy.blackhole(false);
    await until(() => queue.has('a'));
  },
);

test.each([
  ['one connection', 3, 'everything', () => kill('pubsub')],
  ['two connections', 2, 'events', () => kill('pubsub')],
  ['two connections', 2, 'answers', () => kill('normal')],
] as const)(
  'with %s (RESP%i) all is forgotten when the one for %s is lost',
  async (_sockets, protocol, _what, lose) => {
    const connection = { ...live.as('producer'), protocol };
    const queue = live.queue({ connection, idCache: { maxAge: 3_600_000 } });
    const known = Array.from({ length: 20 }, (_, at) => `id-${at}`);
    await remembers(queue);
    await queue.hasMany(known);
    const quiet = await live.commandsOf(() => queue.hasMany(known));
    expect(quiet.get('evalsha')).toBe(undefined);
    expect(queue.idCache.stats().size).toBe(21);
    await lose();
    await until(() => queue.idCache.stats().size === 0);
    const asked = await live.commandsOf(() =>
      until(() =>
        queue.hasMany(known).then(
          () => true,
          () => false,
        ),
      ),
    );
    expect(asked.get('evalsha')).toBeGreaterThan(0);
    await remembers(queue);
  },
);

test('a server that comes back empty is believed', async () => {
  const queue = live.queue({ idCache: { maxAge: 3_600_000 } });
  await queue.add('job', {}, { jobId: 'a' });
  await remembers(queue);
  expect(await queue.has('a')).toBe(true);
  await live.server.restart();
  await until(async () => {
    const answer = await queue.has('a').catch(() => undefined);
    return answer === false;
  });
  await remembers(queue);
  expect(await queue.has('a')).toBe(false);
});

test('a process that has asked ends by itself when its queue is closed', async () => {
  const asker = await new Witness<Asked>(live, 'id-asker', {
    connection: live.as('producer'),
    idCache: {},
    ids: 5,
  }).ready();
  const looker = new Redis(live.server.connection);
  live.after(() => looker.disconnect());
  const { events } = queueKeys(live.name);
  const listeners = async (): Promise<unknown> => (await looker.pubsub('NUMSUB', events))[1];
  await until(async () => (await listeners()) === 1);
  await asker.stop();
  await until(async () => (await listeners()) === 0);
  expect(await asker.ended()).toBe(0);
});
