// All queues of one worker: what is told to each of them, and what holds of all.
import type { ServedQueue } from './served-queue.js';

export class ServedQueues {
  readonly #queues: readonly ServedQueue[];
  /** Whether jobs were found since nothing was left the last time. */
  #foundJobs = false;
  #firstAsked = 0;

  constructor(queues: readonly ServedQueue[]) {
    this.#queues = queues;
  }

  /** Each sweeps, and listens. */
  begin(burst: boolean): void {
    for (const queue of this.#queues) queue.begin(burst);
  }

  claim(): void {
    for (const { cycle } of this.#queues) cycle.claim();
  }

  lookAgain(): void {
    for (const { cycle } of this.#queues) cycle.lookAgain();
  }

  stopClaiming(): void {
    for (const { cycle } of this.#queues) cycle.stopClaiming();
  }

  async stopSweeping(): Promise<void> {
    await Promise.all(this.#queues.map(({ sweeper }) => sweeper.stop()));
  }

  /** Tells each what is new of its worker. */
  tell(): void {
    for (const queue of this.#queues) queue.tell();
  }

  /** Tells each what was counted since. */
  async tellCounts(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.tellCounts()));
  }

  /** Resolves when no settle waits anywhere, no round trip is under way, and nobody waits for a marker. */
  async idle(): Promise<void> {
    await Promise.all(this.#queues.map(({ cycle }) => cycle.idle()));
  }

  /** Gives the leases back. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close()));
  }

  /** None listens any more. */
  end(): void {
    for (const queue of this.#queues) queue.end();
  }

  /** A claim has found so many jobs. */
  found(jobs: number): void {
    if (jobs > 0) this.#foundJobs = true;
  }

  /** Whether nothing is left in any of them, for the first time since jobs were found. */
  becameEmpty(): boolean {
    if (!this.#foundJobs || !this.#all((queue) => queue.isEmpty)) return false;
    this.#foundJobs = false;
    return true;
  }

  /** Whether nothing of them can start until something happens. */
  get areDone(): boolean {
    return this.#all((queue) => queue.isDone);
  }

  /** Whether it holds of every queue; asks the one first of which it did not hold the last time. */
  #all(holds: (queue: ServedQueue) => boolean): boolean {
    const count = this.#queues.length;
    for (let step = 0; step < count; step += 1) {
      const at = (this.#firstAsked + step) % count;
      if (holds(this.#queues[at] as ServedQueue)) continue;
      this.#firstAsked = at;
      return false;
    }
    return true;
  }
}
