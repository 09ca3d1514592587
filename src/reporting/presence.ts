// What a worker tells of itself in one of its queues: who it is, what it runs, what it has counted. It tells when its lease was opened,
// then at each tick of its sweeper that finds news; an idle worker sends nothing, since its lease says that it lives.
import { hostname } from 'node:os';
import type { Caller } from '../caller.js';
import type { Connection } from '../connection.js';
import { isPassing } from '../errors.js';
import type { Lease } from '../lease.js';
import { Reports } from './reports.js';
import type { LeaseId, WorkerText } from '../script.js';
import type { Store } from '../store.js';

/** Most jobs that a worker's row names. */
export const namedJobs = 100;
/** Most bytes of a row that names jobs. */
const maxRowBytes = 8 * 1024;
/** Most queues that a worker's row names. */
const namedQueues = 16;

/** Who a worker is. */
export interface WorkerIdentity {
  readonly host: string;
  readonly pid: number;
  /** When it was made (ms, its own clock). */
  readonly started: number;
  /** The first of its queues. */
  readonly queues: readonly string[];
  readonly queueCount: number;
}

/** What holds of a worker in all its queues. */
export interface WorkerFacts extends WorkerIdentity {
  readonly name?: string | undefined;
  readonly concurrency: number;
  readonly lockDuration: number;
  readonly paused: boolean;
}

/** Of a worker of these queues that is made here and now. */
export function identityOf(queues: readonly string[]): WorkerIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    started: Date.now(),
    queues: queues.slice(0, namedQueues),
    queueCount: queues.length,
  };
}

/** Id, name and start (server's ms) of a job that runs. */
export type RunningJob = readonly [id: string, name: string, startedAt: number];

export class Presence {
  readonly #connection: Connection;
  readonly #store: Store;
  readonly #reports: Reports;
  readonly #facts: () => WorkerFacts;
  readonly #jobs: () => RunningJob[];
  readonly #onError: (error: unknown) => void;
  #sending = false;
  /** The lease under which its row is stored. */
  #lease: LeaseId | undefined;
  /** What the row says, and the time (ms, monotonic) of the connection on which it was sent: another server may not have it. */
  #row = '';
  #connectedAt = 0;

  constructor(
    connection: Connection,
    store: Store,
    facts: () => WorkerFacts,
    jobs: () => RunningJob[],
    onError: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.#store = store;
    this.#reports = new Reports(connection, store.keys, store.tally);
    this.#facts = facts;
    this.#jobs = jobs;
    this.#onError = onError;
  }

  #rowText(): WorkerText {
    const { started, completed, failed, condemned, retried, cancelled, runTime } =
      this.#store.tally;
    const counters = {
      started,
      completed,
      failed: failed - condemned,
      retried,
      cancelled,
      runTime,
    };
    const row = { ...this.#facts(), counters };
    const jobs = this.#jobs();
    // Names and ids may be long: a page of rows must not be.
    for (;;) {
      const text = JSON.stringify({ ...row, jobs });
      if (jobs.length === 0 || Buffer.byteLength(text) <= maxRowBytes) return text as WorkerText;
      jobs.length >>= 1;
    }
  }

  /** Tells what is new, if anything is and nothing is on its way. */
  async tell(lease: Lease | undefined): Promise<void> {
    if (this.#sending || !lease || lease.dead || !this.#connection.isReady) return;
    const row = this.#rowText();
    const { connectedAt } = this.#connection;
    const known = row === this.#row && lease.id === this.#lease;
    if (known && connectedAt === this.#connectedAt && !this.#reports.news) return;
    this.#sending = true;
    const former = this.#lease === undefined || this.#lease === lease.id ? '' : this.#lease;
    try {
      const word = await this.#reports.send(lease.caller, { lease: lease.id, row, former });
      if (word === 'dead') lease.die();
      if (word === 'reported') {
        this.#lease = lease.id;
        this.#row = row;
        this.#connectedAt = connectedAt;
      }
    } catch (error) {
      if (!isPassing(error)) this.#onError(error);
    } finally {
      this.#sending = false;
    }
  }

  /** Whether an unanswered copy of a report may still arrive. */
  get echoes(): boolean {
    return this.#reports.echoes;
  }

  /** Tells the last counts, under the lease or, without one, as a client of the queue. */
  async end(lease: Lease | undefined, other: Caller): Promise<void> {
    try {
      if (lease && !lease.dead) {
        const row = { lease: lease.id, row: '' as const, former: '' as const };
        if ((await this.#reports.send(lease.caller, row)) !== 'dead') return;
      }
      await this.#reports.send(other);
    } catch (error) {
      if (!isPassing(error)) this.#onError(error);
    }
  }
}
