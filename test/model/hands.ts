// A worker that does only what it is told. It is the public Worker: paused but while a step lets it claim, as many jobs as that says; its
// handlers wait until a step ends them. `maxStalledCount` 0 is how a worker is told to claim nothing ahead of its slots; jobs that were
// lost are judged by the worker that sweeps, which is another one. Its own sweeps and renewals are farther off than any test is long.
import { DelayedError, UnrecoverableError, Worker, type Job, type Queue } from '../../src/index.js';
import { until } from '../helpers/live.js';
import type { WatchedConnection } from './connection.js';
import type { Run } from './state.js';
import { codecOf } from './texts.js';
import { maxStalledCount } from './sweeps.js';
import { WorkerModel, type Ending } from './workers.js';

/** Longer than a test. */
const never = 2 ** 31 - 1;
const day = 24 * 3_600_000;

/** A claimed job whose handler waits. */
export interface Hand {
  readonly job: Job;
  readonly signal: AbortSignal;
  readonly end: (ending: Ending) => void;
}

function errorOf(ending: Exclude<Ending, { how: 'complete' }>): Error {
  if (ending.how === 'put off') return new DelayedError(ending.until ? undefined : ending.ms);
  if (ending.how === 'give up') return new UnrecoverableError(ending.reason);
  return new Error(ending.reason);
}

export class ToldWorker {
  readonly model: WorkerModel;
  readonly worker: Worker;
  readonly errors: Error[] = [];
  readonly hands = new Map<Run, Hand>();
  readonly #connection: WatchedConnection;
  #fresh: Hand[] = [];
  #closed: Promise<void> | undefined;

  constructor(queue: Queue, prefix: string, connection: WatchedConnection) {
    this.model = new WorkerModel(queue.name);
    this.#connection = connection;
    const handler = (job: Job, _token: string, signal: AbortSignal): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const end = (ending: Ending): void => {
          if (ending.how === 'complete') resolve(ending.value);
          else {
            if (ending.how === 'put off' && ending.until) void job.moveToDelayed(Date.now() + ending.ms); // prettier-ignore
            reject(errorOf(ending));
          }
        };
        this.#fresh.push({ job, signal, end });
      });
    this.worker = new Worker(queue.name, handler, {
      connection: connection.instance,
      prefix,
      codec: codecOf(queue.name),
      autorun: false,
      lockDuration: day,
      stalledInterval: never,
      maxStalledCount: 0,
      stopTimeout: never,
      closeTimeout: never,
    });
    this.worker.on('error', (error) => void this.errors.push(error));
    void this.worker.pause(true);
    void this.worker.run();
  }

  /** Claims as many jobs as it can, `slots` at most. `due`: its timer for delayed jobs is to be waited for. */
  async claim(slots: number, due: boolean): Promise<void> {
    this.worker.concurrency = this.hands.size + slots;
    this.worker.resume();
    await this.#connection.idle();
    if (due) {
      // Its timer was set before this one, for an earlier time.
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
      await this.#connection.idle();
    }
    await this.worker.pause(true);
  }

  /** Claims no more; when the last handler has ended it is closed. */
  async shut(): Promise<void> {
    this.#closed = this.worker.close();
    if (this.hands.size === 0) await this.#closed;
  }

  /** Those that it has claimed since; throws when it claimed others than the model says. */
  took(runs: readonly Run[]): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    const claimed = fresh.map(({ job }) => job.id as string).toSorted();
    const expected = runs.map(({ id }) => id).toSorted();
    if (claimed.join() !== expected.join())
      throw new Error(`claimed ${claimed.join() || 'nothing'}, but the model says ${expected.join() || 'nothing'}`); // prettier-ignore
    for (const run of runs) this.hands.set(run, fresh.find(({ job }) => job.id === run.id) as Hand);
  }

  /** Lets a handler end. One that may take 1 ms has taken too long by then. */
  async end(run: Run, ending: Ending): Promise<void> {
    const hand = this.hands.get(run) as Hand;
    if (run.job.spec.opts.timeout !== undefined) await until(() => hand.signal.aborted);
    this.hands.delete(run);
    hand.end(ending);
    if (this.hands.size === 0) await this.#closed;
  }
}

/** One sweep of a queue, by a worker that claims nothing. */
export async function sweepOnce(
  queue: string,
  prefix: string,
  connection: WatchedConnection,
): Promise<Error[]> {
  const errors: Error[] = [];
  const sweeper = new Worker(queue, () => Promise.resolve(), {
    connection: connection.instance,
    prefix,
    autorun: false,
    // After it was connected for this long it declares leases dead; it opens none itself.
    lockDuration: 100,
    stalledInterval: 10_000,
    maxStalledCount,
  });
  sweeper.on('error', (error) => void errors.push(error));
  await sweeper.pause(true);
  void sweeper.run();
  await connection.idle();
  await sweeper.close();
  return errors;
}
