// Ids of jobs.
import { randomUUID } from 'node:crypto';
import { IdMaker, randomText } from '../../dist/caller.js';
import { repeated } from './run-cases.mjs';

const repeats = 200;

/** @returns {import('./run-cases.mjs').Group} */
export function ids() {
  const maker = new IdMaker();
  const cases = [
    { id: 'uuid', title: 'crypto.randomUUID', ...repeated(repeats, () => randomUUID()) },
    {
      id: 'random-text',
      title: '12 random characters',
      beside: 'uuid',
      ...repeated(repeats, () => randomText(12)),
    },
    {
      id: 'id-maker',
      title: 'IdMaker: prefix and count',
      beside: 'uuid',
      ...repeated(repeats, () => maker.next()),
    },
  ];
  return { title: 'id making', unit: 'ns', cases };
}
