// A queue that has a bit of everything and in which all is well, for those who look for what is not.
import { edge, open, type State } from './keyspace.js';

const of = (parent: string, text: string) => `${parent}\t${text}`;

/** A queue with a bit of everything, whose worker lives and of which nothing is due. */
export const healthy: State = {
  meta: { schema: 1, token: 9 },
  jobs: Object.fromEntries('a b c d e f g h i j k l m'.split(' ').map((id) => [id, '["n",1,2]'])),
  waiting: ['gone', 'a', 'b', 'a', 'f', 'm'],
  tombstones: { gone: 1, a: 1, f: 1 },
  suspects: { f: 'now' },
  delayed: { c: 'now+60000' },
  deferred: { h: 'now+600000', i: 'now-10000' },
  awaiting: open(edge('h', 'd'), edge('h', 'r/d', 'run'), edge('i', 'g', 'wait')),
  dependents: {
    [of('d', edge('h', 'd'))]: 0,
    [of('g', edge('i', 'g', 'wait'))]: 0,
    [of('e', edge('r/gone', 'e'))]: 0,
  },
  watched: { d: 'parent', e: 'parent', g: 'parent', a: 'awaited' },
  outcomes: { h: 'q\te\tcompleted\t1\nr\te\tfailed\t\n' },
  active: { d: 'L:9', j: 'L:8!cancelled', k: 'K:7!release' },
  stopping: { 'L\tj': 0, 'K\tk': 0 },
  leases: { L: 'now+30000', K: 'now+30000' },
  held: { L: 2, K: 1 },
  attempts: { c: 2, d: 1 },
  stalls: { f: 0 },
  traits: { a: '{"lifo":true}', d: '{"ends":now+60000}', f: '{"ends":now+60000}' },
  completed: { e: 'now' },
  failed: { g: 'now' },
  cancelled: { l: 'now' },
  evicting: { e: 'now+60000', l: 'now-10000' },
  // The suspect f may not have started.
  expiring: { b: 'now-10000', c: 'now+60000', f: 'now+60000', h: 'now+60000' },
  results: { e: '{}' },
  failures: { g: '{}\n{}\n' },
  calls: { 'L:claim': '3 now claimed\nL:9\nd', 'p:enqueue': '1 now added' },
  wake: ['1'],
};
