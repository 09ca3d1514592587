// `lunaq info`: gathers what is known of queues and workers.
import type { MinuteCounters } from '../reporting/counters.js';
import { getQueues } from '../registry.js';
import type { JobState } from '../scripts.js';
import type { WorkerInfo } from '../reporting/workers.js';
import { linesOf } from './info-view.js';
import { watch, type Look } from './live-view.js';
import { complainOfUnknown } from './queues.js';
import type { Session } from './session.js';

/** Most queues that are asked at the same time. */
const atOnce = 64;

/** ms of counters that are read: two minutes are needed, by the server's clock. */
const recent = 5 * 60_000;

/** Jobs per minute. */
interface Rates {
  readonly added: number;
  readonly completed: number;
  readonly failed: number;
}

export interface QueueInfo {
  readonly name: string;
  readonly paused: boolean;
  readonly counts: Readonly<Record<JobState, number>>;
  /** The job that waits longest, and for how many ms. */
  readonly oldest: { readonly id: string; readonly age: number } | null;
  readonly rates: Rates;
}

/** A worker with all of its queues that were looked at. */
export type WorkerSeen = Omit<WorkerInfo, 'id' | 'counters'>;

/** What is shown at one moment. */
export interface Info {
  /** ms since 1970. */
  readonly time: number;
  readonly queues: readonly QueueInfo[] | undefined;
  readonly workers: readonly WorkerSeen[] | undefined;
}

export interface InfoOptions {
  /** ms between two looks. */
  readonly interval?: number;
  readonly onlyQueues?: boolean;
  readonly onlyWorkers?: boolean;
}

export async function info(
  session: Session,
  names: readonly string[],
  options: InfoOptions,
): Promise<void> {
  const known = new Set(names.length > 0 ? await getQueues(session.place) : []);
  complainOfUnknown(session, names, known);
  const look = async (): Promise<Look> => {
    const seen = await gather(session, names, options);
    return { document: seen, lines: session.out.json ? [] : linesOf(session.out, seen) };
  };
  await watch(session.out, look, options.interval);
}

async function queueInfo(session: Session, name: string): Promise<QueueInfo> {
  const queue = session.queue(name);
  const [paused, counts, oldest, counters] = await Promise.all([
    queue.isPaused(),
    queue.getJobCounts(),
    queue.getOldestWaiting(),
    queue.getCounters({ from: Date.now() - recent }),
  ]);
  return { name, paused, counts, oldest: oldest ?? null, rates: ratesOf(counters.minutes) };
}

/** The last 60 s: the minute under way, and as much of the one before as is missing. */
function ratesOf(minutes: readonly MinuteCounters[]): Rates {
  const [before, now] = minutes.slice(-2);
  if (!now || !before) return { added: 0, completed: 0, failed: 0 };
  const missing = 1 - Math.min(1, Math.max(0, (Date.now() - now.time) / 60_000));
  const rate = (count: keyof Rates): number => Math.round(now[count] + before[count] * missing);
  return { added: rate('added'), completed: rate('completed'), failed: rate('failed') };
}

async function gather(
  session: Session,
  given: readonly string[],
  { onlyQueues = false, onlyWorkers = false }: InfoOptions,
): Promise<Info> {
  const names = given.length > 0 ? [...new Set(given)] : await getQueues(session.place);
  const queues: QueueInfo[] = [];
  const workers = new Map<string, WorkerSeen>();
  for (let from = 0; from < names.length; from += atOnce) {
    const some = names.slice(from, from + atOnce);
    const [infos, seen] = await Promise.all([
      onlyWorkers ? [] : Promise.all(some.map((name) => queueInfo(session, name))),
      onlyQueues ? [] : Promise.all(some.map((name) => session.queue(name).getWorkers())),
    ]);
    queues.push(...infos);
    for (const worker of seen.flat()) join(workers, worker);
  }
  return {
    time: Date.now(),
    queues: onlyWorkers ? undefined : queues,
    workers: onlyQueues ? undefined : [...workers.values()],
  };
}

/** A worker of several queues has a lease in each. */
function join(workers: Map<string, WorkerSeen>, worker: WorkerInfo): void {
  const { id, counters: _, ...seen } = worker;
  const gone = seen.state === 'gone';
  const key = gone ? id : [seen.host, seen.pid, seen.started, seen.name].join('\n');
  const known = workers.get(key);
  const joined = known && {
    ...known,
    state: known.state === 'busy' ? known.state : seen.state,
    heartbeat: Math.max(known.heartbeat, seen.heartbeat),
    active: known.active + seen.active,
    jobs: [...known.jobs, ...seen.jobs],
  };
  workers.set(key, joined ?? seen);
}
