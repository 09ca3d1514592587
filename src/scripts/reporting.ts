// What clients counted, and what workers tell of themselves.
import { as, declareScript, type LeaseId, type WorkerText } from '../script.js';
import { numbered, word } from './reply.js';

export type ReportWord = 'reported' | 'dead' | 'stale';

export const report = declareScript('report', {
  keys: ['calls', 'leases', 'counters', 'workers'],
  args: {
    ...numbered,
    lease: as<LeaseId | ''>(),
    former: as<LeaseId | ''>(),
    row: as<WorkerText | ''>(),
    counts: as<string>(),
  },
  each: {},
  parse: word<ReportWord>,
});

export const minutes = declareScript('minutes', {
  keys: ['counters'],
  args: { first: as<number | ''>(), most: as<number>() },
  each: {},
  parse: (reply) => {
    const [now, first, total, rows] = reply as [number, number, string, string[]];
    return { now, first, total, rows };
  },
});

/** What is stored of a worker. */
export interface WorkerRow {
  readonly lease: LeaseId;
  /** Deadline (ms) of its lease: 0 of a dead one, undefined when it has gone. */
  readonly deadline: number | undefined;
  readonly held: number;
  /** That deadline as last known, a blank, JSON. */
  readonly row: string;
}

export const workers = declareScript('workers', {
  keys: ['workers', 'leases', 'held'],
  args: { cursor: as<string>() },
  each: {},
  parse: (reply) => {
    const [cursor, now, alive, ...flat] = reply as [string, string, number, ...string[]];
    const rows: WorkerRow[] = [];
    for (let at = 0; at < flat.length; at += 4) {
      const [lease, deadline, held, row] = flat.slice(at, at + 4);
      rows.push({
        lease: lease as LeaseId,
        deadline: deadline === '' ? undefined : Number(deadline),
        held: Number(held),
        row: row as string,
      });
    }
    return { cursor, now: Number(now), alive, rows };
  },
});
