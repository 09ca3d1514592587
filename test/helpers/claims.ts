// What the tests of claim have in common: a lease, three waiting jobs, and how a claim tells them.
import type { ClaimReply } from '../../src/scripts.js';
import type { State } from './keyspace.js';

export const args = {
  call: 'L:claim',
  number: 7,
  schema: 1,
  lease: 'L',
  want: 8,
  allowance: 1,
  alone: 1 as const,
  begun: '',
};
/** Jobs a, b and c wait; the lease L lives. */
export const before: State = {
  meta: { schema: 1, token: 9 },
  leases: { L: 'now+30000' },
  jobs: { a: '["a"]', b: '["b"]', c: '["c"]' },
  waiting: ['a', 'b', 'c'],
};

/** A job as claim tells it, its record read. */
export const row = (id: string, attempts = 0, losses = 0, ends?: number) => ({
  id,
  record: `["${id}"]`,
  attempts,
  losses,
  suspect: losses > 0,
  ends,
});
/** The ids claimed; none for another answer. */
export const ids = (reply: ClaimReply) => ('jobs' in reply ? reply.jobs.map(({ id }) => id) : []);
