// When each job is due, by a clock that all processes of a machine share. Latencies count from there, not from when a busy producer
// came to add the job: what waits because others wait is not left out.

/** Seconds at the start whose jobs are not counted in latencies: code is compiled, scripts are loaded. */
export const warmUp = 1;

export class Schedule {
  #start;
  #rate;
  /** Jobs in all. */
  jobs;

  /**
   * @param {number} start ms, by `clock()`
   * @param {{ rate: number, seconds: number }} load jobs per second, and for how long
   */
  constructor(start, { rate, seconds }) {
    this.#start = start;
    this.#rate = rate;
    this.jobs = jobsOf({ rate, seconds });
  }

  /** @param {number} index */
  dueAt(index) {
    return this.#start + (index * 1_000) / this.#rate;
  }

  /**
   * How many jobs are due by `time`.
   *
   * @param {number} time
   */
  dueBy(time) {
    const due = Math.floor(((time - this.#start) * this.#rate) / 1_000) + 1;
    return Math.min(this.jobs, Math.max(0, due));
  }

  /**
   * Whether a job counts in latencies.
   *
   * @param {number} index
   */
  counts(index) {
    return index >= this.#rate * warmUp;
  }
}

/** @param {{ rate: number, seconds: number }} load */
export function jobsOf({ rate, seconds }) {
  return Math.max(1, Math.round(rate * seconds));
}
