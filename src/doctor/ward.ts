// Suspicions of one kind, until they are found again or not: what is looked at twice, and what becomes a problem.
import type { KeyNamer } from '../keys.js';
import { mostKept, problemOf, type Check, type Problem } from './check.js';

export interface WardOptions<Item, Facts> {
  readonly checks: readonly Check<Facts>[];
  /** Tells items apart. */
  readonly keyOf: (item: Item) => string;
  /** What a problem names it by. */
  readonly idOf: (item: Item) => string;
  readonly look: (items: readonly Item[]) => Promise<readonly Facts[]>;
}

export class Ward<Item, Facts> {
  readonly #options: WardOptions<Item, Facts>;
  readonly #found = new Map<Check<Facts>, Map<string, { item: Item; what: string }>>();

  constructor(options: WardOptions<Item, Facts>) {
    this.#options = options;
  }

  /** First look at these. */
  async look(items: readonly Item[]): Promise<void> {
    this.judge(items, await this.#options.look(items));
  }

  /** Judges facts that are there already. */
  judge(items: readonly Item[], facts: readonly Facts[]): void {
    for (const check of this.#options.checks) {
      for (const [at, item] of items.entries()) {
        const what = check.finds(facts[at] as Facts);
        if (what !== undefined) this.#add(check, item, what);
      }
    }
  }

  #add(check: Check<Facts>, item: Item, what: string): void {
    const found = this.#found.get(check) ?? new Map<string, { item: Item; what: string }>();
    if (found.size < mostKept) found.set(this.#options.keyOf(item), { item, what });
    this.#found.set(check, found);
  }

  has(code?: string): boolean {
    return [...this.#found].some(
      ([check, { size }]) => size > 0 && (code === undefined || check.code === code),
    );
  }

  get healing(): boolean {
    return [...this.#found].some(([check, { size }]) => size > 0 && check.heals === true);
  }

  /** Forgets what maintenance would mend, since there is none. */
  dropHealing(): void {
    for (const check of this.#found.keys()) if (check.heals) this.#found.delete(check);
  }

  drop(code: string): void {
    for (const check of this.#found.keys()) if (check.code === code) this.#found.delete(check);
  }

  /** Looks again at all that is suspected; keeps what is found just as before. */
  async again(): Promise<void> {
    const items = new Map<string, Item>();
    for (const found of this.#found.values())
      for (const [key, { item }] of found) items.set(key, item);
    const facts = await this.#options.look([...items.values()]);
    const factsOf = new Map([...items.keys()].map((key, at) => [key, facts[at] as Facts]));
    for (const [check, found] of this.#found)
      for (const [key, { what }] of found)
        if (check.finds(factsOf.get(key) as Facts) !== what) found.delete(key);
  }

  problems(key: KeyNamer): Problem[] {
    return this.#options.checks.flatMap((check) => {
      const found = [...(this.#found.get(check)?.values() ?? [])];
      const ids = [...new Set(found.map(({ item }) => this.#options.idOf(item)))];
      return ids.length === 0 ? [] : [problemOf(check, ids.length, ids.filter(Boolean), key)];
    });
  }
}
