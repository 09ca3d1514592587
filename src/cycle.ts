// The round trips of one worker: each cycle writes the settles of the moment and the next claim in one
// pipeline. When nothing is left to claim the worker waits for the queue's marker; a timer of its own wakes
// it when the next delayed job is due.
import type { Connection } from './connection.js';
import { strays, withRecords } from './claimed.js';
import { deadlineIn, sleep } from './deadline.js';
import { DueTimer } from './due-timer.js';
import { execute, executeOne, type Answer } from './execute.js';
import { asError, QueueError } from './errors.js';
import { Ahead } from './ahead.js';
import { claimTime } from './job.js';
import type { QueueKeys } from './keys.js';
import { Lease } from './lease.js';
import { batchElements, type WorkerSettings } from './options.js';
import { Run } from './run.js';
import { callOf, type Call, type JobId, type Token } from './script.js';
import * as scripts from './scripts.js';
import type { ClaimReply, RenewReply } from './scripts.js';
import { Settles, type SettleCall, type SettleResult } from './settles.js';
import { Suspicion } from './suspicion.js';
import { Waker } from './waker.js';

export interface CycleHooks {
  /** Runs a claimed job; its settle goes to `settles`. */
  readonly start: (run: Run) => void;
  /** How many more jobs may start. */
  readonly free: () => number;
  /** Whether the worker holds this job under this token. */
  readonly holds: (id: JobId, token: Token) => boolean;
  /** How many jobs the worker holds under this lease, settles that were not accepted yet included. */
  readonly held: (lease: Lease) => number;
  /** The lease was found dead: jobs under it may be with another worker. */
  readonly leaseLost: (lease: Lease) => void;
  /** A claim was answered. */
  readonly claimed: () => void;
  /** A claim found nothing after one that had found jobs. */
  readonly drained: () => void;
  readonly error: (error: unknown) => void;
}

/** ms by which a timer may be early and is set again. */
const earlyTimer = 5;

export class Cycle {
  readonly settles = new Settles();
  readonly suspicion: Suspicion;
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #settings: WorkerSettings;
  readonly #hooks: CycleHooks;
  readonly #waker: Waker;
  readonly #ahead: Ahead;
  readonly #due: DueTimer;
  #lease: Lease | undefined;
  #turning = false;
  #waiting = false;
  #claiming = false;
  #hungry = true;
  #tookMarker = false;
  #promoting = false;
  /** The last promote moved nothing: the timer of another worker was faster, and the next one is left to it. */
  #promotedNothing = false;
  #stopWaiting = new AbortController();
  #lastAudit = performance.now();
  #lastToken: Token | undefined;
  #foundJobs = false;
  #failed = false;
  /** Answer of the last claim. */
  lastWord: ClaimReply['word'] | undefined;
  #idle: (() => void)[] = [];

