// Which jobs a reader asks for: states by our words or BullMQ's, and positions.
import { knownOptions, shown, wholeNumber, yesOrNo } from './checks.js';
import { states, type JobState } from './scripts.js';

/** BullMQ's words for states that have another name here. */
const aliases = { wait: 'waiting', 'waiting-children': 'deferred' } as const;
const words = [...states, ...Object.keys(aliases)];

/** A state, or BullMQ's word for it: `wait` for waiting, `waiting-children` for deferred. */
export type StateWord = JobState | keyof typeof aliases;

/** Positions of jobs in one state, both ends included. */
export interface JobRange {
  /** Default 0. */
  start?: number;
  /** -1 for all, 1,000 a call. Default: `start` + 99, so 100 jobs. */
  end?: number;
  /** Whether position 0 is the oldest job, or the one that runs first; else it is the newest. Default false. */
  asc?: boolean;
}

/** The state that a word means. Throws TypeError. */
export function stateNamed(word: unknown): JobState {
  if (typeof word !== 'string' || !words.includes(word))
    throw new TypeError(`state: expected one of ${words.join(', ')}, got ${shown(word)}`);
  return Object.hasOwn(aliases, word) ? aliases[word as keyof typeof aliases] : (word as JobState);
}

/** The states that are meant, each once; all when none is given. Throws TypeError. */
export function statesNamed(given: unknown): readonly JobState[] {
  if (given === undefined) return states;
  const list: unknown[] = Array.isArray(given) ? given : [given];
  return list.length === 0 ? states : [...new Set(list.map(stateNamed))];
}

/** A range with its defaults, from an object or from positions as BullMQ has them. Throws TypeError, RangeError. */
export function rangeOf(
  given?: JobRange | number,
  endGiven?: number,
  ascGiven?: boolean,
): Required<JobRange> {
  if (given === null || (given !== undefined && !['number', 'object'].includes(typeof given)))
    throw new TypeError(`start: expected a number or { start, end, asc }, got ${shown(given)}`);
  const range = typeof given === 'object' ? given : { start: given, end: endGiven, asc: ascGiven };
  knownOptions(range, ['start', 'end', 'asc']);
  const start = wholeNumber('start', range.start ?? 0, 0);
  const end = range.end ?? start + 99;
  if (end !== -1) wholeNumber('end', end, start);
  return { start, end, asc: yesOrNo('asc', range.asc ?? false) };
}
