// Adding jobs: which script a job travels with, and in which batch.
import { Addition, type Added, type Destination } from './addition.js';
import { Batcher } from './batcher.js';
import { IdMaker, randomText, type Caller } from './caller.js';
import { Codecs } from './codec.js';
import type { Connection } from './connection.js';
import { edgesTo, openEdges, standing, type Standing } from './edge.js';
import { asError, QueueError } from './errors.js';
import { execute } from './execute.js';
import type { Family } from './family.js';
import { parentsOf, type JobOptions, type ParentId } from './job-options.js';
import type { QueueKeys } from './keys.js';
import { registration } from './registry.js';
import { batchBytes, batchElements, type QueueLimits } from './options.js';
import type { JobRecord } from './record.js';
import { callOf, type Call, type EdgeText, type JobId } from './script.js';
import * as scripts from './scripts.js';
import type { AddWord, DependAnswer } from './scripts.js';
import type { Tally } from './reporting/tally.js';

const none: readonly ParentId[] = [];

const adding = { enqueue: scripts.enqueue, schedule: scripts.schedule };

export interface AdderHooks<J> {
  /** Default: none. */
  readonly codecs?: Codecs;
  /** Jobs are stored, by this call or before. */
  readonly stored: (ids: readonly JobId[]) => void;
  /** Makes a job of what was stored. */
  readonly jobOf: (id: JobId, record: JobRecord, duplicate: boolean) => J | Promise<J>;
}

export class Adder<J> {
  readonly #queue: string;
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #family: Family;
  readonly #tally: Tally;
  readonly #hooks: AdderHooks<J>;
  readonly #destination: Destination<J>;
  readonly #ids = new IdMaker();
  readonly #enqueue: Batcher<Addition<unknown>, Added>;
  readonly #schedule: Batcher<Addition<unknown>, Added>;
  readonly #defer: Batcher<Addition<unknown>, Added>;
  /** Most jobs of the queue that have not started; nothing for any number. */
  readonly #bound: { most?: number };
  /** An unanswered copy of a call may still arrive, so rows of `calls` must stay. */
  echoes = false;

