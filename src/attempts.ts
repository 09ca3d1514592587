// The attempts of one worker, each from its start to the answer of its settle: its handler runs and returns or throws; or it
// takes too long, or is asked to stop, and is given up on when it ignores its signal; or the worker closes and hands it back.
import {
  asError,
  JobCancelledError,
  JobTimeoutError,
  LeaseLostError,
  QueueError,
  UnrecoverableError,
} from './errors.js';
import type { Cycle } from './cycle.js';
import type { HandlerTable } from './handlers.js';
import { Job } from './job.js';
import type { Lease } from './lease.js';
import type { WorkerSettings } from './options.js';
import { completion, failed, stopped, type Run } from './run.js';
import type { JobId, Token } from './script.js';
import type { Ending, SettleResult } from './settles.js';
import type { Slots } from './slots.js';
import type { Store } from './store.js';

/** Where a job comes from, and where its settle goes. */
export interface Home {
  readonly store: Store;
  readonly cycle: Cycle;
}

export interface AttemptHooks<Data, Result, Name extends string> {
  readonly active: (job: Job<Data, Result, Name>) => void;
  readonly completed: (job: Job<Data, Result, Name>, result: Result) => void;
  readonly failed: (job: Job<Data, Result, Name> | undefined, error: Error) => void;
  readonly cancelled: (job: Job<Data, Result, Name>, reason: Error) => void;
  readonly error: (error: Error) => void;
  /** An attempt is over, its settle answered. */
  readonly over: (home: Home) => void;
}

export class Attempts<Data, Result, Name extends string> {
  readonly #handlers: HandlerTable<Data, Result, Name>;
  readonly #settings: WorkerSettings;
  readonly #slots: Slots;
  readonly #hooks: AttemptHooks<Data, Result, Name>;
  readonly #runs = new Map<Run, Home>();

  constructor(
    handlers: HandlerTable<Data, Result, Name>,
    settings: WorkerSettings,
    slots: Slots,
    hooks: AttemptHooks<Data, Result, Name>,
  ) {
    this.#handlers = handlers;
    this.#settings = settings;
    this.#slots = slots;
    this.#hooks = hooks;
  }

  /** How many are in hand: their handlers run, or their settles were not answered yet. */
  get size(): number {
    return this.#runs.size;
  }

  /** Whether nothing is in hand but what was handed back. */
  get allAbandoned(): boolean {
    return [...this.#runs.keys()].every((run) => run.abandoned);
  }

  holds(id: JobId, token: Token): boolean {
    return this.find(id, token) !== undefined;
  }

  find(id: JobId, token: Token): Run | undefined {
    return [...this.#runs.keys()].find((run) => run.id === id && run.token === token);
  }

  /** Jobs of one queue whose handlers run, `most` of them at most. */
  current(of: Home, most: number): Run[] {
    const found: Run[] = [];
    for (const [run, home] of this.#runs) {
      if (home !== of || run.ended) continue;
      if (found.push(run) === most) break;
    }
    return found;
  }

  under(lease: Lease): Run[] {
    return [...this.#runs.keys()].filter((run) => run.lease === lease);
  }

  start(run: Run, home: Home): void {
    this.#runs.set(run, home);
    this.#slots.busy += 1;
    home.store.tally.begins(this.#slots.pace.at);
    void this.#run(run, home);
  }

  /** Never rejects. */
  async #run(run: Run, home: Home): Promise<void> {
    let result: Result | undefined;
    let error: Error | undefined;
    try {
      const job = Job.claimed<Data, Result, Name>(home.store, run);
      run.job = job;
      home.store.tally.waited(job);
      this.#hooks.active(job);
      const handler = this.#handlers.of(job);
      const { timeout } = job.opts;
      // A signal of its own only where somebody may look at it.
      const own = timeout !== undefined || this.#handlers.takesSignal(handler);
      const signal = own ? run.signal : run.lease.over;
      if (timeout !== undefined) this.#limit(run, timeout);
      result = await handler(job, run.token, signal);
    } catch (thrown) {
      error = asError(thrown);
    }
    if (!run.ended) this.#end(run, home, result, error);
  }

  /** The attempt is over, or was given up on. No promise is made here for a job that completes. */
  #end(run: Run, home: Home, result: Result | undefined, thrown: Error | undefined): void {
    run.ended = true;
    if (run.timer) clearTimeout(run.timer);
    let error = run.timedOut ?? thrown;
    let ending: Ending | Promise<Ending> | undefined;
    if (!run.abandoned && !error) {
      try {
        const { resultBytes } = this.#settings.limits;
        ending = completion(run, run.job as Job, result, resultBytes, home.store.codecs);
      } catch (cause) {
        // The work is done: another attempt would do it again and could keep its result no more than this one.
        error = new UnrecoverableError(asError(cause).message, { cause });
      }
    }
    if (!run.abandoned && error) ending = this.#failure(run, home, error);
    if (ending instanceof Promise)
      void ending.then((decided) => this.#settle(run, home, decided, result, error));
    else this.#settle(run, home, ending, result, error);
  }

  /** It is known how the attempt ends. */
  #settle(
    run: Run,
    home: Home,
    decided: Ending | undefined,
    result: Result | undefined,
    error: Error | undefined,
  ): void {
    this.#slots.busy -= 1;
    // It may have been handed back while a backoff strategy was asked.
    const ending = run.abandoned ? undefined : decided;
    if (ending) {
      run.settling = true;
      home.cycle.settles.add(ending, (outcome) =>
        this.#settled(run, home, ending, result, error, outcome),
      );
    }
    const { pace } = this.#slots;
    const before = pace.at;
    home.cycle.kick();
    this.#slots.fill();
    // As a rule another job has taken the slot, and the clock was read for its start.
    const now = pace.at === before ? performance.now() : pace.at;
    home.store.tally.ends(now);
    if (this.#slots.busy === 0) pace.idle(now);
    if (ending) return;
    this.#over(run, home, false);
    this.#hooks.over(home);
  }

  /** Redis has answered. */
  #settled(
    run: Run,
    home: Home,
    ending: Ending,
    result: Result | undefined,
    error: Error | undefined,
    outcome: SettleResult,
  ): void {
    if (outcome === 'stopping') {
      const stop = stopped(run, run.job?.opts);
      home.cycle.settles.add(stop, (again) => this.#settled(run, home, stop, result, error, again));
      home.cycle.kick();
      return;
    }
    this.#over(run, home, outcome === 'settled');
    if (outcome === 'settled') this.#tell(run, home, ending, error, result as Result);
    else if (outcome === 'lost' && !run.abandoned) this.#refused(run);
    this.#hooks.over(home);
  }

  #over(run: Run, home: Home, well: boolean): void {
    this.#runs.delete(run);
    const { cycle } = home;
    if (run.lease !== cycle.lease) return;
    cycle.claims.suspicion.ended(run.id, well);
    // More suspects may be taken now.
    if (cycle.claims.lastWord === 'held off') cycle.lookAgain();
  }

  #failure(run: Run, { store }: Home, error: Error): Ending | Promise<Ending> {
    const { job } = run;
    if (run.cancelled) return stopped(run, job?.opts);
    return failed(run, job, error, store.codecs, (attempts, type) => {
      const { backoffStrategy } = this.#settings;
      if (!backoffStrategy)
        throw new TypeError(`the worker has no settings.backoffStrategy for type ${type}`);
      return backoffStrategy(attempts, type, error, job as Job);
    });
  }

  #limit(run: Run, timeout: number): void {
    run.timer = setTimeout(() => {
      run.timedOut = new JobTimeoutError(`the attempt took longer than ${timeout} ms`);
      this.#stop(run, run.timedOut);
    }, timeout);
  }

