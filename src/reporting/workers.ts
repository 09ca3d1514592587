// Reading who works on a queue: each worker's row, told by itself now and then, and what its lease says of it at this moment.
import type { Connection } from '../connection.js';
import { executeOne } from '../execute.js';
import type { QueueKeys } from '../keys.js';
import type { RunningJob, WorkerFacts } from './presence.js';
import { revive } from '../revive.js';
import { callOf } from '../script.js';
import * as scripts from '../scripts.js';
import type { WorkerRow } from '../scripts.js';
import type { Counters } from './tally.js';

/** What a worker has done of one queue since it was made. */
export type WorkerCounters = Pick<
  Counters,
  'started' | 'completed' | 'failed' | 'retried' | 'cancelled' | 'runTime'
>;

/** A worker as one of its queues sees it. */
export interface WorkerInfo {
  /** Its lease; another one after a lease was lost. */
  readonly id: string;
  /** The option `name`. */
  readonly name: string | undefined;
  readonly host: string;
  readonly pid: number;
  /** When it was made (ms, its own clock). */
  readonly started: number;
  /** When its lease was last renewed (ms, the server's clock). */
  readonly heartbeat: number;
  /** `gone`: its lease has ended without being given back, so it was killed, frozen or cut off. */
  readonly state: 'busy' | 'idle' | 'paused' | 'gone';
  /** The first 16 of its queues, and how many there are. */
  readonly queues: readonly string[];
  readonly queueCount: number;
  readonly concurrency: number;
  /** How many jobs of this queue it holds at this moment, claimed ahead included; of a gone one, those not taken back yet. */
  readonly active: number;
  /** The jobs that it ran when it last told, 100 at most, with the server's time (ms) at which each was claimed. */
  readonly jobs: readonly {
    readonly id: string;
    readonly name: string;
    readonly startedAt: number;
  }[];
  /** What it had done when it last told. */
  readonly counters: WorkerCounters;
}

interface StoredWorker extends WorkerFacts {
  readonly counters: WorkerCounters;
  readonly jobs: readonly RunningJob[];
}

type Fields<T> = { readonly [K in keyof T]?: unknown };

function areNumbers(...values: unknown[]): boolean {
  return values.every((value) => typeof value === 'number');
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

function areCounters(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { started, completed, failed, retried, cancelled, runTime } =
    value as Fields<WorkerCounters>;
  return areNumbers(started, completed, failed, retried, cancelled, runTime);
}

function isRunning(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [id, name, startedAt] = value as unknown[];
  return areTexts(id, name) && areNumbers(startedAt);
}

/** Whether it has the shape of what workers tell. */
function isStored(value: unknown): value is StoredWorker {
  if (typeof value !== 'object' || value === null) return false;
  const {
    name,
    host,
    pid,
    started,
    concurrency,
    lockDuration,
    queues,
    queueCount,
    jobs,
    counters,
  } = value as Fields<StoredWorker>;
  return (
    areTexts(name ?? '', host) &&
    areNumbers(pid, started, concurrency, lockDuration, queueCount) &&
    Array.isArray(queues) &&
    areTexts(...(queues as unknown[])) &&
    Array.isArray(jobs) &&
    jobs.every(isRunning) &&
    areCounters(counters)
  );
}

function parse(text: string): StoredWorker | undefined {
  try {
    const value: unknown = revive(text);
    return isStored(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for a row that nobody of ours wrote. */
function readWorker(
  { lease, deadline, held, row }: WorkerRow,
  now: number,
): WorkerInfo | undefined {
  const space = row.indexOf(' ');
  const renewed = Number(row.slice(0, space));
  const stored = parse(row.slice(space + 1));
  if (!stored || Number.isNaN(renewed)) return undefined;
  const alive = deadline !== undefined && deadline >= now;
  const { name, host, pid, started, lockDuration, queues, queueCount, concurrency } = stored;
  const jobs = alive && held === 0 ? [] : stored.jobs;
  const restful = stored.paused ? 'paused' : 'idle';
  return {
    id: lease,
    name,
    host,
    pid,
    started,
    heartbeat: (deadline || renewed) - lockDuration,
    state: alive ? (held > 0 ? 'busy' : restful) : 'gone',
    queues,
    queueCount,
    concurrency,
    active: held,
    jobs: jobs.map(([id, job, startedAt]) => ({ id, name: job, startedAt })),
    counters: stored.counters,
  };
}

/** All workers of a queue, the oldest first; those that have gone within the last hour too, if asked. Read a page at a time. */
export async function readWorkers(
  connection: Connection,
  keys: QueueKeys,
  gone: boolean,
): Promise<WorkerInfo[]> {
  const found = new Map<string, WorkerInfo>();
  let cursor = '0';
  do {
    const page = await executeOne(connection, callOf(scripts.workers, keys, { cursor }));
    for (const row of page.rows) {
      const worker = readWorker(row, page.now);
      if (worker && (gone || worker.state !== 'gone')) found.set(worker.id, worker);
    }
    cursor = page.cursor;
  } while (cursor !== '0');
  return [...found.values()].toSorted((a, b) => a.started - b.started || (a.id < b.id ? -1 : 1));
}

/** How many workers of a queue live. */
export async function countWorkers(connection: Connection, keys: QueueKeys): Promise<number> {
  return (await executeOne(connection, callOf(scripts.workers, keys, { cursor: '' }))).alive;
}
