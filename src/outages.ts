// From when on the leases of others may be declared dead. Their workers can't renew them while the server is not to be reached; nor does
// a deadline tell anything when the server's clock has jumped. After either they get one lease period, but for leases that had ended
// when the server was last seen to work: else those would live for ever where connections are cut more often than once a period.

/** How far (ms) the server's clock may run against ours between two sweeps before it counts as a jump. */
const clockTolerance = 1_000;
/** Most ms of a server that works in which a living worker has renewed its lease. */
const longestChance = 5_000;

/** Part of the time that a worker has to renew its lease in which it may be cut off; the rest is for connecting again. */
const hiddenPart = 2 / 3;

export class Outages {
  /** Most ms between two sweeps for which there was no outage in between that workers could not outlive. */
  readonly gap: number;
  readonly #period: number;
  readonly #chance: number;
  /** Of the last answer, when it was asked for and when it was read (ms, monotonic), and the server's time in between (ms). */
  #heard = { asked: Number.NEGATIVE_INFINITY, at: Number.NEGATIVE_INFINITY, now: 0 };
  /** When the last outage was over (ms, monotonic). */
  #over = Number.NEGATIVE_INFINITY;
  /** Leases that had ended at this time of the server's (ms) had their chance before the last outage. */
  #fair = 0;
  /** For how long (ms) sweeps, whosever, had followed each other by the last answer. */
  #steady = 0;

  /** `period`: ms of a lease; `every`: ms between two renewals. */
  constructor(period: number, every: number) {
    this.#period = period;
    this.#chance = Math.min(every, longestChance);
    this.gap = Math.floor((period - every) * hiddenPart);
  }

  /**
   * The server tells its time (ms). `asked`: when it was asked, which a busy process may have done long before it reads the answer; `over`: when
   * the last outage that this connection had was over (both ms, monotonic); `steady`: for how long (ms) sweeps of all workers have followed
   * each other without an outage, 0 if that is not known.
   */
  heard(now: number, asked: number, over: number, steady: number): void {
    this.#steady = steady;
    const at = performance.now();
    const before = this.#heard;
    this.#heard = { asked, at, now };
    if (over > before.at) {
      if (before.at - this.#over >= this.#chance) this.#fair = before.now;
      this.#over = over;
    }
    const passed = now - before.now;
    const tooMuch = passed > at - before.asked + clockTolerance;
    const tooLittle = passed < asked - before.at - clockTolerance;
    if ((tooMuch || tooLittle) && before.now > 0) {
      this.#fair = 0;
      this.#steady = 0;
      this.#over = at;
    }
  }

  /** ms until all leases that have ended may be declared dead; 0 or less when they may. `over` as above. */
  graceLeft(over: number): number {
    // Others have seen that there was none.
    if (this.#steady >= this.#period && over <= this.#heard.at) return 0;
    return Math.max(this.#over, over) + this.#period - performance.now();
  }

  /** The latest deadline (server's ms) of leases that may be declared dead. `over` as above. */
  latestFair(over: number): number {
    return this.graceLeft(over) <= 0 ? Number.MAX_SAFE_INTEGER : this.#fair;
  }
}
