// One call of every script of the catalogue that does all it can do, on a queue that has a bit of everything.
import * as scripts from '../../src/scripts.js';
import type { Call, Script, ScriptName } from '../../src/script.js';
import type { State } from './keyspace.js';
import type { Bench, Plain } from './scripts.js';

/** A queue with jobs in every state, a dead lease with jobs, an expired one without, and no marker. */
export const bitOfEverything: State = {
  meta: { schema: 1, token: 9 },
  jobs: Object.fromEntries(
    ['w1', 'w2', 's1', 'd1', 'd2', 'a1', 'a2', 'b1', 'b2', 'c1', 'f1'].map((id) => [
      id,
      `["${id}"]`,
    ]),
  ),
  waiting: ['x', 'w1', 'w2'],
  tombstones: { x: 1 },
  suspects: { s1: 'now-60000' },
  delayed: { d1: 'now-60000', d2: 'now+60000' },
  active: { a1: 'L:8', a2: 'L:9', b1: 'D:5', b2: 'D:6' },
  held: { L: 2, D: 2 },
  leases: { L: 'now+30000', E: 'now-10000', D: 0 },
  completed: { c1: 'now-20000' },
  failed: { f1: 'now-10000' },
  attempts: { f1: 1, a1: 1 },
  stalls: { s1: 1, b2: 2 },
  results: { c1: '{"returnvalue":1}', f1: '{"failedReason":"x"}', a1: '{"failedReason":"y"}' },
  traits: { w2: '{"lifo":true}', a2: '{"lifo":true}' },
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
const failure = '{"failedReason":"z"}';

/** In the order of the catalogue. */
export const scenarios: readonly Scenario[] = [
  scenario(scripts.open, { lease: 'N', period: 30_000, schema: 1 }),
  scenario(scripts.renew, { lease: 'L', period: 60_000 }),
  scenario(scripts.close, { lease: 'L' }, [{ call: 'L:claim' }]),
  scenario(scripts.enqueue, { ...numbered, schema: 1 }, [
    { id: 'n1', record: '["n1"]', traits: '' },
    { id: 'w1', record: '["w1"]', traits: '' },
    { id: 'n2', record: '["n2"]', traits: '{"lifo":true}' },
  ]),
  scenario(scripts.schedule, { ...numbered, schema: 1 }, [
    { id: 'n1', record: '["n1"]', traits: '', delay: 10_000 },
    { id: 'd1', record: '["d1"]', traits: '', delay: 10_000 },
    { id: 'n2', record: '["n2"]', traits: '{"lifo":true}', delay: 0 },
  ]),
  scenario(scripts.claim, {
    call: 'L:claim',
    number: 2,
    schema: 1,
    lease: 'L',
    want: 8,
    allowance: 0,
    alone: 1,
  }),
  scenario(scripts.reread, { token: 'L:9' }, [{ id: 'a2' }, { id: 'a1' }]),
  scenario(scripts.complete, {}, [
    { ...a1, outcome: '{"returnvalue":2}' },
    { ...a2, outcome: '' },
  ]),
  scenario(scripts.fail, {}, [
    { ...a1, attempts: 2, failure },
    { ...a2, attempts: 1, failure: '' },
  ]),
  scenario(scripts.retry, {}, [
    { ...a1, attempts: 2, delay: 20_000, failure },
    { ...a2, attempts: 1, delay: 0, failure },
  ]),
  scenario(scripts.handback, {}, [a1, a2]),
  scenario(scripts.promote, { limit: 100 }),
  scenario(scripts.lapse, { expire: 1 }),
  scenario(scripts.reclaim, { cursor: '0', losses: 2 }),
  scenario(scripts.sweep, { period: 5_000 }),
  scenario(scripts.tidy, { cursor: '0', age: 3_600_000 }),
  scenario(
    scripts.remove,
    numbered,
    ['w1', 's1', 'd1', 'a1', 'c1', 'f1', 'zz'].map((id) => ({ id })),
  ),
  scenario(
    scripts.requeue,
    numbered,
    ['c1', 'f1', 'w1', 'zz'].map((id) => ({ id })),
  ),
  scenario(scripts.pause, {}),
  scenario(scripts.resume, {}),
  scenario(scripts.drain, { limit: 100, delayed: 1 }),
  scenario(scripts.inspect, {}, [{ id: 'w1' }, { id: 'zz' }]),
  scenario(scripts.obliterate, { force: 1 }),
  scenario(scripts.count, {}),
  scenario(scripts.list, { state: 'waiting', start: 0, stop: 9 }),
];
