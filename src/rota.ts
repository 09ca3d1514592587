// The turns of what recurs: one timer for all queues of a worker, however many. Each queue has its turn once a period, and turns
// are spread over it, so that a worker of a thousand queues has no moment at which all of them want something.

/** Shortest time (ms) between two ticks. */
const shortest = 20;

export class Rota {
  readonly #period: number;
  #members: (() => void)[] = [];
  /** Whose turn is next. */
  #at = 0;
  /** Turns that are due, as a fraction: they come by the time that has passed. */
  #due = 0;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `period`: ms between two turns of one member. */
  constructor(period: number) {
    this.#period = period;
  }

  /** Gives `turn` a turn each period, the first one within the first. Returns how to leave. */
  join(turn: () => void): () => void {
    this.#members.push(turn);
    this.#tickEvery();
    return () => {
      const at = this.#members.indexOf(turn);
      if (at === -1) return;
      this.#members.splice(at, 1);
      if (at < this.#at) this.#at -= 1;
      this.#tickEvery();
    };
  }

  #tickEvery(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const { length } = this.#members;
    if (length === 0) return;
    this.#last = performance.now();
    this.#timer = setInterval(() => this.#tick(), Math.max(shortest, this.#period / length));
  }

  #tick(): void {
    const now = performance.now();
    const { length } = this.#members;
    // Nobody has two turns at once, however long the event loop was blocked.
    this.#due = Math.min(length, this.#due + ((now - this.#last) * length) / this.#period);
    this.#last = now;
    // Timers may fire a moment early.
    const turns = Math.floor(this.#due + 0.05);
    this.#due -= turns;
    for (let turn = 0; turn < turns; turn += 1) {
      this.#at %= length;
      this.#members[this.#at++]?.();
    }
  }
}
