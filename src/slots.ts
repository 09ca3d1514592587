// The slots of one worker, which its queues share: how many jobs may be claimed, by whom (turns.ts), and how the worker learns where
// something came. A queue is hungry once its marker was taken or a claim left jobs there; the others are quiet: what comes there sets a
// marker, which stays until somebody takes it, so that nobody asks them in vain.
// - While no queue is hungry, the worker blocks on the markers of all. When one was there at once there may be others: `collect` takes
//   as many as there is room for, and tells how many jobs wait there, so that all are claimed from side by side.
// - While some are hungry, room is dealt among them only if the markers of those quiet ones that would come before were peeked at within
//   the last few ms. So a job that came while all slots were taken starts before those of later queues, and a quiet queue waits for a
//   look at most. What hungry queues leave of the room is for quiet ones as well.
// - Who took a marker claims there, with nothing free a claim of 0, which puts it back; so no more are taken than there is room for.
// - A marker that was lost with its taker, or with an answer, is made good by time: once a sweep period, and when a connection was lost,
//   all queues are peeked at for something to claim, marker or not.
import { Pace } from './ahead.js';
import type { Connection } from './connection.js';
import { sleep } from './deadline.js';
import { batchElements, type WorkerSettings } from './options.js';
import { Turns, type Claimant } from './turns.js';
import { Waker, type Glimpse } from './waker.js';

/** ms for which a busy worker need not know what has come to queues that had nothing. */
const freshness = 5;
/** ms more for each queue: a look is to take a small part of the server's time, however many there are. */
const freshnessEach = 0.005;
/** Part of what starts within the horizon of the pace that may be of one queue. */
const batchPart = 4;
/** ms within which a wait has ended at once: then the marker was there before, and others may be. */
const atOnce = 2;
/** ms more for each queue: to wait for the markers of thousands takes a while in itself. */
const atOnceEach = 0.01;
/** Most such markers that are passed over without a look for others. */
const mostPassed = 15;

export class Slots {
  readonly pace = new Pace();
  concurrency: number;
  /** How many handlers run. */
  busy = 0;
  readonly #waker: Waker;
  readonly #interval: number;
  /** Whether jobs may be claimed that have to wait here: where one loss is too many, each that is lost must have started. */
  readonly #mayWait: boolean;
  readonly #turns: Turns;
  /** In order of preference. */
  readonly #queues: Claimant[] = [];
  /** The only queue, of a worker that has one. */
  #only: Claimant | undefined;
  #shutting = new AbortController();
  /** The same, for the loop that each job runs through. */
  #isShut = true;
  #isBlocking = false;
  /** How many looks at markers are under way. */
  #looks = 0;
  /** When markers were looked at last, and when all queues are peeked at (ms, monotonic). */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #peekAllAt = 0;
  /** How many markers that were there at once are passed over without a look for others, and how many were. */
  #vainLooks = 0;
  #passed = 0;
  /** With weights: the queue whose marker is looked at first, so that none is always the last. */
  #start = 0;

  constructor(
    connection: Connection,
    { concurrency, stalledInterval, maxStalledCount, weights }: Omit<WorkerSettings, 'autorun'>,
  ) {
    this.#waker = Waker.of(connection);
    this.concurrency = concurrency;
    this.#interval = stalledInterval;
    this.#mayWait = maxStalledCount > 0;
    this.#turns = new Turns(weights !== undefined);
  }

  /** Queues join in order of preference. */
  join(queue: Claimant, weight: number): void {
    this.#queues.push(queue);
    this.#turns.join(queue, weight);
    this.#only = this.#queues.length === 1 ? queue : undefined;
  }

  /** How many more jobs may start. */
  get free(): number {
    return this.concurrency - this.busy;
  }

  /** Whether it may have taken markers that no queue knows of yet. */
  get isWaiting(): boolean {
    return this.#isBlocking || this.#looks > 0;
  }

