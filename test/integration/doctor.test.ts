// The doctor on queues that stand still: each thing that can be broken is broken, and told with its ids.
import { describe, expect, test } from 'vitest';
import { checkQueue, type CheckOptions, type QueueReport } from '../../src/doctor.js';
import { Queue } from '../../src/queue.js';
import { healthy } from '../helpers/healthy.js';
import { edge, open, type State } from '../helpers/keyspace.js';
import { pause } from '../helpers/live.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();

const of = (parent: string, text: string) => `${parent}\t${text}`;

async function examined(bench: Bench, options: CheckOptions = {}): Promise<QueueReport> {
  const { url: connection } = server.server;
  const { prefix } = bench;
  return await checkQueue(bench.name, { connection, prefix, recheckAfter: 0, ...options });
}

/** What the version of the server says is no matter here. */
async function found(bench: Bench, options?: CheckOptions): Promise<[string, string[]][]> {
  const { problems } = await examined(bench, options);
  return problems
    .filter(({ code }) => code !== 'lua-holes')
    .map(({ code, ids }) => [code, ids.toSorted()]);
}

/** What a worker tells of itself. */
const told = JSON.stringify({
  host: 'h',
  pid: 1,
  started: 1,
  lockDuration: 30_000,
  concurrency: 1,
  paused: false,
  queues: ['q'],
  queueCount: 1,
  counters: {},
  jobs: [],
});

/** What is planted in the healthy queue, and what is found of which ids. */
const planted: [code: string, ids: string[], plant: State][] = [
  ['two-states', ['e'], { failed: { e: 'now' } }],
  ['two-states', ['d'], { completed: { d: 'now' } }],
  ['two-states', ['f'], { delayed: { f: 'now+60000' } }],
  ['orphan', ['x'], { delayed: { x: 'now+60000' } }],
  ['orphan', ['x', 'y'], { suspects: { x: 'now' }, cancelled: { y: 'now' } }],
  ['orphan', ['x'], { active: { x: 'L:7' }, held: { L: 3 } }],
  ['orphan', ['x'], { evicting: { x: 'now+60000' } }],
  ['orphan', ['x'], { expiring: { x: 'now+60000' } }],
  ['orphan', ['x'], { releasing: { x: 'completed' } }],
  ['orphan', ['x'], { traits: { x: '{}' } }],
  ['orphan', ['x'], { results: { x: '{}' } }],
  ['orphan', ['x'], { progress: { x: '1' } }],
  ['orphan', ['x'], { logs: { x: '1' } }],
  ['orphan', ['x'], { watched: { x: 'awaited' } }],
  ['entry-missing', ['x'], { jobs: { x: '["n",1,2]' } }],
  ['entry-missing', ['b'], { tombstones: { b: 1 } }],
  ['entry-surplus', ['b'], { waiting: ['b'] }],
  ['entry-surplus', ['c'], { waiting: ['c'] }],
  ['entry-surplus', ['x'], { waiting: ['x'] }],
  ['entry-surplus', ['b'], { expiring: { b: 0 } }],
  ['tombstone-surplus', ['x'], { tombstones: { x: 1 } }],
  ['tombstone-surplus', ['e'], { tombstones: { e: 2 } }],
  ['tombstones-malformed', ['e'], { tombstones: { e: 0 } }],
  ['token-malformed', ['j'], { active: { j: 'L:8!' }, stopping: {} }],
  ['token-ahead', ['d'], { active: { d: 'L:10' } }],
  ['lease-malformed', ['K'], { leases: { K: -1 } }],
  ['held-without-lease', ['X'], { held: { X: 1 } }],
  ['held-miscounted', ['L'], { held: { L: 3 } }],
  ['held-miscounted', ['K'], { held: { K: 0 } }],
  ['stopping-mismatched', ['d'], { active: { d: 'L:9!cancel' } }],
  ['stopping-mismatched', ['j'], { active: { j: 'L:8' } }],
  ['stopping-mismatched', ['d'], { stopping: { 'L\td': 0 } }],
  ['stopping-mismatched', ['j'], { stopping: { 'K\tj': 0 } }],
  ['stopping-mismatched', ['b'], { stopping: { 'K\tb': 0 } }],
  ['edge-astray', ['a'], { awaiting: open(edge('a', 'd')) }],
  ['edge-astray', ['x'], { awaiting: open(edge('x', 'd')) }],
  ['check-too-far', ['h'], { deferred: { h: 'now+620000' } }],
  ['parent-unpinned', ['a'], { dependents: { [of('a', edge('h', 'a'))]: 0 } }],
  ['parent-unpinned', ['x'], { dependents: { [of('x', edge('h', 'x'))]: 0 } }],
  ['watched-malformed', ['a'], { watched: { a: 'seen' } }],
  ['releasing-astray', ['d'], { releasing: { d: 'completed' } }],
  ['releasing-astray', ['l'], { releasing: { l: 'cancelled' } }],
  ['releasing-astray', ['e'], { releasing: { e: 'done' } }],
  ['evicting-astray', ['b'], { evicting: { b: 'now' } }],
  ['evicting-astray', ['l'], { evicting: { l: 0 } }],
  ['expiring-astray', ['d'], { expiring: { d: 'now+60000' } }],
  ['expiring-astray', ['g'], { expiring: { g: 'now+60000' } }],
  ['expiring-without-entry', ['c'], { expiring: { c: 0 } }],
  ['expiring-without-entry', ['f'], { expiring: { f: 0 } }],
  ['expiring-missing', ['a'], { traits: { a: '{"ends":1900000000000}' } }],
  ['expiring-missing', ['i'], { traits: { i: '{"lifo":true,"ends":1900000000000}' } }],
  ['size-wrong', ['b'], { traits: { b: '{"size":2000}' } }],
  ['size-wrong', ['b'], { jobs: { b: JSON.stringify(['n', 'x'.repeat(2_000), 1]) } }],
  ['attempts-malformed', ['c'], { attempts: { c: -1 } }],
  ['stalls-malformed', ['f'], { stalls: { f: '1.5' } }],
  ['traits-malformed', ['a'], { traits: { a: '{"lifo"' } }],
  ['failures-malformed', ['g'], { failures: { g: '{}' } }],
  ['outcomes-malformed', ['h'], { outcomes: { h: 'q\tp\tfailed\t' } }],
  ['calls-malformed', ['p:enqueue'], { calls: { 'p:enqueue': 'added' } }],
  ['workers-malformed', ['W'], { workers: { W: 'now+30000 {}' } }],
  [
    'workers-malformed',
    ['W'],
    { workers: { W: `30000 ${told.replace('"jobs":[]', '"jobs":[1]')}` } },
  ],
  ['workers-malformed', ['W'], { workers: { W: told } }],
  ['counters-malformed', ['total'], { counters: { total: '29000000 1 two' } }],
  ['counters-malformed', ['9'], { counters: { 9: '20168 1' } }],
  ['counters-malformed', ['20160'], { counters: { 20160: '20160 1' } }],
  [
    'awaiting-malformed',
    [of('h', edge('h', 'd', 'never'))],
    { awaiting: open(edge('h', 'd', 'never')) },
  ],
  [
    'dependents-malformed',
    [of('e', edge('h', 'd'))],
    { dependents: { [of('e', edge('h', 'd'))]: 0 } },
  ],
  ['meta-malformed', [], { meta: { schema: 'one' } }],
  ['meta-malformed', [], { meta: { 'keep completed': 'all' } }],
  ['meta-malformed', [], { meta: { 'skip failed': '-1' } }],
  ['schema-newer', [], { meta: { schema: 2 } }],
  ['markers-many', [], { wake: ['1'] }],
];

