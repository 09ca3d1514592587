// What a worker has of each of its queues: a store to read it, a cycle that claims and settles, a sweeper, and the channel
// on which it hears which of its jobs were asked to stop.
import type { Attempts } from './attempts.js';
import { Caller } from './caller.js';
import type { Codecs } from './codec.js';
import type { Connection } from './connection.js';
import { Cycle } from './cycle.js';
import { JobCancelledError, LeaseLostError } from './errors.js';
import { executeOne } from './execute.js';
import type { Family } from './family.js';
import type { Job } from './job.js';
import type { Lease } from './lease.js';
import type { JobProgress } from './notes.js';
import { namedJobs, Presence, type RunningJob, type WorkerFacts } from './reporting/presence.js';
import type { WorkerSettings } from './options.js';
import { decodeFailures } from './outcome.js';
import type { Rota } from './rota.js';
import { callOf, type JobId, type ScriptName, type Token } from './script.js';
import * as scripts from './scripts.js';
import type { Slots } from './slots.js';
import { Store } from './store.js';
import { Sweeper } from './sweeper.js';
import type { BatchCount } from './reporting/tally.js';

/** The attempts of the worker, whatever its jobs are. */
type SomeAttempts = Pick<
  Attempts<unknown, unknown, string>,
  'start' | 'holds' | 'find' | 'current' | 'under' | 'cancel' | 'leaseLost'
>;

export interface ServedQueueHooks {
  /** A claim was answered, with so many jobs. */
  readonly claimed: (found: number) => void;
  readonly stalled: (id: JobId) => void;
  /** A job of this worker has told its progress. */
  readonly progress: (job: Job, progress: JobProgress) => void;
  /** A job has failed that this worker did not run. */
  readonly condemned: (queue: ServedQueue, id: JobId, error: Error) => void;
  readonly error: (error: unknown) => void;
}

/** What the queues of one worker share. */
interface Shared {
  readonly connection: Connection;
  readonly family: Family;
  readonly settings: WorkerSettings;
  readonly slots: Slots;
  readonly rota: Rota;
  readonly attempts: SomeAttempts;
  readonly facts: () => WorkerFacts;
}

/** What the settles of each script count as. */
const countedAs: Partial<Record<ScriptName, BatchCount>> = {
  complete: 'completed',
  fail: 'failed',
  stop: 'cancelled',
  retry: 'retried',
};

/** Why a job was cancelled, from its newest failure. */
function cancelReason(failures: string, id: JobId, codecs: Codecs): JobCancelledError {
  let reason: string | undefined;
  try {
    reason = decodeFailures(failures, id, codecs)[0]?.failedReason;
  } catch {
    // Not one of ours, or one that can't be decoded here: the job is to stop all the same.
  }
  return new JobCancelledError(reason ?? 'cancelled');
}

export class ServedQueue {
  readonly name: string;
  readonly store: Store;
  readonly cycle: Cycle;
  readonly sweeper: Sweeper;
  readonly #connection: Connection;
  readonly #attempts: SomeAttempts;
  readonly #presence: Presence;
  readonly #caller = new Caller();
  readonly #hooks: ServedQueueHooks;
  #unsubscribe: (() => void) | undefined;
  /** Its first sweep is under way, which may make jobs claimable. */
  #beginning = false;

  constructor(
    name: string,
    { connection, family, settings, slots, rota, attempts, facts }: Shared,
    hooks: ServedQueueHooks,
  ) {
    this.name = name;
    this.#connection = connection;
    this.#attempts = attempts;
    this.#hooks = hooks;
    const { limits, codecs } = settings;
    this.store = new Store(name, connection, family, this.#caller, limits, codecs);
    this.store.notes.listen(hooks.progress);
    this.cycle = new Cycle(connection, this.store.keys, settings, slots, {
      start: (run) => attempts.start(run, this),
      holds: (id, token) => attempts.holds(id, token),
      held: (lease) => attempts.under(lease).length,
      leaseLost: (lease) => attempts.leaseLost(lease),
      claimed: hooks.claimed,
      settled: (by, jobs) => {
        const as = countedAs[by];
        if (as) this.store.tally.count(as, jobs);
      },
      leased: () => this.tell(),
      late: () => void this.sweeper.expire(),
      ended: (ids) => family.tell(name, ids, hooks.error),
      stop: (ids, lease) => void this.#stopUnder(ids, lease),
      renewed: (lease, held, asked) => this.#renewed(lease, held, asked),
      error: hooks.error,
    });
    this.sweeper = new Sweeper(connection, name, family, settings, rota, {
      stalled: hooks.stalled,
      condemned: (id, error) => hooks.condemned(this, id, error),
      due: (ms) => this.cycle.dueIn(ms),
      crowded: () => (this.cycle.settles.crowded = true),
      ended: (as, jobs) => {
        if (as === 'failed') this.store.tally.condemn(jobs);
        else this.store.tally.count(as, jobs);
      },
      tick: () => this.tell(),
      error: hooks.error,
    });
    this.#presence = new Presence(
      connection,
      this.store,
      facts,
      () => this.#running(),
      hooks.error,
    );
    slots.join(this.cycle, settings.weights?.[name] ?? 1);
  }

