// Acting on jobs that nobody holds, and asking those who hold one to stop. Jobs with parents or dependents take more than one
// step; the first one decides, the sweep finishes what was broken off.
import { knownOptions, shown } from './checks.js';
import { executeOne } from './execute.js';
import { QueueError } from './errors.js';
import { batchElements } from './options.js';
import { encodeReason } from './outcome.js';
import { decodeHead } from './record.js';
import { callOf, type JobId } from './script.js';
import * as scripts from './scripts.js';
import { isFinished, type JobState } from './scripts.js';
import type { Store } from './store.js';

/** How a job is cancelled. */
export interface CancelOptions {
  /** Why, for people: its `failedReason`, and the message of its signal's reason. Default `cancelled`. */
  reason?: string;
  /** What becomes of jobs that depend on it: `cancel` cancels them too, `release` lets them run. Default: as their policy says. */
  dependents?: 'cancel' | 'release';
}

type Removable = Exclude<JobState, 'active'>;
type RemoveWord = 'removed' | 'active' | 'elsewhere' | 'unknown';

export class Actions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Tells dependents. What was asked for is done by now: should this fail, a sweep will tell them. */
  async #release(ids: readonly JobId[]): Promise<void> {
    await this.#store.family.release(this.#store.queueName, ids).catch(() => undefined);
  }

  /** Removes jobs, as many as possible at once, if they are in that state (any: ''), but not active ones; a word for each. */
  async #removeAll(ids: readonly JobId[], state: Removable | ''): Promise<RemoveWord[]> {
    const ends = new Map<JobId, RemoveWord>();
    for (let left = ids; left.length > 0;) {
      const part = left.slice(0, batchElements);
      const items = part.map((id) => ({ id }));
      const words = await this.#store.calls.sendInTurn(scripts.remove, { state }, items);
      for (const [at, id] of part.entries()) {
        const word = words[at];
        if (word && word !== 'again') ends.set(id, word === 'releasing' ? 'removed' : word);
        if (word === 'removed') this.#store.ids?.changed([id], false);
      }
      await this.#release(part.filter((_, at) => words[at] === 'releasing'));
      left = [...part.filter((_, at) => words[at] === 'again'), ...left.slice(part.length)];
    }
    return ids.map((id) => ends.get(id) ?? 'unknown');
  }

  async remove(id: string): Promise<void> {
    const [word] = await this.#removeAll([id as JobId], '');
    if (word === 'active')
      throw new QueueError('JOB_ACTIVE', `job ${id} is being worked on`, { ids: [id] });
    if (word !== 'removed') throw new QueueError('JOB_NOT_FOUND', `no job ${id}`, { ids: [id] });
  }

  /** Throws TypeError for options that can't be. */
  async cancel(id: string, options: CancelOptions): Promise<void> {
    knownOptions(options, ['reason', 'dependents']);
    const { reason = 'cancelled', dependents } = options;
    if (typeof reason !== 'string')
      throw new TypeError(`reason: expected a string, got ${shown(reason)}`);
    if (dependents !== undefined && dependents !== 'cancel' && dependents !== 'release')
      throw new TypeError(`dependents: expected cancel or release, got ${shown(dependents)}`);
    const failure = encodeReason(reason, id, this.#store.codecs);
    const args = { word: dependents ?? 'cancelled', failure } as const;
    const items = [{ id: id as JobId }];
    for (;;) {
      const [answer] = await this.#store.calls.sendInTurn(scripts.cancel, args, items);
      if (answer === 'again') continue;
      if (answer === 'cancelled' || answer === 'releasing') this.#store.tally.count('cancelled', 1);
      if (answer === 'releasing') await this.#release([id as JobId]);
      if (answer === 'finished')
        throw new QueueError('JOB_FINISHED', `job ${id} has finished`, { ids: [id] });
      if (answer === 'unknown')
        throw new QueueError('JOB_NOT_FOUND', `no job ${id}`, { ids: [id] });
      return;
    }
  }

  async pause(): Promise<void> {
    await this.#store.calls.sendInTurn(scripts.pause, {});
  }

  async resume(): Promise<void> {
    await this.#store.calls.sendInTurn(scripts.resume, {});
  }

  /** Removes waiting jobs, and delayed ones if asked; jobs added meanwhile may go too. */
  async drain(delayed: boolean): Promise<void> {
    const args = { limit: batchElements, delayed: delayed ? 1 : 0 } as const;
    for (;;) {
      const { word, told } = await this.#store.calls.sendInTurn(scripts.drain, args);
      await this.#release(told);
      if (word === 'done') return this.#store.ids?.changedAll();
    }
  }

  /** Ends the queue that is there now, not one that is begun meanwhile. */
  async obliterate(force: boolean): Promise<void> {
    const { connection, keys, queueName, calls } = this.#store;
    const stamp = await executeOne(connection, callOf(scripts.stamp, keys, {}));
    const args = { stamp, force: force ? 1 : 0 } as const;
    const answer = await calls.sendInTurn(scripts.obliterate, args);
    if (answer === 'active')
      throw new QueueError('JOB_ACTIVE', `queue ${queueName} has active jobs`);
    this.#store.ids?.changedAll();
  }

  /** Removes jobs of one state but active that are older than `grace` ms; their ids. */
  async clean(grace: number, limit: number, state: Removable): Promise<JobId[]> {
    const removed: JobId[] = [];
    for (let skipped = 0; removed.length < limit;) {
      const most = Math.min(batchElements, limit - removed.length);
      const age = isFinished(state) ? grace : '';
      const page = await this.#store.page(state, skipped, skipped + most - 1, age);
      if (page.length === 0) return removed;
      const ids = [
        ...new Set(isFinished(state) ? page : await this.#addedBefore(page, state, grace)),
      ];
      const words = await this.#removeAll(ids, state);
      const gone = ids.filter((_, at) => words[at] === 'removed');
      removed.push(...gone);
      // What was removed, or has left the state meanwhile, leaves its place to those behind it; a finished parent that was removed
      // stays until its dependents were told.
      const rows = gone.length > 0 ? await this.#store.inspect(gone) : [];
      const stay = rows.filter((row) => row?.state === state).length;
      const left = ids.filter((_, at) => words[at] === 'elsewhere').length;
      skipped += page.length - gone.length - left + stay;
    }
    return removed;
  }

  async #addedBefore(ids: readonly JobId[], state: JobState, grace: number): Promise<JobId[]> {
    const rows = await this.#store.inspect(ids);
    const newest = Date.now() - grace;
    return ids.filter((id, at) => {
      const row = rows[at];
      return row?.state === state && addedAt(id, row.record) <= newest;
    });
  }
}

/** When a job was added; never, as far as one can know, when its record can't be read. */
function addedAt(id: JobId, record: string): number {
  try {
    return decodeHead(id, record).timestamp;
  } catch {
    return Infinity;
  }
}