/** Sweeps go on, whatever they do, until the function returned is called. */
function sweeping(bench: Bench): () => Promise<void> {
  const stopped = new AbortController();
  const sweeps = (async () => {
    for (let now = bench.now; !stopped.signal.aborted; now += 1) {
      await bench.redis.hset(bench.keys.meta, 'swept', now);
      await pause(10);
    }
  })();
  return async () => {
    stopped.abort();
    await sweeps;
  };
}

test('a healthy queue has no problems, and nothing is written', async () => {
  const bench = await server.queue(healthy);
  const before = await bench.stored();
  const report = await examined(bench, { records: true });
  expect(report.problems.filter(({ code }) => code !== 'lua-holes')).toEqual([]);
  expect(report).toMatchObject({ queue: bench.name, ok: true });
  expect(Math.abs(report.time - bench.now)).toBeLessThan(60_000);
  expect(report.looked).toMatchObject({ edges: 6, leases: 2 });
  expect(report.looked.steps).toBeLessThan(80);
  expect(await bench.stored()).toEqual(before);
});

test('rows as workers and producers write them are readable', async () => {
  const bench = await server.queue(healthy);
  await bench.seed({
    workers: { W: `30000 ${told}` },
    counters: { total: '1 2 3', 9: '20169 0 7' },
  });
  expect(await found(bench)).toEqual([]);
});

test('a queue that does not exist has none either', async () => {
  expect(await found(await server.queue())).toEqual([]);
});

test.each(planted)('%s of %j is told', async (code, ids, plant) => {
  const bench = await server.queue(healthy);
  await bench.seed(plant);
  const { ok, problems } = await examined(bench);
  const broken = problems.filter(({ severity }) => severity === 'broken');
  expect(broken.map((problem) => [problem.code, problem.ids])).toEqual([[code, ids]]);
  expect(ok).toBe(false);
});