  constructor(
    queue: string,
    connection: Connection,
    family: Family,
    callers: readonly Caller[],
    { limits, maxLength, ...pending }: QueueLimits,
    tally: Tally,
    hooks: AdderHooks<J>,
  ) {
    this.#tally = tally;
    this.#bound = maxLength === undefined ? {} : { most: maxLength };
    this.#hooks = hooks;
    this.#queue = queue;
    this.#connection = connection;
    this.#family = family;
    this.#keys = family.keysOf(queue);
    const again = (addition: Addition<unknown>): void => {
      try {
        this.#enter(addition.under(this.#ids.next()));
      } catch (thrown) {
        addition.reject(asError(thrown));
      }
    };
    const { jobOf, codecs = Codecs.none } = hooks;
    this.#destination = { dataBytes: limits.dataBytes, codecs, jobOf, again };
    const batches = { elements: batchElements, bytes: batchBytes, ...pending };
    const senders = (script: keyof typeof adding) =>
      callers.map((caller) => (jobs: readonly Addition<unknown>[]): Promise<readonly Added[]> => {
        const distinct = jobs.some((job) => job.isOwn) ? 0 : 1;
        const args = { ...this.#numbered(caller, script), distinct };
        return this.#send(jobs, callOf(adding[script], this.#keys, args, jobs));
      });
    this.#enqueue = new Batcher(senders('enqueue'), batches);
    this.#schedule = new Batcher(senders('schedule'), batches);
    this.#defer = new Batcher(
      callers.map((caller) => (jobs: readonly Addition<unknown>[]) => this.#deferAll(jobs, caller)),
      batches,
    );
  }

  /** Stores a job under its own id or a new one. `opts` have been checked. `isParent`: others will depend on it at once. */
  add(name: string, data: unknown, given: JobOptions, isParent = false): Promise<J> {
    // What is thrown in here rejects.
    return new Promise((resolve, reject) => {
      const parents = given.dependsOn === undefined ? none : this.#parents(given);
      const opts = parents.length > 0 ? { ...given, dependsOn: parents } : given;
      const record: JobRecord = { name, data, timestamp: Date.now(), opts };
      const family = { parents, isParent };
      const id = (opts.jobId as JobId | undefined) ?? this.#ids.next();
      this.#enter(new Addition(this.#destination, id, record, family, resolve, reject));
    });
  }

  /** What every add tells its script. */
  #numbered(caller: Caller, script: string) {
    return { ...caller.next(script), schema: scripts.schemaVersion, ...this.#bound };
  }

  #enter(addition: Addition<unknown>): void {
    const { parents, delay } = addition;
    const later = delay > 0 ? this.#schedule : this.#enqueue;
    (parents.length > 0 ? this.#defer : later).enter(addition);
  }

  #parents(opts: JobOptions): readonly ParentId[] {
    const parents = parentsOf(this.#queue, opts);
    if (parents.some(({ queue, id }) => queue === this.#queue && id === opts.jobId))
      throw new RangeError(`dependsOn: job ${opts.jobId} can't depend on itself`);
    return parents;
  }

  /** Registers the edges with the parents first; then the children, those with a parent that is not stored left out. */
  async #deferAll(jobs: readonly Addition<unknown>[], caller: Caller): Promise<readonly Added[]> {
    const nonce = randomText(8);
    const edges = jobs.map(({ id, parents, policy }) =>
      edgesTo(parents, { childQueue: this.#queue, child: id, nonce, policy }),
    );
    const answers = await this.#family.depend(edges.flat());
    let at = 0;
    const children = jobs.map((job, index) => {
      const own = edges[index] ?? [];
      const child = childOf(job, own, answers.slice(at, at + own.length));
      at += own.length;
      return child;
    });
    const known = children.filter((child): child is Child => !('missing' in child));
    const args = this.#numbered(caller, 'defer');
    const ask = (): void => this.#family.askAgain(known.flatMap(openEdges));
    // What was sent behind a call that came late has been asked too early.
    const storing =
      known.length > 0
        ? this.#send(known, callOf(scripts.defer, this.#keys, args, known), ask)
        : Promise.resolve([]);
    ask();
    const words = [...(await storing)];
    const lost = known.filter(({ failure }, i) => failure !== '' && words[i] === 'added');
    this.#tally.count('failed', lost.length);
    return await Promise.all(
      children.map(async (child): Promise<Added> => {
        if (!('missing' in child)) return words.shift() as Added;
        return await this.#orphan(child.id, child.missing);
      }),
    );
  }

  /** A child one of whose parents is not stored: a duplicate if it is stored itself. */
  async #orphan(id: JobId, { queue, id: parent }: ParentId): Promise<Added> {
    const call = callOf(scripts.inspect, this.#keys, {}, [{ id }]);
    const [answer] = await execute(this.#connection, [call]);
    if ('error' in answer) return answer.error;
    if (answer.reply[0]) return 'duplicate';
    return new QueueError('PARENT_UNKNOWN', `no job ${parent} in queue ${queue} to depend on`, {
      ids: [id],
    });
  }

  async #send(
    jobs: readonly { id: JobId }[],
    call: Call<readonly AddWord[] | 'stale' | 'outdated'>,
    cameLate?: () => void,
  ): Promise<readonly Added[]> {
    const ids = jobs.map((job) => job.id);
    const [answer] = await execute(this.#connection, [
      call,
      ...registration(this.#connection, this.#keys),
    ]);
    if ('error' in answer) {
      const { code, message, cause } = answer.error;
      if (code === 'UNKNOWN_OUTCOME') this.echoes = true;
      throw new QueueError(code, message, { cause, ids });
    }
    if (answer.resent) this.echoes = true;
    if (answer.late) cameLate?.();
    if (answer.reply === 'outdated')
      throw new QueueError('OUTDATED', `queue ${this.#queue} belongs to a newer major version`, {
        ids,
      });
    if (answer.reply === 'stale')
      throw new QueueError('UNKNOWN_OUTCOME', 'a later call was answered first', { ids });
    const words = answer.reply;
    this.#tally.count('added', words.filter((word) => word === 'added').length);
    if (!words.includes('full')) {
      this.#hooks.stored(ids);
      return words as readonly Added[];
    }
    this.#hooks.stored(ids.filter((_, at) => words[at] !== 'full'));
    return words.map((word, at) => (word === 'full' ? this.#full(ids[at] as JobId) : word));
  }

  #full(id: JobId): QueueError {
    const message = `queue ${this.#queue} holds ${this.#bound.most} jobs or more that have not started: job ${id} was not added`;
    return new QueueError('QUEUE_FULL', message, { ids: [id] });
  }

  /** Resolves when no add is under way. */
  async idle(): Promise<void> {
    await Promise.all([this.#enqueue.idle(), this.#schedule.idle(), this.#defer.idle()]);
  }
}

/** What `defer` is told of one job. */
type Child = Pick<Addition<unknown>, 'id' | 'record' | 'traits' | 'delay'> & Standing;

/** What defer is told of a child, by the answers of its parents; or the parent that is not stored. */
function childOf<J>(
  { id, record, traits, delay, parents, policy }: Addition<J>,
  edges: readonly EdgeText[],
  answers: readonly DependAnswer[],
): Child | { id: JobId; missing: ParentId } {
  const missing = parents[answers.findIndex(({ word }) => word === 'unknown')];
  if (missing) return { id, missing };
  return { id, record, traits, delay, ...standing({ parents, policy }, edges, answers) };
}