  constructor(
    connection: Connection,
    keys: QueueKeys,
    settings: WorkerSettings,
    hooks: CycleHooks,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#waker = Waker.of(connection);
    this.suspicion = new Suspicion(settings.lockDuration);
    this.#due = new DueTimer(settings.stalledInterval, () => {
      this.#promoting = true;
      this.#hungry = true;
      this.kick();
    });
    this.#ahead = new Ahead(({ id, token }) => this.#giveBack(id, token));
  }

  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** Begins, or goes on, to claim. */
  claim(): void {
    this.#claiming = true;
    this.#hungry = true;
    if (this.#stopWaiting.signal.aborted) this.#stopWaiting = new AbortController();
    this.kick();
  }

  /** Something may be claimable that the last claim did not see. */
  lookAgain(): void {
    this.lastWord = undefined;
    this.#hungry = true;
    this.kick();
  }

  /** Claims no more. A marker that was taken meanwhile is put back by an empty claim, or by `close`. */
  stopClaiming(): void {
    this.#claiming = false;
    // The timer of a delayed job stays: this worker may be the only one that knows of it.
    this.#stopWaiting.abort();
    this.#ahead.giveBack();
    this.kick();
  }

  /** Starts jobs that were claimed ahead, as many as there are free slots for, and looks after what has ended. */
  slotFree(): void {
    while (this.#claiming && this.#hooks.free() > 0) {
      const job = this.#ahead.shift();
      if (!job) break;
      this.#hooks.start(job);
    }
    this.kick();
  }

  /** How many claimed jobs have not started. */
  get waiting(): number {
    return this.#ahead.size;
  }

  #giveBack(id: JobId, token: Token): void {
    this.suspicion.ended(id, false);
    this.#hungry = true;
    void this.settles.handback({ id, token });
    this.kick();
  }

  /** Something changed: a settle waits, or a slot is free. */
  kick(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => void this.#turn());
  }

  /** Resolves when no settle waits, no round trip is under way, and nobody waits for the marker. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.kick();
    });
  }

  /** A delayed job is due in `ms`. */
  dueIn(ms: number): void {
    if (this.#claiming) this.#due.set(ms);
  }

  async #turn(): Promise<void> {
    try {
      while (this.#work()) {
        if (!(await this.#ensureLease())) break;
        await this.#roundTrip();
        if (this.#ahead.size > 0 && this.#wanted() > 0) {
          // The next claim is on its way while these run.
          setImmediate(() => this.slotFree());
          continue;
        }
        this.slotFree();
        // Handlers that end at once settle in the next round trip together.
        await new Promise(setImmediate);
      }
    } catch (error) {
      this.#hooks.error(error);
      await sleep(50);
    }
    this.#turning = false;
    if (this.#work()) return this.kick();
    if (this.#claiming && !this.#hungry) void this.#wait();
    if (this.settles.size === 0 && !this.#waiting)
      for (const resolve of this.#idle.splice(0)) resolve();
  }

  #wanted(): number {
    if (!this.#claiming || !this.#hungry) return 0;
    const free = Math.max(0, this.#hooks.free() - this.#ahead.size);
    return Math.min(free + this.#ahead.wanted(), batchElements);
  }

  #work(): boolean {
    return this.settles.size > 0 || this.#wanted() > 0 || this.#tookMarker || this.#promoting;
  }

  async #wait(): Promise<void> {
    if (this.#waiting || this.#hooks.free() <= 0) return;
    this.#waiting = true;
    const { wake } = this.#keys;
    const took = await this.#waker.wait(
      wake,
      this.#settings.stalledInterval,
      this.#stopWaiting.signal,
    );
    this.#waiting = false;
    this.#tookMarker ||= took;
    this.#hungry = true;
    this.kick();
  }

  /** Opens a lease when there is none that lives; false when it was not possible and nothing asks for one. */
  async #ensureLease(): Promise<boolean> {
    if (this.#lease && !this.#lease.dead) return true;
    if (this.settles.size > 0) return true;
    if (!this.#claiming) {
      this.#tookMarker = false;
      this.#promoting = false;
      return false;
    }
    this.suspicion.forgetAll();
    const lease = await Lease.open(this.#connection, this.#keys, this.#settings);
    this.#lease = lease;
    lease.signal.addEventListener('abort', () => {
      this.#ahead.drop(lease);
      this.#hooks.leaseLost(lease);
      this.#hungry = true;
      this.kick();
    });
    return true;
  }

  async #roundTrip(): Promise<void> {
    const lease = this.#lease;
    const { handbacks } = this.settles;
    const settles = this.settles.take(this.#keys);
    const want = this.#wanted();
    const live = lease && !lease.dead ? lease : undefined;
    const claim = live && (want > 0 || this.#tookMarker) ? this.#claimCall(live, want) : undefined;
    const promote = this.#promoting
      ? callOf(scripts.promote, this.#keys, { limit: batchElements })
      : undefined;
    const audit = live && this.#auditDue() ? live.renewal() : undefined;
    const sent = settles.reduce((sum, { size }) => sum + size, 0);
    const inHand = (of: Lease): number => this.#hooks.held(of) + this.#ahead.heldUnder(of);
    const expected = live && audit ? inHand(live) + handbacks - sent : 0;
    this.#tookMarker = false;
    this.#promoting = false;
    this.#promotedNothing = false;

    const calls: Call[] = [...settles.map(({ call }) => call), audit, promote, claim].filter(
      (call) => call !== undefined,
    );
    const answers = await execute(this.#connection, calls, deadlineIn(this.#deadline()));
    const next = <Reply>(): Answer<Reply> => answers.shift() as Answer<Reply>;
    for (const settle of settles) await this.#settled(settle, next());
    if (live && audit) await this.#audited(live, this.#reply(next<RenewReply>()), expected);
    if (promote) this.#promoted(this.#reply(next<ReturnType<typeof promote.parse>>()));
    if (live && claim) {
      await this.#claimed(live, want, this.#reply(next<ClaimReply>()));
      this.#hooks.claimed();
    }
    if (this.#failed) await sleep(50);
    this.#failed = false;
  }

  /** The reply, or undefined after an error that was told: what went unanswered is made good by later round trips. */
  #reply<Reply>(answer: Answer<Reply>): Reply | undefined {
    if (!('error' in answer)) return answer.reply;
    this.#hooks.error(answer.error);
    this.#failed = true;
    return undefined;
  }

  /** Settles are sent again until the lease ends. */
  #deadline(): number {
    return Math.min(this.#settings.lockDuration, 300_000);
  }

  #claimCall(lease: Lease, want: number): Call<ClaimReply> {
    const numbered = { ...lease.caller.next('claim'), schema: scripts.schemaVersion };
    const grant = this.suspicion.grant(Math.min(want, Math.max(0, this.#hooks.free())));
    return callOf(scripts.claim, this.#keys, { ...numbered, lease: lease.id, want, ...grant });
  }

  async #settled(
    { resolve }: SettleCall,
    answer: Answer<readonly scripts.SettleWord[]>,
  ): Promise<void> {
    const reply = this.#reply(answer);
    if (!reply || 'error' in answer) return resolve(() => 'unknown');
    if (!answer.resent || !reply.includes('lost'))
      return resolve((index) => reply[index] ?? 'unknown');
    // To a copy, `lost` may be the echo of the first one, which was applied: so it was if the lease still lives.
    const lease = this.#lease;
    const lives = await this.#leaseLives().catch(this.#hooks.error);
    const ifLost = (token: Token): SettleResult => {
      if (typeof lives !== 'boolean') return 'unknown';
      return lives && lease?.holds(token) ? 'settled' : 'lost';
    };
    resolve((index, token) => (reply[index] === 'lost' ? ifLost(token) : 'settled'));
  }

  async #leaseLives(): Promise<boolean> {
    if (!this.#lease || this.#lease.dead) return false;
    const { word } = await executeOne(this.#connection, this.#lease.renewal());
    if (word === 'dead') this.#lease.die();
    return word === 'alive';
  }

  #auditDue(): boolean {
    const now = performance.now();
    if (now - this.#lastAudit < this.#settings.lockRenewTime) return false;
    this.#lastAudit = now;
    return true;
  }

  /** What is under the lease but not in hand was claimed by a call whose answer never came: it is handed back. */
  async #audited(lease: Lease, reply: RenewReply | undefined, expected: number): Promise<void> {
    if (reply?.word === 'dead') lease.die();
    if (reply?.word !== 'alive' || reply.held <= expected || this.#lastToken === undefined) return;
    for (const stray of await strays(this.#connection, this.#keys, lease, this.#lastToken)) {
      const { id, token } = stray;
      if (!this.#hooks.holds(id, token) && !this.#ahead.holds(id, token)) this.#giveBack(id, token);
    }
  }

  #promoted(reply: { moved: number; dueIn: number | undefined } | undefined): void {
    if (!reply) return;
    const { moved, dueIn } = reply;
    if (moved === batchElements) this.#promoting = true;
    else if (dueIn !== undefined && (moved > 0 || dueIn <= earlyTimer)) this.dueIn(dueIn);
    else this.#promotedNothing = true;
  }

  async #claimed(lease: Lease, want: number, reply: ClaimReply | undefined): Promise<void> {
    if (!reply) return;
    this.lastWord = reply.word;
    switch (reply.word) {
      case 'claimed':
      case 'empty':
      case 'held off':
      case 'more':
        return await this.#take(lease, want, reply);
      case 'expired':
        await this.#leaseLives();
        return;
      case 'dead':
        return lease.die();
      case 'paused':
        this.#hungry = false;
        return;
      case 'outdated':
        this.#hungry = false;
        this.#hooks.error(
          new QueueError('OUTDATED', 'the queue belongs to a newer major version of Lunaq'),
        );
        return;
      case 'stale':
        return;
    }
  }

  async #take(
    lease: Lease,
    want: number,
    { word, token, due, jobs }: Extract<ClaimReply, { token: Token }>,
  ): Promise<void> {
    this.#lastToken = token;
    const claimedAt = claimTime(token);
    if (due !== undefined && !this.#promotedNothing) this.dueIn(Math.max(0, due - claimedAt));
    const rows = await withRecords(this.#connection, this.#keys, jobs, token);
    if (lease.dead) return;
    // A claim that took fewer than it might has emptied the list, unless it took suspects, which go alone.
    const suspects = rows.some((row) => row.losses > 0);
    if (word !== 'more' && !suspects && rows.length < want) this.#hungry = false;
    for (const row of rows) this.suspicion.taken(row);
    this.#ahead.add(rows.map((row) => new Run(row, token, lease, claimedAt)));
    if (!this.#claiming) this.#ahead.giveBack();
    if (rows.length > 0) this.#foundJobs = true;
    else if (word === 'empty' && this.#foundJobs && want > 0) {
      this.#foundJobs = false;
      this.#hooks.drained();
    }
  }

  /** Gives the lease back. */
  async close(): Promise<void> {
    this.#due.clear();
    try {
      await this.#lease?.close();
    } catch (error) {
      this.#hooks.error(asError(error));
    }
  }
}
