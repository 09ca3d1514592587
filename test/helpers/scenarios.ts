// One call of every script of the catalogue that does all it can do, on a queue that has a bit of everything.
import * as scripts from '../../src/scripts.js';
import type { Call, Script, ScriptName } from '../../src/script.js';
import { edge, type State } from './keyspace.js';
import type { Bench, Plain } from './scripts.js';

/** Of child k1 to a job that runs, of k2 to one that failed, and of children in other queues. */
const edges = {
  k1: edge('k1', 'a1'),
  k2: edge('k2', 'f1', 'wait'),
  r1: edge('r/k', 'p1'),
  r2: edge('r/k', 'p2', 'run'),
  r3: edge('r/k', 'p3', 'wait'),
};

/** A queue with jobs in every state, a dead lease with jobs, an expired one without, and no marker. */
export const bitOfEverything: State = {
  meta: { schema: 1, token: 9, stamp: 5 },
  jobs: Object.fromEntries(
    'w1 w2 w3 w4 s1 d1 d2 d3 k1 k2 a1 a2 a3 b1 b2 b3 c1 c2 f1 x1 p1 p2 p3'
      .split(' ')
      .map((id) => [id, `["${id}"]`]),
  ),
  // The ttl of w3 and w4 has ended; w4 has been claimed since, and waits for expire.
  waiting: ['x', 'w1', 'w3', 'w2'],
  tombstones: { x: 1 },
  suspects: { s1: 'now-60000' },
  delayed: { d1: 'now-60000', d2: 'now+60000', d3: 'now+60000', p2: 'now+60000' },
  expiring: { w2: 'now+60000', w3: 'now-10000', w4: 0, d3: 'now-10000', k2: 'now+60000' },
  deferred: { k1: 'now-10000', k2: 'now+300000' },
  awaiting: { [`k1\t${edges.k1}`]: 0, [`k2\t${edges.k2}`]: 0 },
  dependents: {
    [`a1\t${edges.k1}`]: 0,
    [`f1\t${edges.k2}`]: 0,
    [`p1\t${edges.r1}`]: 0,
    [`p2\t${edges.r2}`]: 0,
    [`p3\t${edges.r3}`]: 0,
  },
  watched: { a1: 'parent', f1: 'parent', p1: 'parent', p2: 'parent', p3: 'parent', c2: 'awaited' },
  releasing: { p1: 'completed', f1: 'failed' },
  active: { a1: 'L:8', a2: 'L:9', a3: 'L:9!cancel', b1: 'D:5', b2: 'D:6', b3: 'D:7!cancelled' },
  stopping: { 'L\ta3': 0, 'D\tb3': 0 },
  held: { L: 3, D: 3 },
  leases: { L: 'now+30000', E: 'now-10000', D: 0 },
  completed: { c1: 'now-20000', c2: 'now-10000', p1: 'now-10000' },
  failed: { f1: 'now-10000', p3: 'now-10000' },
  cancelled: { x1: 'now-10000' },
  evicting: { c2: 'now+50000', p3: 'now-5000', x1: 'now-5000' },
  attempts: { f1: 1, a1: 1 },
  stalls: { s1: 1, b2: 2 },
  results: { c1: '{"returnvalue":1}', p1: '{"returnvalue":2}' },
  failures: {
    f1: '{"failedReason":"x"}\n',
    a1: '{"failedReason":"y"}\n',
    x1: '{"failedReason":"why"}\n',
  },
  progress: { a1: '50', c1: '100' },
  logs: { a1: '0001\n"begun"\n' },
  outcomes: { k2: 'q\tc1\tcompleted\t{"returnvalue":1}\n' },
  traits: {
    w2: '{"lifo":true,"ends":now+60000}',
    w3: '{"ends":now-10000}',
    w4: '{"ends":now-10000,"failAge":0}',
    a1: '{"ends":now+60000}',
    a2: '{"lifo":true,"ends":now+60000}',
    b1: '{"ends":now+60000}',
    k1: '{"child":true}',
    k2: '{"child":true}',
  },
  workers: {
    L: 'now {"pid":1,"jobs":[]}',
    E: 'now-60000 {"pid":2,"jobs":[]}',
    G: 'now-86000000 {"pid":3,"jobs":[]}',
  },
  counters: { total: '29000000 5 4 3', '17': '29000000 5 4 3' },
  calls: {
    'L:claim': '1 now claimed\nL:9\na2',
    'E:claim': '1 now empty\nE:7\n',
    'p:enqueue': '1 1000000000000 added',
  },
};

type Values = Record<string, string | number>;

export interface Scenario {
  readonly name: ScriptName;
  readonly call: (bench: Bench) => Call;
}

function scenario<Args extends Values, Each extends Values, Reply>(
  script: Script<Args, Each, Reply>,
  args: Plain<Args>,
  items: readonly Plain<Each>[] = [],
): Scenario {
  return { name: script.name, call: (bench) => bench.call(script, args, items) };
}

