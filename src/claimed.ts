// What a claim left to be asked for: records too large to come along, and jobs whose claim was never answered, so that
// their worker does not know them.
import type { Connection } from './connection.js';
import { executeOne } from './execute.js';
import type { QueueKeys } from './keys.js';
import type { Lease } from './lease.js';
import { callOf, type JobId, type Token } from './script.js';
import * as scripts from './scripts.js';
import type { ClaimedRow } from './scripts.js';

/** Exact, since a claim whose answer is under way may be of the same millisecond as the last one answered. */
export function tokenNumber(token: Token): number {
  return Number(token.slice(token.indexOf(':') + 1));
}

/** Active jobs under this lease that were claimed by no newer claim than this, found in bounded steps. */
export async function strays(
  connection: Connection,
  keys: QueueKeys,
  lease: Lease,
  newest: number,
): Promise<{ id: JobId; token: Token }[]> {
  const found: { id: JobId; token: Token }[] = [];
  let cursor = '0';
  do {
    const args = { state: 'active' as const, cursor, count: 200 };
    const page = await executeOne(connection, callOf(scripts.scan, keys, args));
    cursor = page.cursor;
    for (let at = 0; at < page.ids.length;) {
      const ids = page.ids.slice(at, at + 64);
      const rows = await executeOne(
        connection,
        callOf(
          scripts.inspect,
          keys,
          {},
          ids.map((id) => ({ id })),
        ),
      );
      for (const [index, row] of rows.entries()) {
        const token = row?.detail as Token;
        if (row?.state !== 'active' || !lease.holds(token)) continue;
        if (tokenNumber(token) <= newest) found.push({ id: ids[index] as JobId, token });
      }
      at += rows.length;
    }
  } while (cursor !== '0');
  return found;
}

/** Reads, in slices, the records that a claim left out; jobs that are no longer held are left out. */
export async function withRecords(
  connection: Connection,
  keys: QueueKeys,
  jobs: readonly ClaimedRow[],
  token: Token,
): Promise<readonly ClaimedRow[]> {
  if (jobs.every((job) => job.record !== undefined)) return jobs;
  const endOf = new Map(jobs.map(({ id, ends }) => [id, ends]));
  const ready = jobs.filter((job) => job.record !== undefined);
  let missing = jobs.filter((job) => job.record === undefined);
  while (missing.length > 0) {
    const items = missing.map(({ id }) => ({ id }));
    const rows = await executeOne(connection, callOf(scripts.reread, keys, { token }, items));
    for (const row of rows)
      if (row.record !== undefined) ready.push({ ...row, ends: endOf.get(row.id) });
    missing = rows.filter((row) => row.record === undefined);
  }
  return ready;
}
