// The round trips of one worker to one of its queues: each cycle writes the settles of the moment and the next claim in one
// pipeline. When nothing is left to claim the worker waits for a marker (slots.ts); a timer of its own wakes it when the
// next delayed job is due.
import { Audit } from './audit.js';
import { Claims } from './claims.js';
import type { Connection } from './connection.js';
import { deadlineIn, sleep } from './deadline.js';
import { DueTimer } from './due-timer.js';
import { QueueError } from './errors.js';
import { Handbacks } from './handbacks.js';
import type { QueueKeys } from './keys.js';
import type { Lease } from './lease.js';
import { LeaseHolder, type LeaseHooks } from './lease-holder.js';
import type { WorkerSettings } from './options.js';
import { RoundTrip } from './round-trip.js';
import type { Run } from './run.js';
import type { JobId, Token } from './script.js';
import type { ClaimReply } from './scripts.js';
import type { Settles } from './settles.js';
import { Settling, type SettlingHooks } from './settling.js';
import type { Slots } from './slots.js';
import { nextTurn } from './event-loop.js';
import type { Claimant } from './turns.js';

/** Settles are sent again until the lease ends, for so many ms at most. */
const longestResending = 300_000;

export interface CycleHooks extends LeaseHooks, SettlingHooks {
  /** Runs a claimed job; its settle goes to `settles`. */
  readonly start: (run: Run) => void;
  /** Whether the worker holds this job under this token. */
  readonly holds: (id: JobId, token: Token) => boolean;
  /** How many jobs the worker holds under this lease, settles that were not accepted yet included. */
  readonly held: (lease: Lease) => number;
  /** A claim was answered, with so many jobs. */
  readonly claimed: (found: number) => void;
  /** A claim found jobs whose ttl has ended. */
  readonly late: () => void;
  /** Jobs under this lease were asked to stop. */
  readonly stop: (ids: readonly JobId[], lease: Lease) => void;
}

export class Cycle implements Claimant {
  readonly settles: Settles;
  readonly keys: QueueKeys;
  readonly claims: Claims;
  readonly handbacks: Handbacks;
  readonly #connection: Connection;
  readonly #settings: WorkerSettings;
  readonly #slots: Slots;
  readonly #hooks: CycleHooks;
  readonly #due: DueTimer;
  readonly #audit: Audit;
  readonly #holder: LeaseHolder;
  readonly #settling: Settling;
  #turning = false;
  #claiming = false;
  #tookMarker = false;
  /** A lease is to be opened though there is nothing to hold: so the worker is seen. */
  #shows = false;
  #idle: (() => void)[] = [];

