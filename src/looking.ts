// Looking at the jobs of a queue: by position, one after the other, and where they stand. Every call is bounded, however many
// jobs there are; what takes many of them is said.
import { largest } from './checks.js';
import { executeOne } from './execute.js';
import { Job } from './job.js';
import type { JobRange } from './job-range.js';
import { decodeHead } from './record.js';
import { callOf, type JobId } from './script.js';
import * as scripts from './scripts.js';
import type { JobState } from './scripts.js';
import type { Store } from './store.js';

/** Most positions of one list call. */
const listElements = 1_000;
/** Most entries that one position call looks at, the first one at half of them at each end. */
const positionElements = 2_000;
/** Active jobs of one step, when they are read by position. */
const activeElements = 200;

/** The waiting job that has waited longest. */
export interface OldestJob {
  readonly id: JobId;
  readonly name: string;
  /** ms since it was added, its delay over. */
  readonly age: number;
}

/** Is told of a job that can't be read. */
type Report = (error: unknown) => void;

export class Looking {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Ids of one state by position, each once; those of void entries only when `raw`. */
  async ids(
    state: JobState,
    { start, end, asc }: Required<JobRange>,
    raw = false,
  ): Promise<JobId[]> {
    const last = end === -1 ? largest : end;
    if (state === 'active') return await this.#activeIds(start, last);
    const { connection, keys } = this.#store;
    const order = asc ? 'oldest' : 'newest';
    const found = new Set<JobId>();
    for (let from = start; from <= last; from += listElements) {
      const stop = Math.min(last, from + listElements - 1);
      const call = callOf(scripts.list, keys, { state, start: from, stop, order, age: '' });
      const { ids, gone } = await executeOne(connection, call);
      const left = new Set(raw ? [] : gone);
      for (const id of ids) if (!left.has(id)) found.add(id);
      if (ids.length < stop - from + 1) break;
    }
    return [...found];
  }

  async #activeIds(start: number, last: number): Promise<JobId[]> {
    const found = new Set<JobId>();
    let cursor = '0';
    do {
      const page = await this.#step('active', cursor, activeElements);
      for (const id of page.ids) found.add(id);
      cursor = page.cursor;
    } while (cursor !== '0' && found.size <= last);
    return [...found].slice(start, last + 1);
  }

  async #step(
    state: JobState,
    cursor: string,
    count: number,
  ): Promise<{ cursor: string; ids: JobId[] }> {
    const { connection, keys } = this.#store;
    return await executeOne(connection, callOf(scripts.scan, keys, { state, cursor, count }));
  }

  /** Those of these jobs that are in this state as they are read; one that can't be read is reported. */
  async #read<D, R, N extends string>(
    ids: readonly JobId[],
    state: JobState,
    report: Report,
  ): Promise<Job<D, R, N>[]> {
    const rows = await this.#store.inspect(ids);
    return ids.flatMap((id, at) => {
      const row = rows[at];
      if (row?.state !== state) return [];
      try {
        return [Job.inspected<D, R, N>(this.#store, id, row)];
      } catch (error) {
        report(error);
        return [];
      }
    });
  }

  /** Jobs of each of these states by position, one state after the other; none twice. */
  async jobs<D, R, N extends string>(
    states: readonly JobState[],
    range: Required<JobRange>,
    report: Report,
  ): Promise<Job<D, R, N>[]> {
    const found = new Map<JobId, Job<D, R, N>>();
    for (const state of states) {
      const ids = await this.ids(state, range, true);
      for (const job of await this.#read<D, R, N>(ids, state, report))
        if (!found.has(job.id)) found.set(job.id, job);
    }
    return [...found.values()];
  }

  /** Every job of a state, see `Queue.scan`. */
  async *scan<D, R, N extends string>(
    state: JobState,
    count: number,
    report: Report,
  ): AsyncGenerator<Job<D, R, N>, void, undefined> {
    let cursor = '0';
    do {
      const page = await this.#step(state, cursor, count);
      yield* await this.#read<D, R, N>([...new Set(page.ids)], state, report);
      cursor = page.cursor;
    } while (cursor !== '0');
  }

  /** How many waiting jobs are before this one; undefined when it does not wait. */
  async position(id: JobId): Promise<number | undefined> {
    const { connection, keys } = this.#store;
    for (let at = 0; ;) {
      const args = { id, at, limit: positionElements };
      const step = await executeOne(connection, callOf(scripts.position, keys, args));
      if (step.word === 'elsewhere') return undefined;
      if (step.word === 'found') return step.number;
      at = step.number;
    }
  }

  /** Of the first suspect and both ends of the list, the one that has waited longest. */
  async oldest(report: Report): Promise<OldestJob | undefined> {
    const { connection, keys } = this.#store;
    let start = 0;
    let first: OldestJob | undefined;
    let last: OldestJob | undefined;
    for (;;) {
      const step = await executeOne(connection, callOf(scripts.oldest, keys, { start }));
      first ??= aged(step.first, step.now, report);
      last ??= aged(step.last, step.now, report);
      if ((first && last) || step.next === 0)
        return [aged(step.suspect, step.now, report), first, last]
          .filter((job) => job !== undefined)
          .toSorted((a, b) => b.age - a.age)[0];
      start = step.next;
    }
  }
}

function aged(
  row: { id: JobId; record: string } | undefined,
  now: number,
  report: Report,
): OldestJob | undefined {
  if (!row) return undefined;
  try {
    const { name, timestamp, opts } = decodeHead(row.id, row.record);
    return { id: row.id, name, age: Math.max(0, now - timestamp - (opts.delay ?? 0)) };
  } catch (error) {
    report(error);
    return undefined;
  }
}
