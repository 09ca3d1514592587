// What only looks. `scan`, `browse` and `workers` are not here: they go through hashes by HSCAN, as some scripts of sweeping.mjs do.
import { path, waiting } from './path.mjs';

export const lookingPaths = [
  path('exists', 'exists', {
    before: waiting,
    each: (id) => ({ id }),
    meets: (reply, ids) => reply.stored.length === ids.length && reply.stored.every(Boolean),
  }),
  path('inspect, waiting', 'inspect', {
    before: waiting,
    each: (id) => ({ id }),
    meets: (reply, ids) => reply.filter((job) => job?.state === 'waiting').length === ids.length,
    core: true,
  }),
  path('count', 'count', {
    before: waiting,
    meets: (counts, ids) => counts.waiting >= ids.length,
    core: true,
  }),
  path('list, waiting', 'list', {
    before: waiting,
    args: (ids) => ({ state: 'waiting', start: 0, stop: ids.length - 1, order: 'oldest', age: '' }),
    meets: (reply, ids) => reply.ids.length === ids.length,
  }),
  path('position, at the head', 'position', {
    before: waiting,
    args: ([id]) => ({ id, at: 0, limit: 1_000 }),
    meets: ({ word, number }) => word === 'found' && number === 0,
  }),
  path('oldest', 'oldest', {
    before: waiting,
    args: () => ({ start: 0 }),
    meets: ({ first }, [id]) => first.id === id,
  }),
];
