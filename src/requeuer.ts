// Putting finished jobs back. One with parents takes more than one step: they are asked first, so that it waits for them again, or is
// refused.
import { randomText } from './caller.js';
import {
  edgesTo,
  endedOf,
  fatalOf,
  openEdges,
  outcomeLines,
  parseOutcomes,
  standing,
  verdict,
  type Outcome,
  type Standing,
} from './edge.js';
import { QueueError, unreadable } from './errors.js';
import { executeOne } from './execute.js';
import { parentsOf, type ParentFailurePolicy, type ParentId } from './job-options.js';
import { batchElements } from './options.js';
import { decodeHead, stampOf } from './record.js';
import { callOf, type JobId } from './script.js';
import * as scripts from './scripts.js';
import { isFinished, type FinishedState } from './scripts.js';
import type { Store } from './store.js';

/** The state in which a job must be; '' for any that is an end. */
type From = FinishedState | '';
type RequeueWord = Exclude<ReturnType<typeof scripts.requeue.parse>, 'stale'>[number];
type RequeueItem = { id: JobId; stamp: string } & Pick<Standing, 'edges' | 'outcomes'>;

export class Requeuer {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async retryJob(id: string): Promise<void> {
    let [word] = await this.#requeue([plain(id as JobId)], '');
    if (word === 'child') word = await this.#requeueChild(id as JobId, '');
    if (word === 'unfinished')
      throw new QueueError('JOB_NOT_FINISHED', `job ${id} has not finished`, { ids: [id] });
    if (word !== 'requeued') throw new QueueError('JOB_NOT_FOUND', `no job ${id}`, { ids: [id] });
  }

  /** Puts finished jobs back, the oldest first; those whose parents have failed stay. Returns how many were put back. */
  async retryJobs(state: FinishedState, count: number, age: number): Promise<number> {
    // A job that is put back and fails again meanwhile is not put back a second time.
    const start = performance.now() - age;
    let done = 0;
    for (let skipped = 0; done < count;) {
      const most = Math.min(batchElements, count - done);
      const ids = await this.#store.page(
        state,
        skipped,
        skipped + most - 1,
        Math.ceil(performance.now() - start),
      );
      if (ids.length === 0) return done;
      const words = await this.#requeue(ids.map(plain), state);
      for (const [at, id] of ids.entries()) {
        const first = words[at];
        const word = first === 'child' ? await this.#requeueIfRunnable(id, state) : first;
        if (word === 'requeued') done += 1;
        // Who has left the state meanwhile leaves its place to those behind it.
        else if (word !== 'unfinished') skipped += 1;
      }
    }
    return done;
  }

  async #requeue(items: readonly RequeueItem[], from: From): Promise<readonly RequeueWord[]> {
    return await this.#store.calls.sendInTurn(scripts.requeue, { state: from }, items);
  }

  /** `child`: it stays, since a parent has failed or its record can't be read. */
  async #requeueIfRunnable(id: JobId, from: From): Promise<RequeueWord | undefined> {
    try {
      return await this.#requeueChild(id, from);
    } catch (error) {
      const stays = ['PARENT_FAILED', 'UNREADABLE'];
      if (error instanceof QueueError && stays.includes(error.code)) return 'child';
      throw error;
    }
  }

  /** Asks again when another job of the same id has taken the place of the one whose parents were asked. Throws PARENT_FAILED. */
  async #requeueChild(id: JobId, from: From): Promise<RequeueWord | undefined> {
    for (;;) {
      const word = await this.#askAndRequeue(id, from);
      if (word !== 'child') return word;
    }
  }

  /** A job with parents keeps what its policy has accepted of them, and waits for the others again. Throws PARENT_FAILED. */
  async #askAndRequeue(id: JobId, from: From): Promise<RequeueWord | undefined> {
    const [job] = await this.#store.inspect([id]);
    if (!job) return 'unknown';
    if (!isFinished(job.state) || (from !== '' && job.state !== from)) return 'unfinished';
    const { opts, timestamp } = decodeHead(id, job.record);
    const stamp = stampOf(timestamp);
    // Written by others, as 1.7e12: the script would never find it.
    if (!job.record.includes(stamp)) throw unreadable('record', id);
    const policy = opts.onParentFailure ?? 'fail';
    const accepted = await this.#accepted(id, policy);
    const parents = without(parentsOf(this.#store.queueName, opts), accepted);
    const now = await this.#register(id, parents, policy);
    const outcomes = (outcomeLines(accepted) + now.outcomes) as typeof now.outcomes;
    const item = { id, stamp, edges: now.edges, outcomes };
    const [word] = await this.#requeue([item], from);
    // A parent that ended after it had answered found nobody to tell.
    if (word === 'requeued') this.#store.family.askAgain(openEdges(now));
    return word;
  }

  /** The ends of parents that a child has heard of and that its policy accepts. */
  async #accepted(id: JobId, policy: ParentFailurePolicy): Promise<Outcome[]> {
    const { connection, keys } = this.#store;
    const row = await executeOne(connection, callOf(scripts.parents, keys, { id }));
    return parseOutcomes(row.outcomes).filter(({ fate }) => verdict(fate, policy) === 'accept');
  }

  /** Registers a child with its parents anew; how it stands by their answers. Throws PARENT_FAILED. */
  async #register(
    child: JobId,
    parents: readonly ParentId[],
    policy: ParentFailurePolicy,
  ): Promise<Standing> {
    const { family, queueName } = this.#store;
    const own = { childQueue: queueName, child, nonce: randomText(8), policy };
    const edges = edgesTo(parents, own);
    const answers = await family.depend(edges);
    const fatal = fatalOf(endedOf(parents, answers), policy);
    if (fatal) throw parentFailed(child, fatal);
    return standing({ parents, policy }, edges, answers);
  }
}

function plain(id: JobId): RequeueItem {
  return { id, stamp: '', edges: '', outcomes: '' };
}

function without(parents: readonly ParentId[], heard: readonly ParentId[]): ParentId[] {
  const done = new Set(heard.map(({ queue, id }) => `${queue}\t${id}`));
  return parents.filter(({ queue, id }) => !done.has(`${queue}\t${id}`));
}

function parentFailed(id: JobId, parent: ParentId): QueueError {
  return new QueueError(
    'PARENT_FAILED',
    `job ${id} can't be run again: job ${parent.id} of queue ${parent.queue} has not completed`,
    { ids: [id] },
  );
}
