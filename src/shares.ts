// Shares of several queues by weight. Each start moves its queue on by one over its weight, and the queue that is least far
// comes next. One that is found empty is moved to where the others are: what it did not use it does not get later.

interface Sharer {
  readonly hungry: boolean;
  readonly failing: boolean;
  readonly waiting: number;
  readonly asking: number;
}

interface Share<Queue> {
  readonly queue: Queue;
  readonly step: number;
  /** How far it is. */
  at: number;
}

export class Shares<Queue extends Sharer> {
  readonly #shares: Share<Queue>[] = [];

  join(queue: Queue, weight: number): void {
    this.#shares.push({ queue, step: 1 / weight, at: 0 });
  }

  /** Whose job starts next, among the queues that have some waiting here. */
  next(): Queue | undefined {
    let next: Share<Queue> | undefined;
    for (const share of this.#shares)
      if (share.queue.waiting > 0 && !(next && next.at <= share.at)) next = share;
    return next?.queue;
  }

  started(queue: Queue): void {
    for (const share of this.#shares) if (share.queue === queue) share.at += share.step;
  }

  /** Nothing was found in this queue. */
  emptied(queue: Queue): void {
    const own = this.#shares.find((share) => share.queue === queue);
    const others = this.#shares.filter((share) => share !== own && share.queue.hungry);
    if (!own || others.length === 0) return;
    own.at = Math.max(own.at, Math.min(...others.map(({ at }) => at)));
  }

  /** Nothing is left in any queue: all begin anew. */
  level(): void {
    for (const share of this.#shares) share.at = 0;
  }

  /** How many of `room` jobs this queue may claim, if each hungry one claims what it may. */
  deal(by: Queue, room: number): number {
    const hands = this.#shares
      .filter(({ queue }) => queue.hungry && (queue === by || !queue.failing))
      .map(({ queue, step, at }) => ({
        queue,
        step,
        at: at + (queue.waiting + queue.asking) * step,
      }));
    const [first, ...others] = hands;
    if (!first) return 0;
    let dealt = 0;
    for (let card = 0; card < room; card += 1) {
      const least = others.reduce((best, hand) => (hand.at < best.at ? hand : best), first);
      least.at += least.step;
      if (least.queue === by) dealt += 1;
    }
    return dealt;
  }
}
