import { expect, test } from 'vitest';
import { examine, type JobFacts } from '../../src/scripts.js';
import { edge, expected, open, type State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  meta: { schema: 1, token: 9 },
  jobs: { w: '["w"]', d: '["d"]', a: '["é"]', c: '["c"]', e: '' },
  waiting: ['w', 'x'],
  tombstones: { x: 1 },
  deferred: { d: 5_000 },
  awaiting: open(edge('d', 'a'), edge('d', 'c')),
  dependents: { [`a\t${edge('d', 'a')}`]: 0, [`a\t${edge('r/k', 'a')}`]: 0 },
  active: { a: 'L:9!cancel', b: 'M:8' },
  leases: { L: 7_000 },
  held: { L: 1, M: 1 },
  stopping: { 'L\ta': 0, 'K\tw': 0 },
  completed: { c: 4_000 },
  evicting: { c: 6_000 },
  expiring: { w: 0 },
  releasing: { c: 'completed' },
  watched: { a: 'parent' },
  traits: { w: '{"ttl":1}' },
  attempts: { b: 1 },
  logs: { b: '"x"\n' },
};

const none: Partial<JobFacts> = {
  strays: [],
  token: undefined,
  deadline: undefined,
  stopping: false,
  awaits: false,
  dependents: 0,
  watched: undefined,
  releasing: undefined,
  tombstones: undefined,
  newest: '9',
};

test.each<[id: string, lease: string, facts: Partial<JobFacts>]>([
  ['w', '', { ...none, bytes: 5, traits: '{"ttl":1}' }],
  ['w', 'K', { ...none, bytes: 5, stopping: true }],
  ['d', '', { ...none, bytes: 5, awaits: true }],
  ['a', '', { bytes: 6, token: 'L:9!cancel', deadline: 7_000, stopping: true, dependents: 2 }],
  ['a', 'K', { token: 'L:9!cancel', stopping: false, watched: 'parent' }],
  ['b', '', { bytes: undefined, token: 'M:8', deadline: undefined, strays: ['attempts', 'logs'] }],
  ['c', '', { ...none, bytes: 5, releasing: 'completed' }],
  ['e', '', { ...none, bytes: 0 }],
  ['x', '', { ...none, bytes: undefined, tombstones: '1' }],
])('job %s, with the lease %j', async (id, lease, facts) => {
  const queue = await server.queue(before);
  const [found] = await queue.run(examine, {}, [{ id, lease }]);
  expect(found).toMatchObject(facts);
  expect(Math.abs((found?.now ?? 0) - queue.now)).toBeLessThan(5_000);
  expect(await queue.state()).toEqual(expected(before));
});

test('many jobs are told beside each other, with their scores', async () => {
  const queue = await server.queue(before);
  const items = ['c', 'd', 'w', 'x'].map((id) => ({ id, lease: '' }));
  const facts = await queue.run(examine, {}, items);
  const scores = facts.map((job) =>
    Object.fromEntries(Object.entries(job.scores).filter(([, score]) => score !== undefined)),
  );
  expect(scores).toEqual([
    { completed: 4_000, evicting: 6_000 },
    { deferred: 5_000 },
    { expiring: 0 },
    {},
  ]);
});