  /** Its signal fires; it keeps its slot for a grace time at most. */
  #stop(run: Run, reason: Error): void {
    clearTimeout(run.timer);
    run.abort(reason);
    run.timer = setTimeout(() => this.#giveUp(run, reason), this.#settings.stopTimeout);
  }

  #giveUp(run: Run, reason: Error): void {
    const home = this.#runs.get(run);
    if (!home || run.ended) return;
    const message = `the handler of job ${run.id} ignores its signal (${reason.message}): it was given up on`;
    this.#hooks.error(new QueueError('HANDLER_STUCK', message, { ids: [run.id], cause: reason }));
    this.#end(run, home, undefined, reason);
  }

  /** Somebody asked the job to stop. */
  cancel(run: Run, reason: Error): void {
    if (run.ended || run.abandoned || run.cancelled) return;
    run.cancelled = reason;
    // After a time-out its grace is running already.
    if (!run.timedOut) this.#stop(run, reason);
  }

  /** The lease was found dead: its jobs may be with another worker. */
  leaseLost(lease: Lease): void {
    for (const run of this.under(lease)) run.abort(lease.signal.reason as Error);
  }

  /** Gives up every job in hand, in the order in which they were claimed. */
  handBack(): void {
    const reason = new LeaseLostError('the worker was closed: the job was handed back');
    for (const [run, { cycle }] of this.#runs) {
      if (run.abandoned) continue;
      run.abandoned = true;
      run.abort(reason);
      run.lease.giveUp(reason);
      clearTimeout(run.timer);
      if (!run.settling) cycle.handbacks.started(run);
    }
  }

  /** The settle was accepted. */
  #tell(run: Run, { cycle }: Home, ending: Ending, error: Error | undefined, result: Result): void {
    const job = run.job as Job<Data, Result, Name> | undefined;
    if ('delay' in ending.item && ending.item.delay > 0) cycle.dueIn(ending.item.delay);
    switch (ending.kind) {
      case 'complete':
        if (!job) return;
        job.returnvalue = result;
        job.attemptsMade += 1;
        job.finishedOn = Date.now();
        this.#hooks.completed(job, result);
        return;
      case 'stop': {
        if (!job) return;
        const reason = run.cancelled ?? new JobCancelledError('cancelled');
        job.failedReason = reason.message;
        job.finishedOn = Date.now();
        this.#hooks.cancelled(job, reason);
        return;
      }
      case 'fail':
      case 'retry':
        if (job && error) {
          job.attemptsMade += 1;
          job.failedReason = error.message;
          job.stacktrace = [error.stack ?? ''];
          if (ending.kind === 'fail') job.finishedOn = Date.now();
        }
        this.#hooks.failed(job, error as Error);
        return;
      case 'delay':
        return;
    }
  }

  #refused(run: Run): void {
    this.#hooks.error(
      new LeaseLostError(
        `the result of job ${run.id} was refused: its claim is no longer this worker's`,
      ),
    );
  }
}