  constructor(
    connection: Connection,
    keys: QueueKeys,
    settings: WorkerSettings,
    slots: Slots,
    hooks: CycleHooks,
  ) {
    this.#connection = connection;
    this.keys = keys;
    this.#settings = settings;
    this.#slots = slots;
    this.#hooks = hooks;
    this.#holder = new LeaseHolder(connection, keys, settings, {
      ...hooks,
      leaseLost: (lease) => {
        this.claims.leaseLost(lease);
        hooks.leaseLost(lease);
        this.lookAgain();
      },
    });
    this.#settling = new Settling(keys, this.#holder, hooks);
    this.settles = this.#settling.settles;
    this.#due = new DueTimer(settings.stalledInterval, () => this.lookAgain());
    this.claims = new Claims(connection, keys, settings.lockDuration, slots.pace, {
      giveBack: (run) => this.handbacks.unstarted(run),
      due: (ms) => {
        if (!this.#due.isLeft) this.dueIn(ms);
      },
      late: hooks.late,
      expired: async () => void (await this.#holder.lives()),
      answered: hooks.claimed,
      error: hooks.error,
    });
    this.handbacks = new Handbacks(this.settles, this.claims, () => this.kick());
    this.#audit = new Audit(connection, keys, settings.lockRenewTime, {
      stop: hooks.stop,
      holds: (id, token) => hooks.holds(id, token) || this.claims.ahead.holds(id, token),
      giveBack: (id, token) => this.handbacks.stray(id, token),
      done: () => (this.claims.unsure = false),
      error: hooks.error,
    });
  }

  get lease(): Lease | undefined {
    return this.#holder.lease;
  }

  get hungry(): boolean {
    return this.#claiming && this.claims.hungry;
  }

  get waiting(): number {
    return this.claims.ahead.size;
  }

  /** Begins, or goes on, to claim. */
  claim(): void {
    this.#claiming = true;
    this.#slots.open();
    if (this.#slots.looksFirst) this.claims.forget();
    else this.claims.lookAgain();
    this.kick();
  }

  /** Something may be claimable that the last claim did not see. */
  lookAgain(): void {
    this.claims.lookAgain();
    this.kick();
  }

  askAgain(took: boolean, left: number): void {
    this.#tookMarker ||= took;
    this.claims.lookAgain(this.hungry ? Math.max(left, this.claims.left) : left);
    this.kick();
  }

  isBare(): void {
    this.#shows ||= this.#claiming && !this.#holder.live;
    if (this.#shows) this.kick();
    this.claims.foundBare();
  }

  /** Claims no more. A marker that was taken meanwhile is put back by an empty claim, or by `close`. */
  stopClaiming(): void {
    this.#claiming = false;
    // The timer of a delayed job stays: this worker may be the only one that knows of it.
    this.#slots.shut();
    this.claims.ahead.giveBack();
    this.kick();
  }

  startNext(): void {
    const run = this.claims.ahead.shift();
    if (run && !run.expired) {
      this.claims.starts(run);
      if (this.claims.untold) this.kick();
      return this.#hooks.start(run);
    }
    if (run) this.handbacks.unstarted(run);
    if (this.#slots.busy === 0) this.#slots.pace.idle(performance.now());
  }

  /** Asks at the next round trip which jobs were asked to stop: what was published may have been missed. */
  audit(): void {
    this.#audit.asked = true;
    this.kick();
  }

  /** Something changed: a settle waits, or a slot is free. */
  kick(): void {
    this.#slots.noticed(this);
    if (this.#turning) return;
    this.#turning = true;
    void nextTurn().then(() => this.#turn());
  }

  /** Resolves when no settle waits, no round trip is under way, and nobody waits for the marker. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.kick();
    });
  }

  dueIn(ms: number): void {
    this.#due.set(ms);
  }

  async #turn(): Promise<void> {
    let failed = false;
    try {
      while (this.#work()) {
        if (!(await this.#ensureLease())) break;
        await this.#roundTrip();
        if (this.waiting > 0 && this.#wanted() > 0) {
          // The next claim is on its way while these run.
          setImmediate(() => this.#slots.fill());
          continue;
        }
        this.#slots.fill();
        // Handlers that end at once settle in the next round trip together.
        await nextTurn();
      }
    } catch (error) {
      failed = true;
      this.claims.gotNothing();
      if (error instanceof QueueError && error.code === 'OUTDATED') {
        this.#tookMarker = false;
        this.#due.forget();
        this.claims.refused(error);
      } else {
        if (this.#connection.closed) this.#tookMarker = false;
        this.#hooks.error(error);
        this.#slots.noticed(this);
        await sleep(50);
      }
    }
    this.#turning = false;
    this.#slots.noticed(this);
    // What this queue was granted is for others now.
    if (failed) this.#slots.fill();
    if (this.#work()) return this.kick();
    if (this.#claiming) void this.#slots.wait();
    if (this.settles.size === 0 && !this.#slots.isWaiting)
      for (const resolve of this.#idle.splice(0)) resolve();
  }

  #wanted(): number {
    return this.hungry ? this.#slots.wanted(this) : 0;
  }

  #work(): boolean {
    return (
      this.settles.size > 0 ||
      this.#wanted() > 0 ||
      this.#tookMarker ||
      this.#shows ||
      this.#due.isDue ||
      (this.#holder.live !== undefined &&
        (this.#audit.asked || this.claims.unsure || this.claims.untold))
    );
  }

  /** Opens a lease when there is none that lives, and something asks for one; false when there is nothing to do. */
  async #ensureLease(): Promise<boolean> {
    const asks = this.#shows || this.#claiming || this.#tookMarker;
    this.#shows = false;
    if (this.#holder.live || this.settles.size > 0) return true;
    if (!asks) return this.#due.isDue;
    this.claims.suspicion.forgetAll();
    await this.#holder.open();
    return true;
  }

  async #roundTrip(): Promise<void> {
    const trip = new RoundTrip();
    const { live } = this.#holder;
    const moving = this.settles.handbacks - this.#settling.join(trip);
    // What is still to be handed back comes before all that a claim could take.
    const mayClaim = this.settles.handbacks === 0 && !this.claims.unsure;
    const claim = live && mayClaim ? this.#claimUnder(live) : undefined;
    this.#slots.noticed(this);
    if (live) {
      this.#audit.asked ||= this.claims.unsure;
      const expected = () => this.#hooks.held(live) + this.claims.ahead.heldUnder(live) + moving;
      this.#audit.join(trip, live, expected, () => this.claims.newest);
    }
    const took = live !== undefined && this.#tookMarker && mayClaim;
    trip.add(this.#due.take(this.keys), (reply) => this.#due.promoted(reply, took));
    if (live) {
      trip.add(claim, (reply) => this.#claimed(live, reply, took));
      if (took) this.#tookMarker = false;
    }
    const deadline = deadlineIn(Math.min(this.#settings.lockDuration, longestResending));
    if (!(await trip.make(this.#connection, deadline, this.#hooks.error))) await sleep(50);
  }

  #claimUnder(lease: Lease): ReturnType<Claims['call']> | undefined {
    const want = this.#wanted();
    if (want === 0 && !this.#tookMarker && !this.claims.untold) return undefined;
    return this.claims.call(lease, want, this.#slots.free, this.#slots.spare());
  }

  async #claimed(lease: Lease, reply: ClaimReply | undefined, took: boolean): Promise<void> {
    // Such a claim looks at nothing, and puts no marker back.
    if (took && (reply?.word === 'dead' || reply?.word === 'expired')) this.#tookMarker = true;
    await this.claims.take(lease, reply);
    this.#slots.noticed(this);
    if (!this.#claiming) this.claims.ahead.giveBack();
  }

  /** Gives the lease back. */
  async close(): Promise<void> {
    this.#due.stop();
    await this.#holder.close();
  }
}
