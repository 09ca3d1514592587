// Reading the counters of a queue: per minute for two weeks, and of all time.
import { pointOfTime, wholeNumber } from '../checks.js';
import type { Connection } from '../connection.js';
import { executeOne } from '../execute.js';
import type { QueueKeys } from '../keys.js';
import { callOf } from '../script.js';
import * as scripts from '../scripts.js';
import { readCounters, type Counters } from './tally.js';

const msPerMinute = 60_000;
/** Minutes that are read when nobody says which. */
const hour = 60;
/** Most minutes of one call. */
const pageMinutes = 480;

/** What was counted in one minute of the server's clock. */
export interface MinuteCounters extends Counters {
  /** When the minute began (ms since 1970). */
  readonly time: number;
}

export interface QueueCounters {
  /** Of all time; `since` is when the first of it was counted, to the minute (ms since 1970), undefined before that. */
  readonly total: Counters & { readonly since: number | undefined };
  /** The minutes asked for, the oldest first, those in which nothing was counted included. */
  readonly minutes: MinuteCounters[];
}

/** Of which minutes counters are wanted, both ends included (ms since 1970). */
export interface CounterRange {
  /** Default: an hour before `to`. Two weeks ago at the earliest. */
  readonly from?: number;
  /** Default: now. */
  readonly to?: number;
}

/** What BullMQ's `getMetrics` gives. */
export interface Metrics {
  /** How many in all; when the minute under way began (ms since 1970); how many before that. */
  readonly meta: { readonly count: number; readonly prevTS: number; readonly prevCount: number };
  /** How many in each minute that is over, the newest first. */
  readonly data: number[];
  /** How many minutes there are. */
  readonly count: number;
}

const nothing = readCounters('').counters;

function minuteOf(option: string, time: unknown, least = 0): number {
  wholeNumber(option, time, least);
  return Math.floor(pointOfTime(option, time) / msPerMinute);
}

/** Throws TypeError or RangeError for a time that can't be. */
export async function readMinutes(
  connection: Connection,
  keys: QueueKeys,
  { from, to }: CounterRange,
): Promise<QueueCounters> {
  const upTo = to === undefined ? Infinity : minuteOf('to', to, from);
  const hourBefore = to === undefined ? ('' as const) : Math.max(0, upTo - hour + 1);
  const start = from === undefined ? hourBefore : minuteOf('from', from);
  const found = new Map<number, Counters>();
  const read = async (first: number | '', most: number) => {
    const page = await executeOne(connection, callOf(scripts.minutes, keys, { first, most }));
    for (const row of page.rows) {
      const { minute, counters } = readCounters(row);
      found.set(minute, counters);
    }
    return page;
  };
  const most = start === '' ? hour : Math.min(pageMinutes, Math.max(1, upTo - start + 1));
  const page = await read(start, most);
  const last = Math.min(upTo, page.now);
  for (let next = page.first + most; next <= last; next += pageMinutes)
    await read(next, pageMinutes);
  const total = readCounters(page.total);
  const minutes: MinuteCounters[] = [];
  for (let minute = page.first; minute <= last; minute += 1)
    minutes.push({ time: minute * msPerMinute, ...(found.get(minute) ?? nothing) });
  const since = page.total === '' ? undefined : total.minute * msPerMinute;
  return { total: { since, ...total.counters }, minutes };
}

/** Minutes from the newest that is over (0) to the oldest, both ends included; an `end` of -1 is the oldest in which anything was counted. */
export async function readMetrics(
  connection: Connection,
  keys: QueueKeys,
  type: 'completed' | 'failed',
  start: number,
  end: number,
): Promise<Metrics> {
  const { total, minutes } = await readMinutes(connection, keys, { from: 0 });
  const current = minutes.pop();
  const all = minutes.map((minute) => minute[type]).toReversed();
  const first = total.since ?? Infinity;
  const count = minutes.filter(({ time }) => time >= first).length;
  const stop = end < 0 ? count + end : Math.min(end, count - 1);
  return {
    meta: {
      count: total[type],
      prevTS: current?.time ?? 0,
      prevCount: total[type] - (current?.[type] ?? 0),
    },
    data: all.slice(start, stop + 1),
    count,
  };
}
