// What parents and children tell each other.
import { all, edge, failure, inSet, path, stored, together } from './path.mjs';

const parent = 'the-parent-1';
/** A parent of its own for each call. */
const parentOf = (id) => `prnt${id.slice(4)}`;
const deferred = together(inSet('deferred', 300_000), (ids) => [
  ['zadd', 'awaiting', ...ids.flatMap((id) => [0, `${id}\t${edge(id, parent)}`])],
]);
const accepted = all('accepted');

export const familyPaths = [
  path('release, a parent with n children', 'release', {
    before: (ids) => [
      ...stored([parentOf(ids[0])]),
      ['hset', 'releasing', parentOf(ids[0]), 'completed'],
      [
        'zadd',
        'dependents',
        ...ids.flatMap((id) => [0, `${parentOf(ids[0])}\t${edge(id, parentOf(ids[0]))}`]),
      ],
    ],
    args: () => ({ limit: 256 }),
    each: (id, index) =>
      index === 0 ? { parent: parentOf(id), word: '', after: '', acks: '' } : undefined,
    meets: ([{ edges }], ids) => edges.length === ids.length,
  }),
  path('arrive, the last parent', 'arrive', {
    before: deferred,
    each: (id) => ({ edge: edge(id, parent), word: 'completed', text: '{"returnvalue":1}' }),
    meets: accepted,
  }),
  path('doom', 'doom', {
    before: deferred,
    each: (id) => ({ edge: edge(id, parent), word: 'failed', text: '', failure }),
    meets: accepted,
  }),
  path('recheck', 'recheck', {
    before: together(deferred, inSet('deferred', -10_000)),
    args: (ids) => ({ limit: ids.length }),
    meets: (edges, ids) => edges.length === ids.length,
  }),
];
