// Counting jobs that end with their parents, which may be in queues that this client has nothing else to do with.
import { Caller } from '../caller.js';
import type { Reports } from './reports.js';
import { Tally } from './tally.js';

/** How many jobs have ended so. */
interface Ended {
  readonly failed: number;
  readonly cancelled: number;
}

/** What counts for a queue that nobody else of this client counts for. */
interface Foreign {
  readonly reports: Reports;
  readonly tally: Tally;
  readonly caller: Caller;
}

function count(tally: Tally, { failed, cancelled }: Ended): void {
  tally.condemn(failed);
  tally.count('cancelled', cancelled);
}

export class FamilyCounts {
  readonly #tallies = new Map<string, Tally>();
  readonly #foreign = new Map<string, Foreign>();
  readonly #reportsOf: (queue: string, tally: Tally) => Reports;

  constructor(reportsOf: (queue: string, tally: Tally) => Reports) {
    this.#reportsOf = reportsOf;
  }

  /** Jobs of this queue are counted there from now on. */
  join(queue: string, tally: Tally): void {
    this.#tallies.set(queue, tally);
  }

  async ended(queue: string, jobs: Ended): Promise<void> {
    const own = this.#tallies.get(queue);
    if (own) return count(own, jobs);
    const { reports, tally, caller } = this.#foreignOf(queue);
    count(tally, jobs);
    // What was not told now is told with the next ones.
    await reports.send(caller).catch(() => undefined);
  }

  #foreignOf(queue: string): Foreign {
    const known = this.#foreign.get(queue);
    if (known) return known;
    const tally = new Tally();
    const fresh = { reports: this.#reportsOf(queue, tally), tally, caller: new Caller() };
    this.#foreign.set(queue, fresh);
    return fresh;
  }
}
