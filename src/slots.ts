// The slots of one worker, which its queues share: whose turn it is to claim and to start, and how the worker waits when no
// queue has anything for it. A queue claims while those before it have nothing claimable; with weights each gets its share.
import { Pace } from './ahead.js';
import type { Connection } from './connection.js';
import { sleep } from './deadline.js';
import { batchElements, type WorkerSettings } from './options.js';
import { Shares } from './shares.js';
import { Waker } from './waker.js';

/** A queue as the slots see it. */
export interface Claimant {
  /** Key of its marker. */
  readonly wake: string;
  /** Whether it may have something claimable. */
  readonly hungry: boolean;
  /** Its last claim had no answer: the others don't wait for it. */
  readonly failing: boolean;
  /** It belongs to a newer major version, which is asked now and then whether it still does; markers there are for others. */
  readonly outdated: boolean;
  /** How many of its jobs wait for a slot. */
  readonly waiting: number;
  /** How many jobs are asked for by a claim under way. */
  readonly asking: number;
  /** Starts the first of the jobs that wait. */
  startNext(): void;
  /** It may have something again; `took`: its marker was taken. */
  askAgain(took: boolean): void;
  kick(): void;
}

export class Slots {
  readonly pace = new Pace();
  concurrency: number;
  /** How many handlers run. */
  busy = 0;
  readonly #waker: Waker;
  readonly #interval: number;
  /** Whether jobs may be claimed that have to wait here: where one loss is too many, each that is lost must have started. */
  readonly #mayWait: boolean;
  readonly #shares: Shares<Claimant> | undefined;
  /** In order of preference. */
  readonly #queues: Claimant[] = [];
  #shutting = new AbortController();
  /** The same, for the loop that each job runs through. */
  #isShut = false;
  /** Whether it blocks on the markers of its queues. */
  isWaiting = false;

  constructor(
    connection: Connection,
    { concurrency, stalledInterval, maxStalledCount, weights }: Omit<WorkerSettings, 'autorun'>,
  ) {
    this.#waker = Waker.of(connection);
    this.concurrency = concurrency;
    this.#interval = stalledInterval;
    this.#mayWait = maxStalledCount > 0;
    this.#shares = weights && new Shares();
  }

  /** Queues join in order of preference. */
  join(queue: Claimant, weight: number): void {
    this.#queues.push(queue);
    this.#shares?.join(queue, weight);
  }

  /** How many more jobs may start. */
  get free(): number {
    return this.concurrency - this.busy;
  }

  /** How many more jobs may start when all that wait have. */
  ready(by: Claimant): number {
    return Math.max(0, this.free - (this.#queues.length === 1 ? by.waiting : this.#held()));
  }

  /** How many jobs this queue may claim now. */
  wanted(by: Claimant): number {
    const alone = this.#queues.length === 1;
    const held = alone ? by.waiting : this.#held();
    const ahead = this.#mayWait ? this.pace.room(held) : 0;
    const room = Math.min(Math.max(0, this.free - held) + ahead, batchElements);
    if (alone || room === 0) return room;
    if (this.#shares) return this.#shares.deal(by, room);
    for (const queue of this.#queues) {
      if (queue === by) break;
      if (queue.hungry && !queue.failing) return 0;
    }
    return room;
  }

  /** Of which queue a job is to start next. */
  #next(): Claimant | undefined {
    if (this.#shares) return this.#shares.next();
    for (const queue of this.#queues) if (queue.waiting > 0) return queue;
    return undefined;
  }

  /** How many jobs were claimed for slots, or asked for. */
  #held(): number {
    let held = 0;
    for (const { waiting, asking } of this.#queues) held += waiting + asking;
    return held;
  }

  /** Starts jobs that wait, as many as there are free slots for, and lets the queues look after the others. */
  fill(): void {
    while (this.busy < this.concurrency && !this.#isShut) {
      const next = this.#next();
      if (!next) break;
      this.#shares?.started(next);
      next.startNext();
    }
    for (const queue of this.#queues) queue.kick();
  }

  /**
   * A claim has found jobs and may find more: a worker that is kept busy never waits for markers, so the queues before this one (with
   * weights, all others) are asked again before it claims again.
   */
  found(by: Claimant): void {
    if (this.#queues.length === 1) return;
    for (const queue of this.#queues) {
      if (queue !== by) queue.askAgain(false);
      else if (!this.#shares) return;
    }
  }

  /** A claim has found fewer jobs than it asked for. */
  emptied(by: Claimant): void {
    this.#shares?.emptied(by);
  }

  /** Waits for a marker while there are free slots; who took a queue's marker claims there, whatever has become of the slots. */
  async wait(): Promise<void> {
    if (this.isWaiting || this.free <= 0) return;
    if (this.#queues.some((queue) => queue.hungry && !queue.failing)) return;
    this.isWaiting = true;
    this.#shares?.level();
    const keys = this.#queues.filter((queue) => !queue.outdated).map((queue) => queue.wake);
    const { signal } = this.#shutting;
    const taken =
      keys.length > 0
        ? await this.#waker.wait(keys, this.#interval, signal)
        : await sleep(this.#interval, signal);
    this.isWaiting = false;
    for (const queue of this.#queues) {
      if (taken === undefined) queue.askAgain(false);
      else if (queue.wake === taken) queue.askAgain(true);
      queue.kick();
    }
  }

  /** No job starts any more, and nobody waits for a marker, until `open`. */
  shut(): void {
    this.#isShut = true;
    this.#shutting.abort();
  }

  open(): void {
    if (!this.#isShut) return;
    this.#isShut = false;
    this.#shutting = new AbortController();
  }
}
