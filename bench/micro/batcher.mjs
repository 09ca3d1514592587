// The batcher of adds with a sender that answers at once, beside promises that the next turn of the event loop resolves: what no
// batcher that waits for others can do without.
import { Batcher } from '../../dist/batcher.js';

const many = 200;
const bytes = 100;
const limits = { elements: 256, bytes: 262_144, maxPending: 10_000, maxPendingBytes: 16_777_216 };

const send = async (items) => items;

function nextTurn(item) {
  return new Promise((resolve) => {
    setImmediate(() => resolve(item));
  });
}

/** @returns {import('./run-cases.mjs').Group} */
export function batcher() {
  const gathering = new Batcher([send, send], limits);
  const items = Array.from({ length: many }, (_, at) => at);
  const cases = [
    { id: 'promise-1', title: 'a promise', run: async () => await nextTurn(0) },
    {
      id: 'batcher-1',
      title: 'Batcher, a request',
      beside: 'promise-1',
      run: async () => await gathering.add(0, bytes),
    },
    {
      id: 'promise-200',
      title: '200 promises at once',
      jobs: many,
      run: async () => await Promise.all(items.map(nextTurn)),
    },
    {
      id: 'batcher-200',
      title: 'Batcher, 200 requests at once',
      jobs: many,
      beside: 'promise-200',
      run: async () => await Promise.all(items.map((item) => gathering.add(item, bytes))),
    },
  ];
  return { title: 'auto-batcher', unit: 'µs', cases };
}
