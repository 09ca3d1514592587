// What must hold of each lease.
import type { LeaseFacts } from '../scripts.js';
import { isCount, overdueAfter, some, type Check } from './check.js';

/** A lease among the others of its queue. */
export interface Tenure extends LeaseFacts {
  /** ms for which the live lease that ends last has been given: workers may need as long to renew after an outage. */
  readonly longest: number;
}

/** ms past its deadline after which a lease should have been declared dead. */
function patience({ longest }: Tenure): number {
  return Math.max(overdueAfter, 3 * longest);
}

export const leaseChecks: readonly Check<Tenure>[] = [
  {
    code: 'lease-malformed',
    severity: 'broken',
    message: (count) => `${some(count, 'lease', 'has')} a deadline that can't be.`,
    remedy: (key) => `Declare it dead: ZADD ${key('leases')} 0 <lease>.`,
    finds: ({ deadline }) =>
      deadline !== undefined && !(deadline >= 0) ? String(deadline) : undefined,
  },
  {
    code: 'held-without-lease',
    severity: 'broken',
    message: (count) => `${some(count, 'lease')} said to hold jobs without being there.`,
    remedy: (key) =>
      `Take the row out if no active job has such a token, HDEL ${key('held')} <lease>; else declare the lease dead: ZADD ${key('leases')} 0 <lease>.`,
    finds: ({ deadline, held }) =>
      held !== undefined && deadline === undefined ? held : undefined,
  },
  {
    code: 'held-miscounted',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'lease')} said to hold another number of jobs than are active under it.`,
    remedy: (key) =>
      `Count the tokens of the lease in ${key('active')} while its worker is stopped, and set HSET ${key('held')} <lease> <number>, or HDEL for none.`,
    finds: ({ deadline, held, jobs }) => {
      // Of a lease that is not there, that is told.
      if (deadline === undefined) return undefined;
      if (held !== undefined && !isCount(held)) return held;
      const difference = jobs === undefined ? 0 : Number(held ?? 0) - jobs;
      return difference === 0 ? undefined : String(difference);
    },
  },
  {
    code: 'lease-unreclaimed',
    severity: 'broken',
    heals: true,
    message: (count) => `${some(count, 'dead lease')} still holding jobs, sweep after sweep.`,
    remedy: () => `Look at the error events of the workers: their sweeps break off.`,
    finds: ({ deadline, held }) => (deadline === 0 && held !== undefined ? 'dead' : undefined),
  },
  {
    code: 'lease-overdue',
    severity: 'warning',
    heals: true,
    message: (count) =>
      `${some(count, 'lease')} long past the deadline without having been declared dead.`,
    remedy: () =>
      `Wait for one lease period, which sweepers give to workers after an outage or a jump of the server's clock; then look at the error events of the workers.`,
    finds: (lease) => {
      const { deadline, now } = lease;
      if (deadline === undefined || !(deadline > 0)) return undefined;
      return now - deadline > patience(lease) ? String(deadline) : undefined;
    },
  },
];