  /** Whether the last claim left nothing, all that it found has started, and nothing has been heard of since. */
  get isEmpty(): boolean {
    const { hungry, lastWord } = this.cycle.claims;
    return !hungry && lastWord === 'empty' && this.cycle.waiting === 0;
  }

  /** Whether nothing of it can start until something happens: no job waits here, and none is there to claim. */
  get isDone(): boolean {
    const { lastWord, outdated, unsure } = this.cycle.claims;
    if (unsure || this.cycle.waiting > 0) return false;
    return lastWord === 'paused' || outdated || (lastWord === 'empty' && !this.#beginning);
  }

  /** Sweeps, in a burst whoever has done so just before, and listens; claiming begins with `cycle.claim()`. */
  begin(burst: boolean): void {
    this.cycle.claims.lookAgain();
    void this.#sweep(burst);
    this.#unsubscribe ??= this.#connection.subscribe(this.store.keys.stopping, {
      onMessage: (message) => this.#stopAsked(message),
      onSubscribed: () => this.cycle.audit(),
    });
  }

  async #sweep(burst: boolean): Promise<void> {
    this.#beginning = true;
    const found = await this.sweeper.start(burst);
    this.#beginning = false;
    if (found) this.cycle.lookAgain();
    else this.#hooks.claimed(0);
  }

  #running(): RunningJob[] {
    return this.#attempts
      .current(this, namedJobs)
      .map(({ id, job, claimedAt }) => [id, job?.name ?? '', claimedAt]);
  }

  /** Tells what is new of this worker. */
  tell(): void {
    void this.#presence.tell(this.cycle.lease);
  }

  /** Tells what was counted since. */
  async tellCounts(): Promise<void> {
    await this.#presence.end(this.cycle.lease, this.#caller);
  }

  /**
   * More under the lease than in hand are strays, if no claim is under way: a worker that has nothing to claim or to settle asks, too. Which
   * jobs are to stop is asked again, in line with its claims: this answer has come another way, and may be late.
   */
  #renewed(lease: Lease, held: number, asked: boolean): void {
    const { ahead } = this.cycle.claims;
    const inHand = this.#attempts.under(lease).length + ahead.heldUnder(lease);
    if (asked || held > inHand) this.cycle.audit();
  }

  /** When its jobs are settled: gives back the lease, and what calls have left. */
  async close(): Promise<void> {
    await this.store.close(
      new LeaseLostError('the worker was closed: the job is not its own any more'),
    );
    await this.cycle.close();
    const rows = this.#caller.rows();
    if (rows.length === 0 || this.store.calls.echoes || this.#presence.echoes) return;
    const call = callOf(scripts.close, this.store.keys, { lease: this.#caller.id }, rows);
    await executeOne(this.#connection, call).catch(() => undefined);
  }

  /** Listens no more. */
  end(): void {
    this.#unsubscribe?.();
  }

  /** Jobs were asked to stop: why, then id and token of each on a line. */
  #stopAsked(message: string): void {
    const [failure = '', ...lines] = message.split('\n');
    for (const line of lines) {
      const [id, token] = line.split('\t') as [JobId, Token?];
      if (token === undefined || this.cycle.handbacks.stopAhead(id, token)) continue;
      const run = this.#attempts.find(id, token);
      if (run) this.#attempts.cancel(run, cancelReason(failure, id, this.store.codecs));
      // The answer to its claim is on its way, or not read yet.
      else if (this.cycle.lease?.dead === false && this.cycle.lease.holds(token))
        this.cycle.audit();
    }
  }

  /** Jobs under a lease were asked to stop, and the message may have been missed. */
  async #stopUnder(ids: readonly JobId[], lease: Lease): Promise<void> {
    const asked = new Set(ids.filter((id) => !this.cycle.handbacks.stopAhead(id)));
    const runs = this.#attempts
      .under(lease)
      .filter((run) => asked.has(run.id) && !run.cancelled && !run.ended);
    if (runs.length === 0) return;
    const rows = await this.store.inspect(runs.map((run) => run.id)).catch(() => []);
    for (const [at, run] of runs.entries())
      this.#attempts.cancel(run, cancelReason(rows[at]?.failures ?? '', run.id, this.store.codecs));
  }
}
