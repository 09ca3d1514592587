// What stands around the figures: where and how they were taken, how to take them again.
import { titleOf } from './names.mjs';
import { duration } from './numbers.mjs';

const titles = { date: 'UTC', node: 'Node', cpu: 'CPU' };

/**
 * The environment as pairs of name and value.
 *
 * @param {Record<string, unknown>} environment
 * @returns {[string, string][]}
 */
export function environmentPairs({ isPrivate, server, ...rest }) {
  const pairs = Object.entries(rest).map(([key, value]) => [
    titles[key] ?? titleOf(key),
    String(value),
  ]);
  return [...pairs, ['server', `${String(server)}${isPrivate === false ? ', a given one' : ''}`]];
}

/** What is not among the figures, and why, a line each. @param {import('../results.mjs').Results} results */
export function gaps({ leftOut = [], failures = [] }) {
  const failed = failures.map(
    ({ library, point, reason }) => `FAILED: ${titleOf(library)}, ${point}: ${reason}`,
  );
  return [...leftOut.map((line) => `left out: ${line}`), ...failed];
}

/** @param {import('../results.mjs').Results} results */
export function method({ rounds, quick, seconds }) {
  const times = rounds === 1 ? 'One round' : `${rounds} rounds, fewer for some questions`;
  const less = quick ? ' and with fewer jobs (`--quick`)' : '';
  return (
    `${times}${less}, in each of which the libraries took turns, in ${duration(seconds)}. Figures are the median of the rounds, with the lowest and ` +
    "the highest behind the first. A ratio is Lunaq's figure divided by the other's of the same round. Each sample ran in a process of " +
    'its own and proved that every job was seen exactly once; a library that failed in that has no figure there. CPU is that of all threads of the server, or of the ' +
    'process. Commands include those inside scripts and the script calls themselves. The floor moves the same data by variadic ' +
    'commands, 100 jobs a call, with no script and no guard.'
  );
}

export const repeat =
  'To repeat: `npm run bench`, or `npm run bench -- --quick` for less. Nothing has to be installed before but Node 20: it starts the ' +
  'servers, and says what it could not get and left out.';