describe('what takes more than a row to break', () => {
  test('an active job under a lease that has gone is told with the lease', async () => {
    const bench = await server.queue(healthy);
    await bench.redis.zrem(bench.keys.leases, 'K');
    expect(await found(bench)).toEqual([
      ['lease-missing', ['k']],
      ['held-without-lease', ['K']],
    ]);
  });

  test('a deferred job without an edge is told', async () => {
    const bench = await server.queue(healthy);
    await bench.redis.zrem(bench.keys.awaiting, of('i', edge('i', 'g', 'wait')));
    expect(await found(bench)).toEqual([['deferred-stuck', ['i']]]);
  });

  test('jobs that wait without a marker are told', async () => {
    const bench = await server.queue(healthy);
    await bench.redis.del(bench.keys.wake);
    expect(await found(bench)).toEqual([['marker-missing', []]]);
  });

  test('a key of another type is told, and nothing else', async () => {
    const bench = await server.queue(healthy);
    await bench.redis.set(bench.keys.stalls, '1').catch(() => undefined);
    const [problem] = (await examined(bench)).problems;
    expect(problem).toMatchObject({ code: 'wrong-type', count: 1, ids: [bench.keys.stalls] });
    expect(problem?.message).toContain('stalls is a string');
  });

  test('records and results that can not be read are told when asked for', async () => {
    const bench = await server.queue(healthy);
    await bench.seed({ jobs: { b: '["n",' }, results: { e: '{' } });
    expect(await found(bench)).toEqual([]);
    expect(await found(bench, { records: true })).toEqual([
      ['record-unreadable', ['b']],
      ['result-unreadable', ['e']],
    ]);
  });

  test('of many the first hundred ids are told, and how many there are', async () => {
    const bench = await server.queue(healthy);
    const ghosts = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x${i}`, 1]));
    await bench.seed({ completed: ghosts });
    const problem = (await examined(bench)).problems.find(({ code }) => code === 'orphan');
    expect(problem).toMatchObject({ count: 300, severity: 'broken' });
    expect(problem?.ids).toHaveLength(100);
    expect(problem?.message).toBe('300 ids are named by keys of the queue, without a record.');
    expect(problem?.remedy).toContain(`test:{${bench.name}}:`);
  });
});

describe('what more than a thousand active jobs hold', () => {
  const ids = Array.from({ length: 1_500 }, (_, i) => `x${i}`);
  const many: State = {
    meta: { schema: 1, token: 9 },
    jobs: Object.fromEntries(ids.map((id) => [id, '["n",1,2]'])),
    active: Object.fromEntries(ids.map((id, i) => [id, `${i < 1_000 ? 'L' : 'K'}:9`])),
    leases: { L: 'now+30000', K: 'now+30000' },
    held: { L: 1_000, K: 500 },
  };

  test('is counted too, while the queue is at rest', async () => {
    const bench = await server.queue(many);
    expect(await found(bench)).toEqual([]);
    await bench.seed({ held: { L: 999, K: 501 } });
    expect(await found(bench)).toEqual([['held-miscounted', ['K', 'L']]]);
  });

  test('is told by its sum when it moves', async () => {
    const bench = await server.queue(many);
    await bench.seed({ held: { L: 1_001 } });
    const moving = new AbortController();
    const moves = (async () => {
      while (!moving.signal.aborted) await bench.redis.hincrby(bench.keys.meta, 'token', 1);
    })();
    expect(await found(bench)).toEqual([['held-missummed', []]]);
    moving.abort();
    await moves;
  });
});

describe('what maintenance mends', () => {
  const overdue: State = {
    ...healthy,
    delayed: { c: 'now-120000' },
    deferred: { h: 'now-120000', i: 'now+5000' },
    expiring: { ...healthy.expiring, b: 'now-120000' },
    releasing: { e: 'completed' },
    leases: { ...healthy.leases, D: 0, M: 'now-120000' },
    held: { L: 1, K: 1, D: 1 },
    active: { ...healthy.active, d: 'D:5' },
  };
  const late: [string, string[]][] = [
    ['check-overdue', ['h']],
    ['releasing-stuck', ['e']],
    ['expiry-overdue', ['b']],
    ['delayed-overdue', ['c']],
    ['lease-unreclaimed', ['D']],
    ['lease-overdue', ['M']],
  ];

  test('is only a warning when nobody sweeps', async () => {
    const bench = await server.queue(overdue);
    const report = await examined(bench);
    expect(report.ok).toBe(true);
    expect(report.problems.map(({ code }) => code)).toContain('unswept');
    expect(await found(bench)).toEqual([['unswept', []]]);
  });

  test('is broken when it outlives several sweeps', async () => {
    const bench = await server.queue({
      ...overdue,
      leases: { ...overdue.leases, L: 'now+5000', K: 'now+5000' },
    });
    const stop = sweeping(bench);
    try {
      expect(await found(bench)).toEqual(late);
    } finally {
      await stop();
    }
  });

  test('is nothing while a backlog is worked off', async () => {
    const bench = await server.queue({ ...healthy, delayed: { c: 'now-120000', e: 'now-130000' } });
    await bench.redis.zrem(bench.keys.completed, 'e');
    await bench.redis.zrem(bench.keys.evicting, 'e');
    const stop = sweeping(bench);
    try {
      const under = found(bench, { recheckAfter: 200 });
      await pause(100);
      await bench.redis.zadd(bench.keys.delayed, bench.now + 60_000, 'e');
      expect(await under).toEqual([]);
    } finally {
      await stop();
    }
  });

  test('is nothing when a sweep mends it in time', async () => {
    const bench = await server.queue(overdue);
    const stop = sweeping(bench);
    try {
      const under = found(bench, { recheckAfter: 200 });
      await bench.redis.del(bench.keys.releasing);
      await bench.redis.zadd(bench.keys.delayed, bench.now + 60_000, 'c');
      await bench.redis.zadd(bench.keys.deferred, bench.now + 60_000, 'h');
      await bench.redis.zadd(bench.keys.expiring, bench.now + 60_000, 'b');
      await bench.redis.zadd(bench.keys.leases, bench.now + 30_000, 'M', bench.now + 30_000, 'D');
      expect(await under).toEqual([]);
    } finally {
      await stop();
    }
  });
});

describe('warnings', () => {
  test.each<[string, State]>([
    ['unserved', { leases: { L: 'now-1000', K: 'now-1000' }, meta: { swept: 'now' } }],
    ['paused', { meta: { paused: 'now-700000' } }],
    [
      'many-failed',
      Object.fromEntries(
        ['jobs', 'failed'].map((noun) => [
          noun,
          Object.fromEntries(
            Array.from({ length: 10_000 }, (_, i) => [`x${i}`, noun === 'jobs' ? '["n",1,2]' : 1]),
          ),
        ]),
      ),
    ],
  ])('%s', async (code, plant) => {
    const bench = await server.queue(healthy);
    await bench.seed(plant);
    const report = await examined(bench);
    expect(report.ok).toBe(true);
    expect(report.problems.map((problem) => problem.code)).toContain(code);
  });

  test('a server that may evict keys is told', async () => {
    const bench = await server.queue();
    await bench.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      expect(await found(bench)).toEqual([['may-evict', []]]);
    } finally {
      await bench.redis.config('SET', 'maxmemory-policy', 'noeviction');
    }
  });
});

describe('options', () => {
  test('that can not be are refused', async () => {
    await expect(checkQueue('q', { recheckAfter: -1 })).rejects.toThrow(RangeError);
    const misspelt = { recheckafter: 1 } as CheckOptions;
    await expect(checkQueue('q', misspelt)).rejects.toThrow('recheckafter: expected one of');
    await expect(checkQueue('a{b')).rejects.toThrow('queue: expected no braces');
    for (const [wrong, message] of [
      [{ records: 'no' }, 'records: expected true or false, got "no"'],
      [{ signal: 5 }, 'signal: expected an AbortSignal, got 5'],
      [{ recheckAfter: 2 ** 52 }, `recheckAfter: expected a whole number from 0 to ${2 ** 51 - 1}`],
    ] as const)
      await expect(checkQueue('q', wrong as unknown as CheckOptions)).rejects.toThrow(message);
  });

  test('a Queue has its own connection and prefix', async () => {
    const connection = server.server.url;
    const queue = new Queue('q', { connection });
    for (const given of [{ connection }, { prefix: 'own' }])
      await expect(checkQueue(queue, given)).rejects.toThrow(
        new TypeError(`${Object.keys(given)[0]}: expected none beside a Queue, which has its own`),
      );
    await queue.close();
  });

  test('names and numbers in remedies are those of this queue', async () => {
    const bench = await server.queue(healthy);
    await bench.seed({ failed: { e: 'now' } });
    const [problem] = (await examined(bench)).problems;
    expect(problem?.remedy).toContain(`(test:{${bench.name}}:<state>)`);
  });

  test('the signal ends it', async () => {
    const bench = await server.queue(healthy);
    await bench.seed({ failed: { e: 1 } });
    const reason = new Error('enough');
    await expect(examined(bench, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const under = examined(bench, { recheckAfter: 60_000, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 100);
    await expect(under).rejects.toBe(reason);
  });
});
