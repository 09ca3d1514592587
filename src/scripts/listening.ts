// Who listens to what scripts publish, and the stream that keeps it for those who don't.
import { as, declareScript } from '../script.js';
import { word } from './reply.js';

export const listen = declareScript('listen', {
  keys: ['audience'],
  args: { lifetime: as<number>() },
  each: {},
  parse: word<'kept' | 'fresh'>,
});

export const keep = declareScript('keep', {
  keys: ['audience', 'stream'],
  args: { length: as<number>(), lifetime: as<number>() },
  each: {},
  parse: word<'done'>,
});

/** Where one stands in the stream: the position of a message; 0 ahead of all that there are, $ behind them. */
export type Position = string;

export const replay = declareScript('replay', {
  keys: ['audience', 'stream'],
  args: { after: as<Position>(), limit: as<number>() },
  each: {},
  parse: (reply) => {
    const [found, position = '', flat = []] = reply as [
      'none' | 'page' | 'missed',
      string?,
      string[]?,
    ];
    const messages = Array.from({ length: flat.length / 2 }, (_, i) => ({
      position: flat[2 * i] as Position,
      text: flat[2 * i + 1] as string,
    }));
    return { found, position, messages };
  },
});