const numbered = { call: 'q:it', number: 1 };
const a1 = { id: 'a1', token: 'L:8' };
const a2 = { id: 'a2', token: 'L:9' };
const a3 = { id: 'a3', token: 'L:9' };
const failure = '{"failedReason":"z"}';

const child = (id: string) => ({
  id,
  record: `["${id}"]`,
  traits: '{"child":true}',
  edges: '',
  outcomes: '',
  failure: '',
});
const each = (...ids: string[]) => ids.map((id) => ({ id }));
const orphan = { stamp: '', edges: '', outcomes: '' } as const;

/** In the order of the catalogue. */
export const scenarios: readonly Scenario[] = [
  scenario(scripts.enqueue, { ...numbered, schema: 1, distinct: 1 }, [
    { id: 'n1', record: '["n1"]', traits: '{"ttl":60000}' },
    { id: 'w1', record: '["w1"]', traits: '' },
    { id: 'n2', record: '["n2"]', traits: '{"lifo":true}' },
  ]),
  scenario(scripts.schedule, { ...numbered, schema: 1 }, [
    { id: 'n1', record: '["n1"]', traits: '{"ttl":60000}', delay: 10_000 },
    { id: 'd1', record: '["d1"]', traits: '', delay: 10_000 },
    { id: 'n2', record: '["n2"]', traits: '{"lifo":true}', delay: 0 },
  ]),
  scenario(scripts.defer, { ...numbered, schema: 1 }, [
    { ...child('n1'), edges: edge('n1', 'a1'), outcomes: 'q\tc1\tcompleted\t1\n' },
    { ...child('n2'), traits: '{"child":true,"delay":60000}' },
    { ...child('n3'), outcomes: 'q\tf1\tfailed\t\n', failure },
    { ...child('w1'), edges: edge('w1', 'a1') },
  ]),
  scenario(
    scripts.depend,
    {},
    ['a1', 'c1', 'f1', 'x1', 'zz'].map((parent) => ({ parent, edge: edge('r/n', parent) })),
  ),
  scenario(scripts.open, { lease: 'N', period: 30_000, schema: 1 }),
  scenario(scripts.renew, { lease: 'L', period: 60_000 }),
  scenario(scripts.close, { lease: 'L' }, [{ call: 'L:claim' }]),
  scenario(scripts.claim, {
    call: 'L:claim',
    number: 2,
    schema: 1,
    lease: 'L',
    want: 8,
    allowance: 0,
    alone: 1,
    begun: '',
  }),
  scenario(scripts.collect, { most: 8, have: 0 }),
  scenario(scripts.peek, {}),
  scenario(scripts.reread, { token: 'L:9' }, each('a2', 'a3', 'a1')),
  scenario(scripts.release, { limit: 256 }, [
    { parent: 'p1', word: '', after: '', acks: '', kept: 0 },
    { parent: 'f1', word: 'failed', after: edges.k2, acks: edges.k2, kept: 0 },
    { parent: 'zz', word: '', after: '', acks: '', kept: 0 },
  ]),
  scenario(scripts.untold, { limit: 64 }),
  scenario(scripts.arrive, {}, [
    { edge: edges.k1, word: 'completed', text: '{"returnvalue":1}' },
    { edge: edge('k2', 'f1', 'wait', 'older'), word: 'completed', text: '' },
  ]),
  scenario(scripts.doom, {}, [
    { edge: edges.k1, word: 'failed', text: '{"failedReason":"y"}', failure },
    { edge: edges.k2, word: 'cancel', text: '', failure },
    { edge: edge('zz', 'f1'), word: 'failed', text: '', failure },
  ]),
  scenario(scripts.recheck, { limit: 100 }),
  scenario(scripts.parents, { id: 'k2' }),
  scenario(scripts.dependents, { parent: 'a1', after: '', limit: 100 }),
  scenario(scripts.complete, { age: '' }, [
    { ...a1, outcome: '{"returnvalue":2}' },
    { ...a2, outcome: '' },
    { ...a3, outcome: '1' },
  ]),
  scenario(scripts.fail, { age: '60000' }, [
    { ...a1, attempts: 2, failure },
    { ...a2, attempts: 1, failure },
    { ...a3, attempts: 1, failure },
  ]),
  scenario(scripts.stop, { age: '0' }, [a1, a2, a3]),
  scenario(scripts.retry, {}, [
    { ...a1, attempts: 2, delay: 20_000, failure },
    { ...a2, attempts: 1, delay: 0, failure },
    { ...a3, attempts: 1, delay: 0, failure },
  ]),
  scenario(scripts.delay, {}, [
    { ...a1, delay: 20_000 },
    { ...a2, delay: 0 },
    { ...a3, delay: 0 },
  ]),
  scenario(scripts.handback, {}, [
    { ...a1, ran: 1 },
    { ...a2, ran: 0 },
    { ...a3, ran: 0 },
  ]),
  scenario(scripts.promote, { limit: 100, timer: '' }),
  scenario(scripts.lapse, { latest: Number.MAX_SAFE_INTEGER }),
  scenario(scripts.reclaim, { cursor: '0', losses: 2 }),
  scenario(scripts.sweep, { period: 5_000, gap: 10_000, outage: 0 }),
  scenario(scripts.expire, { limit: 256, failure }),
  scenario(scripts.evict, { limit: 256, completed: 0, failed: 0 }),
  scenario(scripts.report, {
    ...numbered,
    call: 'L:report',
    lease: 'L',
    former: 'E',
    row: '{"pid":9}',
    // The minute may be another one when it runs again.
    counts: '',
  }),
  scenario(scripts.minutes, { first: '', most: 60 }),
  scenario(scripts.workers, { cursor: '0' }),
  scenario(scripts.tidy, { age: 3_600_000 }),
  scenario(
    scripts.remove,
    { ...numbered, state: '' },
    each('w1', 'w3', 'w4', 's1', 'd1', 'd3', 'k2', 'a1', 'a3', 'c1', 'c2', 'f1', 'p2', 'x1', 'zz'),
  ),
  scenario(
    scripts.cancel,
    { ...numbered, word: 'cancel', failure },
    each('w1', 'w3', 'w4', 's1', 'd1', 'd3', 'k2', 'a1', 'a3', 'c1', 'c2', 'f1', 'p2', 'x1', 'zz'),
  ),
  scenario(scripts.requeue, { ...numbered, state: '' }, [
    ...each('c1', 'f1', 'x1', 'w1', 'k1', 'zz').map(({ id }) => ({ id, ...orphan })),
    { id: 'p3', stamp: 'p3', edges: edge('p3', 'a1'), outcomes: 'q\tc1\tcompleted\t1\n' },
  ]),
  scenario(scripts.watch, {}, each('w1', 'c1', 'p2', 'zz')),
  scenario(scripts.pause, numbered),
  scenario(scripts.survey, {}),
  scenario(scripts.browse, { place: 1, kind: 'hash', cursor: '0', whole: 1 }),
  scenario(scripts.examine, {}, [
    { id: 'w1', lease: '' },
    { id: 'a3', lease: 'L' },
  ]),
  scenario(scripts.muster, {}, [{ lease: 'L' }]),
  scenario(scripts.reckon, {}),
  scenario(scripts.paused, {}),
  scenario(scripts.resume, numbered),
  scenario(scripts.drain, { ...numbered, limit: 100, delayed: 1 }),
  scenario(scripts.stamp, {}),
  scenario(scripts.obliterate, { ...numbered, stamp: '5', force: 1 }),
  scenario(scripts.inspect, {}, each('w1', 'zz')),
  scenario(scripts.count, {}),
  scenario(scripts.exists, {}, each('w1', 'f1', 'zz')),
  scenario(scripts.list, { state: 'waiting', start: 0, stop: 9, order: 'newest', age: '' }),
  scenario(scripts.scan, { state: 'waiting', cursor: '0', count: 9 }),
  scenario(scripts.position, { id: 'w2', at: 0, limit: 9 }),
  scenario(scripts.oldest, { start: 0 }),
  scenario(scripts.progress, numbered, [
    { ...a1, value: '60' },
    { ...a3, value: '"soon"' },
    { ...a2, token: 'L:8', value: '1' },
    { id: 'w1', token: '', value: '{"step":1}' },
    { id: 'zz', token: '', value: '1' },
  ]),
  scenario(scripts.log, numbered, [
    { ...a1, line: '"more"', keep: 1_000 },
    { ...a1, line: '"and more"', keep: 2 },
    { id: 'c1', token: '', line: '"late"', keep: 1_000 },
    { id: 'a2', token: '', line: '"refused"', keep: 1_000 },
  ]),
  scenario(scripts.logs, { id: 'a1' }),
  scenario(scripts.rewrite, numbered, [
    { ...a1, head: '', stamp: '', record: '["a1",2]', meta: '' },
    { ...a1, head: '', stamp: '', record: '', meta: '{"by":"you"}' },
    { ...a3, head: '', stamp: '', record: `["a3","${'x'.repeat(1_100)}"]`, meta: '' },
    { id: 'b1', token: '', head: '', stamp: '', record: '["b1",2]', meta: '' },
  ]),
  scenario(scripts.register, { name: 'q' }),
  scenario(scripts.unregister, { name: 'q' }),
  scenario(scripts.queues, { after: '', limit: 9 }),
  scenario(scripts.listen, { lifetime: 60_000 }),
  scenario(scripts.keep, { length: 0, lifetime: 60_000 }),
  scenario(scripts.replay, { after: '0', limit: 100 }),
];
