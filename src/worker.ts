// The worker's public side: its options and events, its life from run to close, and the run of one handler.
// Claiming and settling are in cycle.ts, where a retry is decided in retry.ts.
import { Caller } from './caller.js';
import { Connection } from './connection.js';
import { Cycle } from './cycle.js';
import { asError, LeaseLostError, QueueError } from './errors.js';
import { SafeEmitter } from './events.js';
import { Job } from './job.js';
import { defaultPrefix, queueKeys } from './keys.js';
import {
  queueNameOf,
  wholeNumber,
  workerSettings,
  type WorkerOptions,
  type WorkerSettings,
} from './options.js';
import { completion, failed, type Run } from './run.js';
import type { JobId } from './script.js';
import type { Ending } from './settles.js';
import { Store } from './store.js';
import { Sweeper } from './sweeper.js';
import { warnAboutServer } from './warnings.js';

/** Runs one job. What it returns is kept as JSON; what it throws fails the attempt. */
export type Handler<Data = unknown, Result = unknown, Name extends string = string> = (
  job: Job<Data, Result, Name>,
  token: string,
  signal: AbortSignal,
) => Promise<Result> | Result;

/** A handler for each job name; a job without one fails. */
export type Handlers<Data = unknown, Result = unknown, Name extends string = string> = {
  readonly [N in Name]?: Handler<Data, Result, N>;
};

export type WorkerEvents<Data, Result, Name extends string> = {
  /** A job begins to run. */
  active: [job: Job<Data, Result, Name>, prev: 'waiting'];
  /** A job's result was accepted. */
  completed: [job: Job<Data, Result, Name>, result: Result, prev: 'active'];
  /** An attempt failed; the job is undefined when only its id is known to be lost too often. */
  failed: [job: Job<Data, Result, Name> | undefined, error: Error, prev: 'active'];
  /** A job was lost with its worker, and may be claimed again. */
  stalled: [jobId: string, prev: 'active'];
  /** Nothing is left to claim. */
  drained: [];
  paused: [];
  resumed: [];
  ready: [];
  closing: [];
  closed: [];
  error: [error: Error];
};

/** ms that a closing worker waits for a server that is not there. */
const farewell = 2_000;

/** Claims jobs of one queue and runs them. */
export class Worker<
  Data = unknown,
  Result = unknown,
  Name extends string = string,
