// Numbers that look random and are the same for a seed, on any machine.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0;
  }

  /** From 0 to 1, without 1. */
  part(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number; both ends may come. */
  between(least: number, most: number): number {
    return least + Math.floor(this.part() * (most - least + 1));
  }

  chance(part: number): boolean {
    return this.part() < part;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.part() * list.length)] as T;
  }

  /** So many different ones, or all if there are fewer. */
  some<T>(list: readonly T[], count: number): T[] {
    const chosen = new Set<T>();
    while (chosen.size < Math.min(count, list.length)) chosen.add(this.pick(list));
    return [...chosen];
  }

  /** All of them in another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const drawn = list.map((value) => ({ value, at: this.part() }));
    return drawn.toSorted((a, b) => a.at - b.at).map(({ value }) => value);
  }

  /** A key of the table, each as often as its number says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const keys = Object.keys(weights) as K[];
    let rest = this.part() * keys.reduce((sum, key) => sum + weights[key], 0);
    for (const key of keys) {
      rest -= weights[key];
      if (rest < 0) return key;
    }
    return keys.at(-1) as K;
  }

  /** Numbers of their own, which don't depend on how many are drawn here later. */
  fork(): Random {
    return new Random(this.between(0, 2 ** 32 - 1));
  }
}
