// How replies are read, and arguments that many scripts share.
import { as, type CallRow, type JobId, type Token } from '../script.js';

export const numbered = { call: as<CallRow>(), number: as<number>() };
export const claimed = { id: as<JobId>(), token: as<Token>() };

/** Reply of a script that answers one word. */
export function word<W extends string>(reply: unknown): W {
  return reply as W;
}

/** Reply of a script that answers a word for each element, or one for the whole call. */
export function words<W extends string, Whole extends string = never>(
  reply: unknown,
): readonly W[] | Whole {
  const text = reply as string;
  return text === 'stale' || text === 'outdated' ? (text as Whole) : (text.split(' ') as W[]);
}
