// What is asked of a queue as a whole.
import { declareScript } from '../script.js';

export const paused = declareScript('paused', {
  keys: ['meta'],
  args: {},
  each: {},
  parse: (reply) => (reply === '' ? undefined : Number(reply)),
});
