// Binding names to the list that EVALSHA wants, beside the same list written by hand.
import { queueKeys } from '../../dist/keys.js';
import { callOf } from '../../dist/script.js';
import { complete } from '../../dist/scripts.js';
import { repeated } from './run-cases.mjs';

const sizes = [1, 100];
const repeats = 50;
const age = '0';

/** @returns {import('./run-cases.mjs').Group} */
export function catalogue() {
  const keys = queueKeys('bench');
  const { argv } = callOf(complete, keys, { age });
  const resolved = argv.slice(1, 1 + argv[0]);
  const byHand = (items) => {
    const list = [resolved.length, ...resolved, age];
    for (const { id, token, outcome } of items) list.push(id, token, outcome);
    return list;
  };
  const cases = sizes.flatMap((jobs) => {
    const items = Array.from({ length: jobs }, (_, at) => ({
      id: `job${at}`,
      token: 'lease:1700000000000000',
      outcome: '',
    }));
    const title = `complete of ${jobs} ${jobs === 1 ? 'job' : 'jobs'}`;
    return [
      {
        id: `by-hand-${jobs}`,
        title: `${title}, by hand`,
        jobs,
        ...repeated(repeats, () => byHand(items)),
      },
      {
        id: `call-of-${jobs}`,
        title: `${title}, callOf`,
        jobs,
        beside: `by-hand-${jobs}`,
        ...repeated(repeats, () => callOf(complete, keys, { age }, items)),
      },
    ];
  });
  return { title: 'catalogue', unit: 'ns', cases };
}
