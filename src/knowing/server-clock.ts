// When, by this process' monotonic clock, something happened that the server tells by its own. Each exchange bounds the difference
// of the two; the earliest moment that fits is taken, so that nothing is thought to be newer than it is.

/** ms per ms by which the two may drift apart. */
const drift = 0.001;
/** ms that wall and monotonic clock may part before one of them is said to have jumped. */
const wallTolerance = 1_000;

export class ServerClock {
  /** Bounds of (local time − server's time). */
  #low = Number.NEGATIVE_INFINITY;
  #high = Number.POSITIVE_INFINITY;
  /** When they were learnt. */
  #learnt = Number.NEGATIVE_INFINITY;
  /** Difference of wall and monotonic clock. */
  #wall = Number.NEGATIVE_INFINITY;

  reset(): void {
    this.#low = Number.NEGATIVE_INFINITY;
    this.#high = Number.POSITIVE_INFINITY;
    this.#learnt = Number.NEGATIVE_INFINITY;
  }

  /** ms since it was last set. */
  age(now: number): number {
    return now - this.#learnt;
  }

  /**
   * An exchange: sent and answered at local times (ms), in between the server read `time` (whole ms) from its clock. False: it fits
   * nothing that was learnt before, so one of the clocks was set.
   */
  learn(sent: number, answered: number, time: number): boolean {
    const apart = this.#apart(answered);
    const low = sent - time - 1;
    const high = answered - time;
    const fits = low <= this.#high + apart && high >= this.#low - apart;
    this.#low = fits ? Math.max(low, this.#low - apart) : low;
    this.#high = fits ? Math.min(high, this.#high + apart) : high;
    this.#learnt = answered;
    return fits;
  }

  /** A local time (ms) at which the server's clock had not shown more than `time`; undefined before the first exchange. */
  localOf(time: number, now: number): number | undefined {
    if (this.#learnt === Number.NEGATIVE_INFINITY) return undefined;
    return Math.min(now, time + this.#low - this.#apart(now));
  }

  /** Whether the machine slept since this was last asked, which the monotonic clock does not show, or the local clock was set. */
  jumped(now: number): boolean {
    const wall = Date.now() - now;
    if (Math.abs(wall - this.#wall) < wallTolerance) return false;
    const first = this.#wall === Number.NEGATIVE_INFINITY;
    this.#wall = wall;
    return !first;
  }

  #apart(now: number): number {
    return this.#learnt === Number.NEGATIVE_INFINITY ? 0 : (now - this.#learnt) * drift;
  }
}
