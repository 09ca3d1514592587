// Names of queues: the one key that is no queue's own.
import { as, declareScript } from '../script.js';
import { word } from './reply.js';

export const register = declareScript('register', {
  keys: ['queues'],
  args: { name: as<string>() },
  each: {},
  parse: word<'new' | 'known'>,
});

export const unregister = declareScript('unregister', {
  keys: ['queues'],
  args: { name: as<string>() },
  each: {},
  parse: word<'gone' | 'unknown'>,
});

export const queues = declareScript('queues', {
  keys: ['queues'],
  args: { after: as<string>(), limit: as<number>() },
  each: {},
  parse: (reply) => reply as string[],
});
