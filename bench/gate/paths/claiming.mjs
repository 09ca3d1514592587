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

/** An entry before each job that stands for a job which has gone. */
const voids = (ids) => {
  const gone = ids.map((id) => `gone${id.slice(4)}`);
  return [
    ['lpush', 'waiting', ...ids.flatMap((id, i) => [gone[i], id]).toReversed()],
    ['hset', 'tombstones', ...rows(gone, 1)],
  ];
};

export const claimingPaths = [
  path('claim', 'claim', { before: waiting, args: claiming, meets: claimed, core: true }),
  path('claim, nothing waits', 'claim', {
    before: () => [['unlink', 'waiting']],
    args: claiming,
    meets: ({ word }) => word === 'empty',
  }),
  path('claim, a void entry before each', 'claim', {
    before: (ids) => [...waiting(ids).slice(0, 1), ...voids(ids)],
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
