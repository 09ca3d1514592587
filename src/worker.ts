// The worker's public side: its options and events, and its life from run to close. Its attempts are in attempts.ts, claiming
// and settling in cycle.ts, where a retry is decided in retry.ts.
import { Attempts, type Home } from './attempts.js';
import { knownOptions, queueNameOf, wholeNumber, yesOrNo } from './checks.js';
import { Connection } from './connection.js';
import { asError, QueueError } from './errors.js';
import { SafeEmitter } from './events.js';
import { Family } from './family.js';
import { HandlerTable, type Handler, type Handlers } from './handlers.js';
import type { Job } from './job.js';
import { defaultPrefix } from './keys.js';
import { workerSettings, type WorkerOptions, type WorkerSettings } from './options.js';
import { identityOf, type WorkerFacts, type WorkerIdentity } from './reporting/presence.js';
import { queueNamesOf } from './queue-names.js';
import type { JobId } from './script.js';
import { ServedQueue } from './served-queue.js';
import { ServedQueues } from './served-queues.js';
import { Rota } from './rota.js';
import { Slots } from './slots.js';
import { warnAboutServer } from './warnings.js';
import type { WorkerEvents } from './worker-events.js';

export type { Handler, Handlers } from './handlers.js';
export type { WorkerEvents } from './worker-events.js';

/** ms that a closing worker waits for a server that is not there. */
const farewell = 2_000;

/**
 * Claims jobs and runs them, of one queue or of several. Of several, a job of one runs when those named before it have nothing
 * claimable; with `weights`, each queue gets its share.
 */
export class Worker<
  Data = unknown,
  Result = unknown,
  Name extends string = string,