> extends SafeEmitter<WorkerEvents<Data, Result, Name>> {
  readonly name: string;
  readonly #handlers: Handler<Data, Result, Name> | Handlers<Data, Result, Name>;
  readonly #settings: WorkerSettings;
  readonly #connection: Connection;
  readonly #store: Store;
  readonly #cycle: Cycle;
  readonly #sweeper: Sweeper;
  readonly #runs = new Set<Run>();
  readonly #unlisten: () => void;
  #concurrency: number;
  /** How many handlers run. */
  #busy = 0;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #paused = false;
  #bursting = false;
  #changed: (() => void)[] = [];

  /** Throws TypeError or RangeError for a name, handler or option that can't be. */
  constructor(
    name: string,
    handler: Handler<Data, Result, Name> | Handlers<Data, Result, Name>,
    options: WorkerOptions = {},
  ) {
    super();
    this.name = queueNameOf('name', name);
    if (typeof handler !== 'function' && (typeof handler !== 'object' || handler === null))
      throw new TypeError(
        `handler: expected a function, or an object of functions by job name, got ${String(handler)}`,
      );
    this.#handlers = handler;
    this.#settings = workerSettings(options);
    this.#concurrency = this.#settings.concurrency;
    const keys = queueKeys(this.name, queueNameOf('prefix', options.prefix ?? defaultPrefix));
    this.#connection = Connection.acquire(options.connection);
    this.#store = new Store(this.#connection, keys, new Caller());
    this.#cycle = new Cycle(this.#connection, keys, this.#settings, {
      start: (run) => this.#start(run),
      free: () => this.#concurrency - this.#busy,
      holds: (id, token) => [...this.#runs].some((run) => run.id === id && run.token === token),
      held: (lease) => [...this.#runs].filter((run) => run.lease === lease).length,
      leaseLost: (lease) => {
        for (const run of this.#runs)
          if (run.lease === lease) run.abort(lease.signal.reason as Error);
      },
      claimed: () => this.#tellChange(),
      drained: () => this.emit('drained'),
      error: (error) => this.#trouble(error),
    });
    this.#sweeper = new Sweeper(this.#connection, keys, this.#settings, {
      stalled: (id) => this.emit('stalled', id, 'active'),
      condemned: (id, error) => void this.#tellCondemned(id, error),
      due: (ms) => this.#cycle.dueIn(ms),
      error: (error) => this.#trouble(error),
    });
    this.#unlisten = this.#connection.listen({ onError: (error) => this.report(error) });
    warnAboutServer(this.#connection);
    if (this.#settings.autorun) void this.run().catch((error: unknown) => this.report(error));
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  /** Most jobs at the same time; may be changed while running. */
  set concurrency(value: number) {
    this.#concurrency = wholeNumber('concurrency', value, 1, 10_000);
    this.#cycle.kick();
  }

  isRunning(): boolean {
    return this.#running !== undefined && !this.#closing;
  }

  isPaused(): boolean {
    return this.#paused;
  }

  /**
   * Runs until `close()`. With `burst`, it ends when everything claimable is done, its own retries without delay included; the worker
   * can then be run again, or closed.
   */
  run({ burst = false }: { burst?: boolean } = {}): Promise<void> {
    if (this.#closing)
      return Promise.reject(new QueueError('CLOSED', `worker of ${this.name} was closed`));
    if (this.#running)
      return Promise.reject(new QueueError('CLOSED', `worker of ${this.name} runs already`));
    this.#running = (burst ? this.#burst() : this.#untilClosed()).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #untilClosed(): Promise<void> {
    this.#begin();
    await this.#until(() => this.#closing !== undefined);
  }

  async #burst(): Promise<void> {
    this.#bursting = true;
    this.#begin();
    const done = (): boolean =>
      this.#runs.size === 0 &&
      this.#cycle.waiting === 0 &&
      (this.#cycle.lastWord === 'empty' || this.#cycle.lastWord === 'paused');
    await this.#until(() => this.#closing !== undefined || done());
    this.#bursting = false;
    if (this.#closing) return;
    this.#cycle.stopClaiming();
    await this.#sweeper.stop();
    await this.#cycle.idle();
  }

  #begin(): void {
    this.#cycle.lastWord = undefined;
    this.#sweeper.start();
    if (!this.#paused) this.#cycle.claim();
    // Later, so that who made the worker can listen first.
    queueMicrotask(() => this.emit('ready'));
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed.push(resolve);
      });
    }
  }

  #tellChange(): void {
    if (this.#changed.length > 0) for (const resolve of this.#changed.splice(0)) resolve();
  }

  #start(run: Run): void {
    this.#runs.add(run);
    this.#busy += 1;
    void this.#run(run);
  }

  /** One attempt from start to settle. Never rejects. */
  async #run(run: Run): Promise<void> {
    let job: Job<Data, Result, Name> | undefined;
    let result: Result | undefined;
    let error: Error | undefined;
    let ending: Ending;
    try {
      job = Job.claimed<Data, Result, Name>(this.#store, run);
      this.emit('active', job, 'waiting');
      const handler = this.#handlerOf(job);
      // A signal of its own only for a handler that takes one: it costs more than all else here.
      const signal = handler.length < 3 ? run.lease.over : run.signal;
      result = await handler(job, run.token, signal);
      ending = completion(run, job, result);
    } catch (thrown) {
      error = asError(thrown);
      ending = failed(run, job, error);
    }
    this.#busy -= 1;
    const settled = run.abandoned ? 'lost' : this.#cycle.settles.add(ending);
    this.#cycle.slotFree();
    const outcome = await settled;
    this.#runs.delete(run);
    this.#cycle.suspicion.ended(run.id, outcome === 'settled');
    if (outcome === 'settled') this.#tell(job, ending, error, result as Result);
    else if (outcome === 'lost' && !run.abandoned) this.#refused(run);
    if (this.#bursting) this.#cycle.lookAgain();
    this.#tellChange();
  }

  #handlerOf(job: Job<Data, Result, Name>): Handler<Data, Result, Name> {
    if (typeof this.#handlers === 'function') return this.#handlers;
    const handler = Object.hasOwn(this.#handlers, job.name) ? this.#handlers[job.name] : undefined;
    if (handler) return handler;
    throw new QueueError('NO_HANDLER', `no handler for jobs named ${JSON.stringify(job.name)}`, {
      ids: [job.id],
    });
  }

  /** The settle was accepted. */
  #tell(
    job: Job<Data, Result, Name> | undefined,
    ending: Ending,
    error: Error | undefined,
    result: Result,
  ): void {
    if (!error) {
      if (!job) return;
      job.returnvalue = result;
      job.attemptsMade += 1;
      job.finishedOn = Date.now();
      this.emit('completed', job, result, 'active');
      return;
    }
    if (ending.kind === 'retry' && ending.item.delay > 0) this.#cycle.dueIn(ending.item.delay);
    if (job) {
      job.attemptsMade += 1;
      job.failedReason = error.message;
      job.stacktrace = [error.stack ?? ''];
      if (ending.kind === 'fail') job.finishedOn = Date.now();
    }
    this.emit('failed', job, error, 'active');
  }

  /** Calls that end with the connection, after the worker was closed, are nobody's concern. */
  #trouble(error: unknown): void {
    if (!this.#connection.closed) this.report(error);
  }

  #refused(run: Run): void {
    this.report(
      new LeaseLostError(
        `the result of job ${run.id} was refused: its claim is no longer this worker's`,
      ),
    );
  }

  async #tellCondemned(id: JobId, error: Error): Promise<void> {
    const job = await this.#store.getJob<Data, Result, Name>(id).catch(() => undefined);
    this.emit('failed', job, error, 'active');
  }

  /** Claims no more until `resume`. Resolves when the jobs in hand have ended, unless `doNotWaitActive`. */
  async pause(doNotWaitActive = false): Promise<void> {
    this.#paused = true;
    this.#cycle.stopClaiming();
    if (!doNotWaitActive) await this.#until(() => this.#runs.size === 0);
    this.emit('paused');
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.isRunning()) this.#cycle.claim();
    this.emit('resumed');
  }

  /**
   * Stops claiming at once and lets handlers finish. After `closeTimeout`, or at once when forced, their signal fires and their jobs
   * are handed back to the head of the queue without burning an attempt; what those handlers end with counts no more.
   */
  close(force = false): Promise<void> {
    if (force) this.#handBack();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.emit('closing');
    this.#cycle.stopClaiming();
    const sweeping = this.#sweeper.stop();
    const timer = setTimeout(() => this.#handBack(), this.#settings.closeTimeout);
    this.#tellChange();
    await this.#until(() => [...this.#runs].every((run) => run.abandoned));
    clearTimeout(timer);
    // Without a server nothing can be given back: the lease ends by itself, and reclaim finds what it held.
    const given = Promise.all([sweeping, this.#cycle.idle()]).then(() => this.#cycle.close());
    const over = new AbortController();
    await Promise.race([given, this.#connection.gone(farewell, over.signal)]);
    over.abort();
    await this.#running;
    this.#unlisten();
    this.#connection.release();
    this.emit('closed');
  }

  /** Gives up every job in hand, in the order in which they were claimed. */
  #handBack(): void {
    const reason = new LeaseLostError('the worker was closed: the job was handed back');
    for (const run of this.#runs) {
      if (run.abandoned) continue;
      run.abandoned = true;
      run.abort(reason);
      run.lease.giveUp(reason);
      void this.#cycle.settles.handback({ id: run.id, token: run.token });
    }
    this.#cycle.kick();
    this.#tellChange();
  }
}
