// What count and merge jobs return: the words of one file or of many, small enough for a result.
import { addCounts, byCount, countWords, cutTo, type WordCounts } from './words.js';

/** Most bytes of the words of one tally; a result may have 1 MiB. */
const maxBytes = 768 * 1024;
const samples = 3;

export interface Tally {
  readonly files: number;
  readonly words: number;
  readonly different: number;
  readonly counts: WordCounts;
  /** By how much counts may be too small, because parts had to drop rare words. 0: all are exact. */
  readonly missing: number;
  /** How often a word occurs, at most, that was dropped from `counts` here. */
  readonly dropped: number;
  readonly failed: readonly Failures[];
}

/** Count jobs that failed for the same reason. */
export interface Failures {
  readonly reason: string;
  readonly count: number;
  /** Ids of the first of them. */
  readonly samples: readonly string[];
}

/** Adds up texts, and tallies of others. */
export class Sum {
  #files = 0;
  #words = 0;
  #missing = 0;
  readonly #counts = new Map<string, number>();
  readonly #failed = new Map<string, Failures>();

  addText(text: string): void {
    countWords(this.#counts, text);
    for (const count of this.#counts.values()) this.#words += count;
    this.#files += 1;
  }

  add(part: Tally): void {
    addCounts(this.#counts, part.counts);
    this.#files += part.files;
    this.#words += part.words;
    this.#missing += part.missing + part.dropped;
    for (const failures of part.failed) this.#fail(failures);
  }

  /** Notes a file that could not be counted. */
  addFailure(reason: string, id: string): void {
    this.#fail({ reason, count: 1, samples: [id] });
  }

  #fail({ reason, count, samples: ids }: Failures): void {
    const before = this.#failed.get(reason);
    this.#failed.set(reason, {
      reason,
      count: count + (before?.count ?? 0),
      samples: [...(before?.samples ?? []), ...ids].toSorted().slice(0, samples),
    });
  }

  get tally(): Tally {
    const { kept, dropped } = cutTo(byCount(this.#counts), maxBytes);
    return {
      files: this.#files,
      words: this.#words,
      different: this.#counts.size,
      counts: kept,
      missing: this.#missing,
      dropped,
      failed: [...this.#failed.values()],
    };
  }
}
