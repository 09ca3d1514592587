// How replies are read, and arguments that many scripts share.
import { as, type CallRow, type JobId, type Token } from '../script.js';

export const numbered = { call: as<CallRow>(), number: as<number>() };
export const claimed = { id: as<JobId>(), token: as<Token>() };

/** A number that is kept as text; 0 for what is none. */
export function countOf(text: string | null | undefined): number {
  const count = Number(text ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** Reply of a script that answers one word. */
export function word<W extends string>(reply: unknown): W {
  return reply as W;
}

/** Reply of a script that answers a word for each of `count` elements, one for all of them, or one for the whole call. */
export function words<W extends string, Whole extends string = never>(
  reply: unknown,
  count: number,
): readonly W[] | Whole {
  const text = reply as string;
  if (text === 'stale' || text === 'outdated') return text as Whole;
  const each = text.split(' ') as W[];
  return each.length < count ? Array<W>(count).fill(each[0] as W) : each;
}