> extends SafeEmitter<WorkerEvents<Data, Result, Name>> {
  /** Names of its queues, with a comma between them. */
  readonly name: string;
  readonly queueNames: readonly string[];
  readonly #settings: WorkerSettings;
  readonly #identity: WorkerIdentity;
  readonly #connection: Connection;
  readonly #family: Family;
  readonly #slots: Slots;
  readonly #rota: Rota;
  readonly #attempts: Attempts<Data, Result, Name>;
  readonly #queues: ServedQueues;
  readonly #unlisten: () => void;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #paused = false;
  /** `ends`: the burst has done what it could, and claims no more. */
  #burstPhase: 'works' | 'ends' | undefined;
  #changed: (() => void)[] = [];

  /** Throws TypeError or RangeError for a name, handler or option that can't be. */
  constructor(
    name: string | readonly string[],
    handler: Handler<Data, Result, Name> | Handlers<Data, Result, Name>,
    options: WorkerOptions = {},
  ) {
    super();
    this.queueNames = queueNamesOf(name);
    this.name = this.queueNames.join(',');
    const handlers = new HandlerTable(handler);
    this.#settings = workerSettings(options, this.queueNames);
    this.#identity = identityOf(this.queueNames);
    const prefix = queueNameOf('prefix', options.prefix ?? defaultPrefix);
    this.#connection = Connection.acquire(options.connection);
    this.#family = new Family(this.#connection, prefix);
    this.#slots = new Slots(this.#connection, this.#settings);
    this.#rota = new Rota(this.#settings.stalledInterval);
    this.#attempts = new Attempts(handlers, this.#settings, this.#slots, {
      active: (job) => this.emit('active', job, 'waiting'),
      completed: (job, result) => this.emit('completed', job, result, 'active'),
      failed: (job, error) => this.emit('failed', job, error, 'active'),
      cancelled: (job, reason) => this.emit('cancelled', job, reason, 'active'),
      error: (error) => this.report(error),
      over: (home) => this.#over(home),
    });
    this.#queues = new ServedQueues(this.queueNames.map((queue) => this.#serve(queue)));
    this.#unlisten = this.#connection.listen({ onError: (error) => this.report(error) });
    warnAboutServer(this.#connection);
    if (this.#settings.autorun) void this.run().catch((error: unknown) => this.report(error));
  }

  #serve(queue: string): ServedQueue {
    const shared = {
      connection: this.#connection,
      family: this.#family,
      settings: this.#settings,
      slots: this.#slots,
      rota: this.#rota,
      attempts: this.#attempts,
      facts: () => this.#facts(),
    };
    return new ServedQueue(queue, shared, {
      claimed: (found) => this.#claimed(found),
      stalled: (id) => this.emit('stalled', id, 'active'),
      progress: (job, progress) => this.emit('progress', job as Job<Data, Result, Name>, progress),
      condemned: (served, id, error) => void this.#tellCondemned(served, id, error),
      error: (error) => this.#trouble(error),
    });
  }

  /** What `queue.getWorkers()` tells of it. */
  #facts(): WorkerFacts {
    const { name, lockDuration } = this.#settings;
    return {
      ...(name === undefined ? {} : { name }),
      ...this.#identity,
      concurrency: this.concurrency,
      lockDuration,
      paused: this.#paused,
    };
  }

  get concurrency(): number {
    return this.#slots.concurrency;
  }

  /** Most jobs at the same time, of all queues together; may be changed while running. */
  set concurrency(value: number) {
    this.#slots.concurrency = wholeNumber('concurrency', value, 1, 10_000);
    this.#slots.fill();
  }

  /** Resolves when Redis is there; nothing needs to wait for it. Rejects with UNAVAILABLE after 10 s. */
  waitUntilReady(): Promise<void> {
    return this.#connection.waitUntilReady();
  }

  isRunning(): boolean {
    return this.#running !== undefined && !this.#closing && this.#burstPhase !== 'ends';
  }

  isPaused(): boolean {
    return this.#paused;
  }

  /**
   * Runs until `close()`. With `burst`, it ends when everything claimable is done, its own retries without delay included, and jobs under
   * leases of dead workers that had ended before, for which it may wait one `lockDuration`; the worker can then be run again, or closed.
   * Rejects with CLOSED; TypeError when it runs already.
   */
  run(options: { burst?: boolean } = {}): Promise<void> {
    let burst: boolean;
    try {
      knownOptions(options, ['burst']);
      burst = yesOrNo('burst', options.burst ?? false);
    } catch (thrown) {
      return Promise.reject(asError(thrown));
    }
    if (this.#closing)
      return Promise.reject(new QueueError('CLOSED', `worker of ${this.name} was closed`));
    if (this.#running) return Promise.reject(new TypeError(`worker of ${this.name} runs already`));
    this.#running = this.#work(burst).finally(() => {
      this.#running = undefined;
      this.#burstPhase = undefined;
    });
    return this.#running;
  }

  async #work(burst: boolean): Promise<void> {
    if (burst) this.#burstPhase = 'works';
    this.#begin();
    if (!burst) return await this.#until(() => this.#closing !== undefined);
    const done = (): boolean => this.#attempts.size === 0 && this.#queues.areDone;
    for (;;) {
      await this.#until(() => this.#closing !== undefined || done());
      if (this.#closing || !this.#family.busy) break;
      // Dependents that are told meanwhile may be claimable then.
      await this.#family.idle();
      this.#queues.lookAgain();
    }
    if (this.#closing) return;
    this.#burstPhase = 'ends';
    this.#queues.stopClaiming();
    await Promise.all([this.#queues.stopSweeping(), this.#queues.idle()]);
    await this.#queues.tellCounts();
  }

  #begin(): void {
    this.#queues.begin(this.#burstPhase !== undefined);
    if (!this.#paused) this.#queues.claim();
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

  #claimed(found: number): void {
    this.#queues.found(found);
    this.#noticed();
  }

  #noticed(): void {
    if (this.#queues.becameEmpty()) this.emit('drained');
    this.#tellChange();
  }

  #over({ cycle }: Home): void {
    if (this.#burstPhase === 'works') cycle.lookAgain();
    this.#noticed();
  }

  /** Calls that end with the connection, after the worker was closed, are nobody's concern. */
  #trouble(error: unknown): void {
    if (!this.#connection.closed) this.report(error);
  }

  async #tellCondemned({ store }: ServedQueue, id: JobId, error: Error): Promise<void> {
    const job = await store.getJob<Data, Result, Name>(id).catch(() => undefined);
    this.emit('failed', job, error, 'active');
  }

  /** Claims no more until `resume`. Resolves when the jobs in hand have ended, unless `doNotWaitActive`. */
  async pause(doNotWaitActive = false): Promise<void> {
    yesOrNo('doNotWaitActive', doNotWaitActive);
    this.#paused = true;
    this.#queues.stopClaiming();
    this.#queues.tell();
    if (!doNotWaitActive) await this.#rest();
    if (this.#paused) this.emit('paused');
  }

  /** Resolves when nothing is held any more, or it is resumed or closed: a claim under way may still bring jobs, which go back at once. */
  async #rest(): Promise<void> {
    const over = (): boolean =>
      !this.#paused || (this.#closing !== undefined && this.#attempts.allAbandoned);
    await this.#until(() => this.#attempts.size === 0 || over());
    await Promise.race([this.#queues.idle(), this.#until(over)]);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#tellChange();
    if (this.isRunning()) this.#queues.claim();
    this.#queues.tell();
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
    this.#queues.stopClaiming();
    const sweeping = this.#queues.stopSweeping();
    const timer = setTimeout(() => this.#handBack(), this.#settings.closeTimeout);
    this.#tellChange();
    await this.#until(() => this.#attempts.allAbandoned);
    clearTimeout(timer);
    // Without a server nothing can be given back: the lease ends by itself, and reclaim finds what it held.
    const given = Promise.all([this.#giveBack(sweeping), this.#running]);
    const over = new AbortController();
    await Promise.race([given, this.#connection.gone(farewell, over.signal)]);
    over.abort();
    this.#unlisten();
    this.#queues.end();
    this.#connection.release();
    this.emit('closed');
  }

  /** When all is settled, and the dependents of what has ended were told, the leases go. */
  async #giveBack(sweeping: Promise<unknown>): Promise<void> {
    await Promise.all([sweeping, this.#queues.idle()]);
    await this.#family.idle();
    await this.#queues.tellCounts();
    await this.#queues.close();
  }

  /** Gives up every job in hand. */
  #handBack(): void {
    this.#attempts.handBack();
    this.#tellChange();
  }
}
