// Maintenance. `reclaim` is not here: it goes through a hash by HSCAN, which gives more or fewer rows a step depending on the
// server's random seed.
import { failure, inSet, path, rows, scores, waiting, together } from './path.mjs';

const limit = (ids) => ({ limit: ids.length });

export const sweepingPaths = [
  path('promote', 'promote', {
    before: inSet('delayed', -60_000),
    args: (ids) => ({ ...limit(ids), timer: 'timer' }),
    meets: ({ moved }, ids) => moved === ids.length,
    core: true,
  }),
  path('evict', 'evict', {
    before: together(inSet('completed', -60_000), (ids, now) => [
      ['zadd', 'evicting', ...scores(ids, now - 30_000)],
      ['hset', 'results', ...rows(ids, '{"returnvalue":1}')],
    ]),
    args: (ids) => ({ ...limit(ids), completed: '', failed: '' }),
    meets: ({ gone }, ids) => gone === ids.length,
  }),
  path('evict, by a count', 'evict', {
    before: together(inSet('completed', -90_000), () => [['hset', 'meta', 'keep completed', '0']]),
    args: (ids) => ({ ...limit(ids), completed: 0, failed: '' }),
    meets: ({ gone }, ids) => gone === ids.length,
  }),
  path('expire', 'expire', {
    before: together(waiting, (ids, now) => [
      ['zadd', 'expiring', ...scores(ids, now - 30_000)],
      ['hset', 'traits', ...rows(ids, '{"ttl":1}')],
    ]),
    args: (ids) => ({ ...limit(ids), failure }),
    meets: ({ expired }, ids) => expired.length === ids.length,
  }),
  path('sweep', 'sweep', {
    before: (ids, now) => [['hset', 'meta', 'swept', now - 60_000]],
    args: () => ({ period: 5_000, gap: 10_000, outage: 0 }),
    meets: ({ word }) => word === 'due',
  }),
];
