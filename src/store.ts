// What is stored of one queue, as both its producers and its workers see it, and what a job asks of it. Reading single jobs is here,
// looking through many in looking.ts, acting on jobs in actions.ts, putting them back in requeuer.ts, waiting for them in awaiting.ts.
import { Actions } from './actions.js';
import { Awaiting } from './awaiting.js';
import type { Caller } from './caller.js';
import { Codecs, type Codec } from './codec.js';
import type { Connection } from './connection.js';
import { parseEdge, parseOutcomes } from './edge.js';
import { executeOne } from './execute.js';
import type { Family } from './family.js';
import type { IdCache } from './knowing/id-cache.js';
import { Job, type JobHost } from './job.js';
import type { ParentId } from './job-options.js';
import type { QueueKeys } from './keys.js';
import { defaultLimits, type Limits } from './limits.js';
import { Looking } from './looking.js';
import { Notes } from './notes.js';
import { NumberedCalls } from './numbered-calls.js';
import { decodeFailures, decodeOutcome } from './outcome.js';
import { Requeuer } from './requeuer.js';
import { callOf, type EdgeText, type JobId } from './script.js';
import * as scripts from './scripts.js';
import { Tally } from './reporting/tally.js';
import type { InspectedJob, JobState } from './scripts.js';

/** Most ids of one inspect call; it stops earlier when records are large. */
const inspectElements = 64;
/** Most edges of one page. */
const pageEdges = 1_000;

/** How a job to depend on stands. */
export interface ParentJob extends ParentId {
  /** `unknown`: it is not stored. */
  readonly state: JobState | 'unknown';
  /** Whether the dependent still waits for it. */
  readonly blocking: boolean;
  /** Of a completed one. */
  readonly returnvalue?: unknown;
  /** Of a failed or cancelled one. */
  readonly failedReason?: string;
}

export class Store implements JobHost {
  readonly queueName: string;
  readonly connection: Connection;
  readonly keys: QueueKeys;
  readonly family: Family;
  readonly calls: NumberedCalls;
  readonly actions: Actions;
  readonly requeuer: Requeuer;
  readonly awaiting: Awaiting;
  readonly codecs: Codecs;
  /** What a Queue object knows of ids without asking; it is told what this process has changed. */
  ids: IdCache | undefined;
  readonly looking = new Looking(this);
  readonly notes: Notes;
  /** What this client has counted. */
  readonly tally = new Tally();

  constructor(
    queue: string,
    connection: Connection,
    family: Family,
    caller: Caller,
    limits: Limits = defaultLimits,
    codecs: readonly Codec[] = [],
  ) {
    this.queueName = queue;
    this.codecs = codecs.length > 0 ? new Codecs(queue, codecs) : Codecs.none;
    this.connection = connection;
    this.family = family;
    this.keys = family.keysOf(queue);
    family.counts.join(queue, this.tally);
    this.calls = new NumberedCalls(connection, this.keys, caller);
    this.actions = new Actions(this);
    this.requeuer = new Requeuer(this);
    this.awaiting = new Awaiting(this);
    this.notes = new Notes(connection, this.keys, this.calls, limits, this.codecs);
  }

  /** Lets nobody note on jobs any more, for that reason; resolves when no numbered call is under way. */
  async close(reason: Error): Promise<void> {
    await Promise.all([this.calls.idle(), this.notes.close(reason)]);
  }

  /** Reads jobs; undefined for an id that is not stored. */
  async inspect(
    ids: readonly JobId[],
    keys: QueueKeys = this.keys,
  ): Promise<(InspectedJob | undefined)[]> {
    const found: (InspectedJob | undefined)[] = [];
    while (found.length < ids.length) {
      const part = ids.slice(found.length, found.length + inspectElements).map((id) => ({ id }));
      found.push(...(await executeOne(this.connection, callOf(scripts.inspect, keys, {}, part))));
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

  async getJobPosition(id: string): Promise<number | undefined> {
    return await this.looking.position(id as JobId);
  }

  /** Ids of one state but active, by position; of finished ones, with `age`, only those that ended so many ms ago. */
  async page(
    state: Exclude<JobState, 'active'>,
    start: number,
    stop: number,
    age: number | '' = '',
  ): Promise<JobId[]> {
    const call = callOf(scripts.list, this.keys, { state, start, stop, order: 'oldest', age });
    return (await executeOne(this.connection, call)).ids;
  }

  /** The parents of a job: those it has heard of as they ended, those it waits for as they are now. */
  async parents(id: JobId): Promise<ParentJob[]> {
    const { outcomes, edges } = await executeOne(
      this.connection,
      callOf(scripts.parents, this.keys, { id }),
    );
    const heard = parseOutcomes(outcomes);
    const open = edges.map((text): ParentId => {
      const { parentQueue: queue, parent } = parseEdge(text);
      return { queue, id: parent };
    });
    const unread = heard.filter(({ fate, text }) => text === '' && fate !== 'unknown');
    const rows = await this.#look([...unread, ...open]);
    const rowOf = ({ queue, id: parent }: ParentId): InspectedJob | undefined =>
      rows.get(`${queue}\t${parent}`);
    return [
      ...heard.map(({ queue, id: parent, fate, text }): ParentJob => {
        const row = rowOf({ queue, id: parent });
        const completed = fate === 'completed';
        const codecs = this.codecs.of(queue);
        const outcome = completed ? text || (row?.outcome ?? '') : '';
        const { returnvalue } = decodeOutcome(outcome, parent, codecs);
        const failures = completed ? '' : text || (row?.failures ?? '');
        const [failure] = decodeFailures(failures, parent, codecs);
        return {
          queue,
          id: parent,
          state: completed || fate === 'failed' ? fate : fate === 'unknown' ? fate : 'cancelled',
          blocking: false,
          ...(completed ? { returnvalue } : {}),
          ...(failure ? { failedReason: failure.failedReason } : {}),
        };
      }),
      ...open.map((parent): ParentJob => ({
        ...parent,
        state: rowOf(parent)?.state ?? 'unknown',
        blocking: true,
      })),
    ];
  }

  /** Reads jobs of several queues; by queue and id. */
  async #look(jobs: readonly ParentId[]): Promise<Map<string, InspectedJob | undefined>> {
    const found = new Map<string, InspectedJob | undefined>();
    for (const queue of new Set(jobs.map((job) => job.queue))) {
      const ids = jobs.filter((job) => job.queue === queue).map(({ id }) => id as JobId);
      const rows = await this.inspect(ids, this.family.keysOf(queue));
      for (const [at, id] of ids.entries()) found.set(`${queue}\t${id}`, rows[at]);
    }
    return found;
  }

  /** The jobs that wait for this one and were not told of its end yet, a page at a time. */
  async *dependents(parent: JobId): AsyncGenerator<ParentId> {
    for (let after: EdgeText | '' = ''; ;) {
      const args = { parent, after, limit: pageEdges };
      const edges: EdgeText[] = await executeOne(
        this.connection,
        callOf(scripts.dependents, this.keys, args),
      );
      for (const text of edges) {
        const { childQueue: queue, child } = parseEdge(text);
        yield { queue, id: child };
      }
      if (edges.length < pageEdges) return;
      after = edges.at(-1) ?? '';
    }
  }
}
