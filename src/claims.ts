// What a worker claims of one queue: how many, what the answer says, and the jobs that wait here until a slot is free.
import { Ahead, type Pace } from './ahead.js';
import { tokenNumber, withRecords } from './claimed.js';
import type { Connection } from './connection.js';
import { QueueError } from './errors.js';
import { claimTime } from './job.js';
import type { QueueKeys } from './keys.js';
import type { Lease } from './lease.js';
import { Run } from './run.js';
import { callOf, type Call, type Token } from './script.js';
import * as scripts from './scripts.js';
import type { ClaimReply } from './scripts.js';
import { Suspicion } from './suspicion.js';
import type { Claiming } from './turns.js';

export interface ClaimHooks {
  /** A job goes back that had not started. */
  readonly giveBack: (run: Run) => void;
  /** The next delayed job is due in so many ms. */
  readonly due: (ms: number) => void;
  /** Jobs were found whose ttl has ended. */
  readonly late: () => void;
  /** The lease is to be renewed before the next claim. */
  readonly expired: () => Promise<void>;
  /** A claim was answered, with so many jobs. */
  readonly answered: (found: number) => void;
  readonly error: (error: unknown) => void;
}

/** How many outages are remembered in which claims may have gone unanswered. */
const mostMissed = 64;

export class Claims implements Claiming {
  readonly suspicion: Suspicion;
  readonly ahead: Ahead;
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #hooks: ClaimHooks;
  /** Whether there may be something to claim. */
  hungry = true;
  left = Number.POSITIVE_INFINITY;
  asking = 0;
  failing = false;
  outdated = false;
  /** A claim had no answer, and no audit since has told what it took. */
  unsure = false;
  /** Answer of the last claim, if nothing has changed since it was sent. */
  lastWord: ClaimReply['word'] | undefined;
  /** Of the last claim that was answered. */
  lastToken: Token | undefined;
  /** The claim of the job with a ttl that has started last. */
  #begins: { readonly number: number; readonly lease: Lease } | undefined;
  /** Number of a claim: that all jobs of those before it have started was told by the last call; Infinity when none was to wait. */
  #told = Infinity;
  /** Numbers of claims between which there was one that brought nothing here, whatever it has taken. */
  #missed: { readonly after: number; before: number }[] = [];
  /** Whether jobs were handed back while a claim was under way. */
  #overtaken = false;
  #changes = 0;
  /** When the call was made, by the monotonic clock (ms): no later than the server answered it. */
  #sentAt = 0;
  #changesSeen = 0;

  constructor(
    connection: Connection,
    keys: QueueKeys,
    lockDuration: number,
    pace: Pace,
    hooks: ClaimHooks,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#hooks = hooks;
    this.suspicion = new Suspicion(lockDuration);
    this.ahead = new Ahead(pace, (job) => {
      this.#overtaken = this.asking > 0;
      hooks.giveBack(job);
    });
  }

  /** Something may be claimable that no claim has seen, one under way included: `left` jobs, as far as is known. */
  lookAgain(left = Number.POSITIVE_INFINITY): void {
    this.#changes += 1;
    this.lastWord = undefined;
    this.left = left;
    this.hungry = true;
  }

  /** Nothing is known of what is claimable; somebody else is to find out. */
  forget(): void {
    this.#changes += 1;
    this.hungry = false;
    this.lastWord = undefined;
  }

  /** Somebody has found that nothing is claimable; but for what a claim under way brings. */
  foundBare(): void {
    if (this.hungry || this.lastWord || this.asking > 0) return;
    this.lastWord = 'empty';
    this.#hooks.answered(0);
  }