  /** To be called when something has changed of what the queue tells of itself. */
  noticed(queue: Claimant): void {
    if (!this.#only) this.#turns.noticed(queue);
  }

  /** Whether it is found out here, for all its queues at once, which of them have something when claiming begins. */
  get looksFirst(): boolean {
    return !this.#only;
  }

  /** How many more jobs may start when all that wait have. */
  ready(): number {
    return Math.max(0, this.spare());
  }

  /** The same; less than 0 when some of those that wait have no free slot yet. */
  spare(): number {
    return this.free - (this.#only ? this.#only.waiting : this.#turns.held);
  }

  /** How many jobs may be claimed beyond those that are held. */
  #room(): number {
    const held = this.#only ? this.#only.waiting : this.#turns.held;
    const ahead = this.#mayWait ? this.pace.room(held) : 0;
    return Math.max(0, this.free - held) + ahead;
  }

  /** How many jobs this queue may claim now. */
  wanted(by: Claimant): number {
    if (this.#only) return Math.min(this.#room(), batchElements);
    if (by.claims.failing) return this.#turns.mayTry(by) ? Math.min(this.#room(), 1) : 0;
    this.#deal();
    return Math.min(this.#turns.share(by), batchElements);
  }

  /** Shares out what may be claimed, once it is known who has something. */
  #deal(): void {
    const room = this.#room();
    if (room > this.#turns.granted && !this.#keepFresh()) return;
    for (const queue of this.#turns.deal(room, this.ready(), this.#batch())) queue.kick();
    // What those that are known to have something leave may be for the others.
    if (room > this.#turns.granted) this.#keepFresh();
  }

  /** How many jobs of one queue may come in a row, for larger batches: as many as start within a few ms, so one when jobs are long. */
  #batch(): number {
    return Math.max(1, Math.floor(this.pace.room(0) / batchPart));
  }

  /** Starts jobs that wait, as many as there are free slots for, and lets the queues look after the others. */
  fill(): void {
    const only = this.#only;
    while (this.busy < this.concurrency && !this.#isShut) {
      if (!only) {
        if (!this.#turns.startNext()) break;
      } else if (only.waiting > 0) only.startNext();
      else break;
    }
    if (only) return only.kick();
    this.#deal();
    this.#turns.nextFailing()?.kick();
    if (!this.#isShut) void this.wait();
  }

  /** Waits for a marker while there are free slots; who took a queue's marker claims there, whatever has become of the slots. */
  async wait(): Promise<void> {
    const only = this.#only;
    if (this.#isBlocking || this.#looks > 0 || this.free <= 0) return;
    if (only ? only.hungry && !only.claims.failing : this.#turns.anyEager) return;
    const { signal } = this.#shutting;
    const from = performance.now();
    // The time came while all slots were taken: markers that are there now must not put it off again.
    if (!only && this.#peekAllAt <= from) return void this.#peekAll();
    this.#isBlocking = true;
    if (only) this.#peekAllAt = from + this.#interval;
    const queues = this.#inTurn(this.#queues.filter((queue) => !queue.claims.outdated));
    const taken =
      queues.length > 0
        ? await this.#waker.wait(
            queues.map(({ keys }) => keys.wake),
            this.#peekAllAt - from,
            signal,
          )
        : await sleep(this.#interval, signal);
    this.#isBlocking = false;
    const now = performance.now();
    if (taken === undefined) {
      if (!this.#isShut) void this.#peekAll();
    } else {
      const place = queues.findIndex(({ keys }) => keys.wake === taken);
      this.#start = this.#queues.indexOf(queues[place] as Claimant) + 1;
      this.#lookedAt = now;
      const atMost = atOnce + queues.length * atOnceEach;
      if (!only && now - from < atMost && !this.#isShut && this.#isWorthLooking())
        await this.#collect(queues.slice(place), Math.max(1, this.#room()), true);
      else queues[place]?.askAgain(true, Number.POSITIVE_INFINITY);
    }
    if (this.#isShut) for (const queue of this.#queues) queue.kick();
  }

  /** Whether one marker that was there at once lets expect others: the less often the more such looks have found none. */
  #isWorthLooking(): boolean {
    this.#passed += 1;
    if (this.#passed <= this.#vainLooks) return false;
    this.#passed = 0;
    return true;
  }

  /** With weights no queue is always the first. */
  #inTurn(queues: readonly Claimant[]): readonly Claimant[] {
    if (!this.#turns.weighted || this.#start === 0) return queues;
    return [...queues.slice(this.#start), ...queues.slice(0, this.#start)];
  }

  /** Each may have something, though no marker tells so: it was lost, or the connection was. */
  async #peekAll(): Promise<void> {
    if (this.#only) return this.#only.askAgain(false, 1);
    this.#peekAllAt = performance.now() + this.#interval;
    const found = await this.#peek(this.#queues);
    const seen = new Map(found?.map((glimpse) => [glimpse.queue, glimpse]));
    for (const queue of this.#queues) {
      const { left = 0, due } = seen.get(queue) ?? {};
      // One that is outdated is asked whether it still is.
      const most = !found || queue.claims.outdated ? 1 : left;
      if (most > 0) queue.askAgain(false, most);
      // What is due already is promoted in a moment.
      else if (due !== 0) queue.isBare();
      if (due !== undefined) queue.dueIn(due);
    }
    this.#lookedAt = performance.now();
    this.#goOn();
  }

  async #peek(queues: readonly Claimant[]): Promise<Glimpse<Claimant>[] | undefined> {
    this.#looks += 1;
    const found = await this.#waker.peek(queues);
    this.#looks -= 1;
    return found;
  }

  /** After a look during which queues could not get or do what they wanted. */
  #goOn(): void {
    if (this.#isShut) for (const queue of this.#queues) queue.kick();
    else {
      this.#deal();
      void this.wait();
    }
  }

  /**
   * Sees to it that it is known well enough which queues have something; returns whether it is. A worker that is kept busy does not wait
   * for markers, so it looks at those of the others now and then, before they are needed as a rule.
   */
  #keepFresh(): boolean {
    if (this.#isShut || this.#isBlocking || !this.#turns.anyQuiet) return true;
    const now = performance.now();
    if (now >= this.#peekAllAt) void this.#peekAll();
    const age = now - this.#lookedAt;
    const longest = freshness + this.#queues.length * freshnessEach;
    if (age > longest / 2 && this.#looks === 0) void this.#look();
    return age <= longest;
  }

  async #look(): Promise<void> {
    const found = await this.#peek(this.#inTurn(this.#turns.quiet()));
    if (!found) return void this.#peekAll();
    const marked = found.filter(({ queue, marked: has }) => has && !queue.hungry);
    await this.#collect(
      marked.map(({ queue }) => queue),
      this.#room(),
    );
    this.#goOn();
  }

  /** Takes markers of these queues, if there are, so that they claim; `have`: that of the first was taken before. */
  async #collect(queues: readonly Claimant[], most: number, have = false): Promise<void> {
    this.#looks += 1;
    const any = most > 0 && queues.length > 0;
    const found = any ? await this.#waker.collect(queues, most, have) : [];
    this.#looks -= 1;
    this.#lookedAt = performance.now();
    if (!found) {
      if (have) queues[0]?.askAgain(true, Number.POSITIVE_INFINITY);
      return void this.#peekAll();
    }
    const last = found.at(-1);
    if (last) this.#start = this.#queues.indexOf(last.queue) + 1;
    if (have)
      this.#vainLooks = found.length > 1 ? 0 : Math.min(2 * this.#vainLooks + 1, mostPassed);
    for (const { queue, left } of found) queue.askAgain(true, left);
  }

  /** No job starts any more, and nobody waits for a marker, until `open`. */
  shut(): void {
    this.#isShut = true;
    this.#shutting.abort();
  }

  open(): void {
    if (!this.#isShut) return;
    this.#isShut = false;
    this.#peekAllAt = 0;
    this.#shutting = new AbortController();
  }
}
