// What claims jobs, and keeps the lease under which they are held.
import { active, lease, numbered, path, rows, scores, token, waiting, together } from './path.mjs';

const claiming = (ids, number) => ({
  ...numbered(ids, number),
  schema: 1,
  lease,
  want: ids.length,
  allowance: 0,
  alone: 1,
});
const claimed = ({ word, jobs }, ids) => word === 'claimed' && jobs.length === ids.length;

/** An entry somewhere behind the jobs that stands for a job which has gone. */
const voidBehind = () => [
  ['rpush', 'waiting', ...Array.from({ length: 1_000 }, (_, i) => `more${i}`), 'gone'],
  ['hset', 'tombstones', 'gone', 1],
];

export const claimingPaths = [
  path('claim', 'claim', { before: waiting, args: claiming, meets: claimed, core: true }),
  path('claim, nothing waits', 'claim', {
    before: () => [['unlink', 'waiting']],
    args: claiming,
    meets: ({ word }) => word === 'empty',
  }),
  path('claim, a void entry far behind', 'claim', {
    before: together(waiting, voidBehind),
    args: claiming,
    meets: claimed,
  }),
  path('claim, jobs with a ttl', 'claim', {
    before: together(waiting, (ids, now) => [
      ['zadd', 'expiring', ...scores(ids, now + 60_000)],
      ['hset', 'traits', ...rows(ids, '{"ttl":60000}')],
    ]),
    args: claiming,
    meets: claimed,
  }),
  path('claim, suspects', 'claim', {
    before: together(
      (ids) => waiting(ids).slice(0, 1),
      (ids, now) => [
        ['zadd', 'suspects', ...scores(ids, now - 60_000)],
        ['hset', 'stalls', ...rows(ids, 1)],
      ],
    ),
    args: (ids, number) => ({ ...claiming(ids, number), allowance: ids.length }),
    meets: claimed,
  }),
  path('reread', 'reread', {
    before: active,
    args: () => ({ token }),
    each: (id) => ({ id }),
    meets: (reply, ids) => reply.length === ids.length && reply.every((job) => job.record),
  }),
  path('renew', 'renew', {
    before: active,
    args: () => ({ lease, period: 60_000 }),
    meets: ({ word }) => word === 'alive',
  }),
];
