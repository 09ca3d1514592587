// A path: one call of a script that takes n jobs from one state to the next, and the state it finds. Everything here is data for the
// groups that run it (../queue.mjs).

/**
 * @typedef {readonly [command: string, noun: string, ...values: (string | number)[]]} Write a command on the queue's key of that noun
 *
 * @typedef {object} Path
 * @property {string} name
 * @property {string} script
 * @property {boolean} core also run in a queue that uses everything, and in one that somebody listens to
 * @property {(ids: readonly string[], now: number) => readonly Write[]} before writes what the call finds
 * @property {(ids: readonly string[], number: number) => Record<string, string | number>} args
 * @property {(id: string, index: number) => Record<string, string | number> | undefined} each an element of the batch for each job
 * @property {(reply: any, ids: readonly string[]) => boolean} meets whether the reply says that all was done
 */

/** 48 characters, as the leases of workers. */
export const lease = 'L'.repeat(48);
export const token = `${lease}:1700000000000000`;
export const hour = 3_600_000;
export const failure = '{"failedReason":"the reason of this failure","at":1700000000000}';
export const outcome = '{"returnvalue":{"done":true}}';

const payload = JSON.stringify({ index: 10_000_000, pad: 'x'.repeat(36) });

/** The record of a job: with its id, the name and the time it is what an ordinary job of 63 bytes has. */
export const record = `["bench",${payload},1700000000000]`;

/** Rows of a hash: the same value for each id, or one by id. */
export function rows(ids, value) {
  return ids.flatMap((id) => [id, typeof value === 'function' ? value(id) : value]);
}

/** Members of a sorted set with one score. */
export function scores(ids, score) {
  return ids.flatMap((id) => [score, id]);
}

export const stored = (ids, state = []) => [['hset', 'jobs', ...rows(ids, record)], ...state];
export const waiting = (ids) => stored(ids, [['lpush', 'waiting', ...ids.toReversed()]]);
export const active = (ids) => stored(ids, [['hset', 'active', ...rows(ids, token)]]);
export const inSet = (noun, after) => (ids, now) =>
  stored(ids, [['zadd', noun, ...scores(ids, now + after)]]);
/** Several states, one on the other. */
export const together =
  (...parts) =>
  (ids, now) =>
    parts.flatMap((part) => part(ids, now));

/** One edge between a child and a parent of the same queue. */
export function edge(child, parent, policy = 'fail') {
  return ['gate', child, 'gate', parent, 'n1', policy].join('\t');
}

/** Every word of the reply is this one. */
export const all = (word) => (reply, ids) =>
  reply.length === ids.length && reply.every((each) => each === word);

/** @returns {Path} */
export function path(
  name,
  script,
  { before = () => [], args = () => ({}), each = () => undefined, meets, core = false },
) {
  return { name, script, before, args, each, meets, core };
}

/** Arguments of a call that is told apart by its number. */
export const numbered = (ids, number) => ({ call: 'gate:it', number });
