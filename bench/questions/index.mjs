// The questions, in the order of the report.
import { UsageError } from '../usage.mjs';
import backlog from './backlog.mjs';
import dependencies from './dependencies.mjs';
import idle from './idle.mjs';
import kept from './kept.mjs';
import latency from './latency.mjs';
import memory from './memory.mjs';
import payload from './payload.mjs';
import persistence from './persistence.mjs';
import queues from './queues.mjs';
import servers from './servers.mjs';
import states from './states.mjs';
import throughput from './throughput.mjs';
import { workers, workersSharing } from './workers.mjs';

/**
 * @typedef {object} Question
 * @property {string} id
 * @property {string} title
 * @property {string} ask
 * @property {{ title: string, scale?: 'log' }} [axis] absent: categories, by label
 * @property {number} [rounds] absent: those of the run
 * @property {readonly import('../sample.mjs').Point[]} points
 * @property {readonly string[]} columns figures of the table
 * @property {readonly { figure: string, title: string }[]} charts
 * @property {string} limits Markdown: what limits these figures, what is a bad case
 */

/** @type {readonly Question[]} */
export const questions = [
  throughput,
  kept,
  payload,
  persistence,
  servers,
  memory,
  latency,
  backlog,
  states,
  workers,
  workersSharing,
  queues,
  dependencies,
  idle,
];

/**
 * The point of an id, or one written as JSON.
 *
 * @param {string} given
 * @returns {import('../sample.mjs').Point}
 */
export function pointOf(given) {
  if (given.startsWith('{')) return JSON.parse(given);
  const points = questions.flatMap((question) => question.points);
  const found = points.find(({ id }) => id === given);
  if (!found)
    throw new UsageError(`point: expected one of ${points.map(({ id }) => id).join(', ')}, got ${given}`); // prettier-ignore
  return found;
}
