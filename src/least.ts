// The least of several items by a rank that changes: a binary heap that knows where each item stands.

interface Indexed {
  /** Its own among all that may be in the same heap; of equal ranks the lower index comes first. */
  readonly index: number;
}

export class Least<Item extends Indexed> {
  readonly #rank: (item: Item) => number;
  readonly #heap: Item[] = [];
  /** Where each item stands, by its index; undefined or -1: nowhere. */
  readonly #places: number[] = [];

  constructor(rank: (item: Item) => number) {
    this.#rank = rank;
  }

  get first(): Item | undefined {
    return this.#heap[0];
  }

  /** The one that would be first without the first. */
  get second(): Item | undefined {
    const [, left, right] = this.#heap;
    return left && right && this.#isBefore(right, left) ? right : left;
  }

  /** Sees to it that the item is in here or not, and in its place: to be called whenever its rank has changed. */
  set(item: Item, inside: boolean): void {
    const place = this.#places[item.index] ?? -1;
    if (place < 0) {
      if (inside) this.#rise(item, this.#heap.length);
    } else if (inside) this.#settle(item, place);
    else {
      const last = this.#heap.pop() as Item;
      this.#places[item.index] = -1;
      if (last !== item) this.#settle(last, place);
    }
  }

  #settle(item: Item, place: number): void {
    this.#sink(item, this.#rise(item, place));
  }

  #isBefore(a: Item, b: Item): boolean {
    const difference = this.#rank(a) - this.#rank(b);
    return difference < 0 || (difference === 0 && a.index < b.index);
  }

  #put(item: Item, place: number): number {
    this.#heap[place] = item;
    this.#places[item.index] = place;
    return place;
  }

  /** Moves the item from this place up as far as it goes; where it stands then. */
  #rise(item: Item, from: number): number {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#heap[above] as Item;
      if (!this.#isBefore(item, other)) break;
      this.#put(other, place);
      place = above;
    }
    return this.#put(item, place);
  }

  #sink(item: Item, from: number): void {
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#heap.length) break;
      const right = this.#heap[below + 1];
      if (right && this.#isBefore(right, this.#heap[below] as Item)) below += 1;
      const other = this.#heap[below] as Item;
      if (!this.#isBefore(other, item)) break;
      this.#put(other, place);
      place = below;
    }
    this.#put(item, place);
  }
}
