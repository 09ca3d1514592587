// The timer for the next delayed job of a queue. Only one that is due before the next sweep is worth a timer.
export class DueTimer {
  readonly #horizon: number;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = 0;

  /** `horizon`: ms until the next sweep at the latest. */
  constructor(horizon: number, onDue: () => void) {
    this.#horizon = horizon;
    this.#onDue = onDue;
  }

  /** A job is due in `ms`; the earliest one counts. */
  set(ms: number): void {
    const at = performance.now() + ms;
    if (ms > this.#horizon || (this.#timer && this.#at <= at)) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onDue();
    }, Math.ceil(ms));
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
