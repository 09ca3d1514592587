// What brings jobs into a queue.
import { all, edge, numbered, path, record, stored } from './path.mjs';

const adding = (ids, number) => ({ ...numbered(ids, number), schema: 1 });
const job = (id) => ({ id, record, traits: '' });
const child = (id) => ({
  ...job(id),
  traits: '{"child":true}',
  edges: edge(id, 'the-parent-1'),
  outcomes: '',
  failure: '',
});

export const addingPaths = [
  path('enqueue', 'enqueue', { args: adding, each: job, meets: all('added'), core: true }),
  path('enqueue, with a bound of length', 'enqueue', {
    args: (ids, number) => ({ ...adding(ids, number), most: 1_000_000 }),
    each: job,
    meets: all('added'),
  }),
  path('enqueue, ids that exist', 'enqueue', {
    before: (ids) => stored(ids),
    args: adding,
    each: job,
    meets: all('duplicate'),
  }),
  path('enqueue, with a ttl', 'enqueue', {
    args: adding,
    each: (id) => ({ ...job(id), traits: '{"ttl":60000}' }),
    meets: all('added'),
  }),
  path('schedule', 'schedule', {
    args: adding,
    each: (id, index) => ({ ...job(id), delay: 7_200_000 + index }),
    meets: all('added'),
    core: true,
  }),
  path('defer, a parent each', 'defer', { args: adding, each: child, meets: all('added') }),
  path('depend', 'depend', {
    before: (ids) => stored(ids),
    each: (id) => ({ parent: id, edge: edge('the-child-01', id) }),
    meets: (reply, ids) => reply.filter(({ word }) => word === 'pending').length === ids.length,
  }),
];
