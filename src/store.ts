// What is stored of one queue, as both its producers and its workers see it: reading jobs, and acting on
// those that nobody holds.
import type { Caller } from './caller.js';
import type { Connection } from './connection.js';
import { executeOne } from './execute.js';
import { QueueError } from './errors.js';
import { Job, type JobHost } from './job.js';
import type { QueueKeys } from './keys.js';
import { batchElements } from './options.js';
import { callOf, type CallRow, type JobId } from './script.js';
import * as scripts from './scripts.js';
import type { InspectedJob, JobState } from './scripts.js';

/** Most ids of one inspect call; it stops earlier when records are large. */
const inspectElements = 64;
/** Most positions of one list call. */
const listElements = 1_000;

export class Store implements JobHost {
  readonly connection: Connection;
  readonly keys: QueueKeys;
  readonly #caller: Caller;
  /** Numbered calls of one script go one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, keys: QueueKeys, caller: Caller) {
    this.connection = connection;
    this.keys = keys;
    this.#caller = caller;
  }

  /** Reads jobs; undefined for an id that is not stored. */
  async inspect(ids: readonly JobId[]): Promise<(InspectedJob | undefined)[]> {
    const found: (InspectedJob | undefined)[] = [];
    while (found.length < ids.length) {
      const part = ids.slice(found.length, found.length + inspectElements).map((id) => ({ id }));
      found.push(
        ...(await executeOne(this.connection, callOf(scripts.inspect, this.keys, {}, part))),
      );
    }
    return found;
  }

  async getJob<D, R, N extends string>(
    id: string,
    duplicate = false,
  ): Promise<Job<D, R, N> | undefined> {
    const [row] = await this.inspect([id as JobId]);
    return row && Job.inspected(this, id as JobId, row, duplicate);
  }

  async getJobState(id: string): Promise<JobState | 'unknown'> {
    const [row] = await this.inspect([id as JobId]);
    return row?.state ?? 'unknown';
  }

  /** Jobs of one state from position `start` to `end`, both included. */
  async getJobs<D, R, N extends string>(
    state: JobState,
    start: number,
    end: number,
  ): Promise<Job<D, R, N>[]> {
    const ids =
      state === 'active' ? await this.#activeIds(start, end) : await this.#idsAt(state, start, end);
    const unique = [...new Set(ids)];
    const rows = await this.inspect(unique);
    return unique.flatMap((id, index) => {
      const row = rows[index];
      return row?.state === state ? [Job.inspected<D, R, N>(this, id, row)] : [];
    });
  }

  async #idsAt(state: JobState, start: number, end: number): Promise<JobId[]> {
    const ids: JobId[] = [];
    for (let from = start; from <= end; from += listElements) {
      const stop = Math.min(end, from + listElements - 1);
      const page = await executeOne(
        this.connection,
        callOf(scripts.list, this.keys, { state, start: from, stop }),
      );
      ids.push(...page.ids);
      if (page.ids.length < stop - from + 1) break;
    }
    return ids;
  }

  async #activeIds(start: number, end: number): Promise<JobId[]> {
    const ids: JobId[] = [];
    let cursor = '0';
    do {
      const args = { state: 'active' as const, start: cursor, stop: 0 };
      const page = await executeOne(this.connection, callOf(scripts.list, this.keys, args));
      ids.push(...page.ids);
      cursor = page.cursor;
    } while (cursor !== '0' && ids.length <= end);
    return ids.slice(start, end + 1);
  }

  async remove(id: string): Promise<void> {
    const args = (row: { call: CallRow; number: number }) =>
      callOf(scripts.remove, this.keys, row, [{ id: id as JobId }]);
    const [word] = await this.#inTurn('remove', args);
    if (word === 'active')
      throw new QueueError('JOB_ACTIVE', `job ${id} is being worked on`, { ids: [id] });
    if (word !== 'removed') throw new QueueError('JOB_NOT_FOUND', `no job ${id}`, { ids: [id] });
  }

  async retryJob(id: string): Promise<void> {
    const args = (row: { call: CallRow; number: number }) =>
      callOf(scripts.requeue, this.keys, row, [{ id: id as JobId }]);
    const [word] = await this.#inTurn('requeue', args);
    if (word === 'unfinished')
      throw new QueueError('JOB_NOT_FINISHED', `job ${id} has not finished`, { ids: [id] });
    if (word !== 'requeued') throw new QueueError('JOB_NOT_FOUND', `no job ${id}`, { ids: [id] });
  }

  async #inTurn<W extends string>(
    script: 'remove' | 'requeue',
    call: (row: {
      call: CallRow;
      number: number;
    }) => import('./script.js').Call<readonly W[] | 'stale'>,
  ): Promise<readonly W[]> {
    const before = this.#turn;
    const answer = (async () => {
      await before.catch(() => undefined);
      return await executeOne(this.connection, call(this.#caller.next(script)));
    })();
    this.#turn = answer.catch(() => undefined);
    const reply = await answer;
    if (reply === 'stale')
      throw new QueueError('UNKNOWN_OUTCOME', `${script}: a later call was answered first`);
    return reply;
  }

  /** Removes waiting jobs, and delayed ones if asked; jobs added meanwhile may go too. */
  async drain(delayed: boolean): Promise<void> {
    const args = { limit: batchElements, delayed: delayed ? (1 as const) : (0 as const) };
    for (;;) {
      const { word } = await executeOne(this.connection, callOf(scripts.drain, this.keys, args));
      if (word === 'done') return;
    }
  }
}
