// Whether each job that was acknowledged ran exactly once.
import { Bits } from './bits.mjs';

/**
 * @typedef {object} Verdict
 * @property {number} ran different jobs that a handler was given
 * @property {number} lost acknowledged, but given to no handler and not waiting either
 * @property {number} repeated handler runs beyond the first of a job
 * @property {number} unasked given to a handler although their add was refused
 * @property {number} unconfirmed given to a handler, but no worker was told that their result was accepted
 */

/**
 * @param {number} jobs indexes are below
 * @param {readonly { acknowledged: Uint8Array, unknown: readonly number[] }[]} producers
 * @param {readonly { seen: Uint8Array, confirmed: Uint8Array }[]} workers
 * @param {{ runs: number, left: number }} counted handler runs, and jobs that were still waiting when all had stopped
 * @returns {Verdict}
 */
export function judge(jobs, producers, workers, { runs, left }) {
  const acknowledged = new Bits(jobs);
  const unknown = new Bits(jobs);
  const seen = new Bits(jobs);
  const confirmed = new Bits(jobs);
  for (const producer of producers) {
    acknowledged.merge(producer.acknowledged);
    for (const index of producer.unknown) unknown.add(index);
  }
  for (const worker of workers) {
    seen.merge(worker.seen);
    confirmed.merge(worker.confirmed);
  }
  const ran = seen.count();
  return {
    ran,
    lost: Math.max(0, acknowledged.countWithout(seen) - left),
    repeated: runs - ran,
    unasked: seen.countWithout(acknowledged, unknown),
    unconfirmed: seen.countWithout(confirmed),
  };
}