  /** Claims `want` jobs. `free`: how many slots are; only so many may be suspects. `spare`: how many more than jobs wait here. */
  call(lease: Lease, want: number, free: number, spare: number): Call<ClaimReply> {
    this.asking = want;
    this.#changesSeen = this.#changes;
    this.#sentAt = performance.now();
    const numbered = { ...lease.caller.next('claim'), schema: scripts.schemaVersion };
    const grant = this.suspicion.grant(Math.max(0, Math.min(want, free - this.ahead.suspects)));
    const begun = this.#begun(lease, want, spare);
    this.#told = begun === '' ? Infinity : Number(begun);
    return callOf(scripts.claim, this.#keys, {
      ...numbered,
      lease: lease.id,
      want,
      ...grant,
      begun,
    });
  }

  /** Number of a claim: jobs of later ones may wait here, so that they have not started when this worker dies. '' when none does. */
  #begun(lease: Lease, want: number, spare: number): string {
    const { oldest } = this.ahead;
    // What has a free slot starts at once.
    if (oldest !== undefined && spare < 0) return String(oldest - 1);
    if (want <= Math.max(0, spare)) return '';
    const last = this.lastToken;
    return last && lease.holds(last) ? String(tokenNumber(last)) : '0';
  }

  /** A job starts. That one with a ttl has started is told as soon as it can be, lest it expires when this worker dies. */
  starts({ row, token, lease }: Run): void {
    if (row.ends !== undefined) this.#begins = { number: tokenNumber(token), lease };
  }

  /** Whether a claim is to be made, of no jobs if there is no slot, to tell that jobs have started. */
  get untold(): boolean {
    if (!this.#begins || this.#begins.lease.dead || this.#begins.number <= this.#told) return false;
    const { oldest } = this.ahead;
    return oldest === undefined || oldest > this.#begins.number;
  }

  /** Takes the answer of that call; undefined when none came. */
  async take(lease: Lease, reply: ClaimReply | undefined): Promise<void> {
    if (!reply) return this.gotNothing();
    const found = await this.#read(lease, reply);
    this.asking = 0;
    // Those that were handed back meanwhile come before what this claim has brought.
    if (this.#overtaken) this.ahead.giveBack();
    this.#overtaken = false;
    this.failing = false;
    this.#hooks.answered(found);
  }

  /** What is under this lease goes back by itself. */
  leaseLost(lease: Lease): void {
    this.ahead.drop(lease);
    this.unsure = false;
  }

  /** The claim, or what it takes to make one, had no answer. */
  gotNothing(): void {
    this.unsure ||= this.asking > 0;
    this.asking = 0;
    this.#overtaken = false;
    this.failing = true;
    const after = this.lastToken ? tokenNumber(this.lastToken) : 0;
    const others = this.#missed.filter((one) => one.after !== after);
    this.#missed = [...others, { after, before: Infinity }].slice(-mostMissed);
  }

  /** Number of the newest claim that was answered; of a later one the answer may be on its way, if there is one. */
  get newest(): number {
    if (this.asking === 0) return Infinity;
    return this.lastToken ? tokenNumber(this.lastToken) : 0;
  }

  /** Whether the jobs of this claim have never come here, so that none has started. */
  missed(token: Token): boolean {
    const number = tokenNumber(token);
    return this.#missed.some(({ after, before }) => after < number && number < before);
  }

  /** Those that were missed before have smaller numbers. */
  #came(token: Token): void {
    this.lastToken = token;
    const last = this.#missed.at(-1);
    if (last?.before === Infinity) last.before = tokenNumber(token);
  }

  /** The queue belongs to a newer major version; that is told once. */
  refused(error: QueueError): void {
    this.hungry = false;
    this.failing = false;
    if (!this.outdated) this.#hooks.error(error);
    this.outdated = true;
    this.#hooks.answered(0);
  }

  /** How many jobs it brought. */
  async #read(lease: Lease, reply: ClaimReply): Promise<number> {
    this.outdated &&= reply.word === 'outdated';
    if (this.#isCurrent) this.lastWord = reply.word;
    switch (reply.word) {
      case 'claimed':
      case 'empty':
      case 'held off':
      case 'more':
        return await this.#keep(lease, reply);
      case 'expired':
        await this.#hooks.expired();
        return 0;
      case 'dead':
        lease.die();
        return 0;
      case 'paused':
        if (this.#isCurrent) this.hungry = false;
        return 0;
      case 'outdated':
        this.refused(
          new QueueError('OUTDATED', 'the queue belongs to a newer major version of Lunaq'),
        );
        return 0;
      case 'stale':
        return 0;
    }
  }

  /** Whether nothing has changed since the call was made. */
  get #isCurrent(): boolean {
    return this.#changes === this.#changesSeen;
  }

  async #keep(
    lease: Lease,
    { word, token, due, late, left, jobs }: Extract<ClaimReply, { token: Token }>,
  ): Promise<number> {
    if (late > 0) this.#hooks.late();
    const claimedAt = claimTime(token);
    if (due !== undefined) this.#hooks.due(Math.max(0, due - claimedAt));
    const rows = await withRecords(this.#connection, this.#keys, jobs, token);
    this.#came(token);
    if (lease.dead) return 0;
    // A claim that took fewer than it might, or left none, has emptied the list, unless it took suspects, which go alone.
    const suspects = rows.some((row) => row.suspect);
    const fewer = word !== 'more' && rows.length < this.asking;
    const emptied = word === 'empty' || (!suspects && (left === 0 || fewer));
    if (this.#isCurrent) {
      if (emptied) this.hungry = false;
      // What is due already is promoted in a moment.
      const isBare = word === 'empty' || left === 0;
      if (isBare) this.lastWord = due !== undefined && due <= claimedAt ? undefined : 'empty';
      this.left =
        suspects || emptied ? Number.POSITIVE_INFINITY : (left ?? Number.POSITIVE_INFINITY);
    }
    for (const row of rows) this.suspicion.taken(row);
    this.ahead.add(rows.map((row) => new Run(row, token, lease, claimedAt, this.#sentAt)));
    return rows.length;
  }
}
