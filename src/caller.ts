// Who sends numbered calls: a producer, or a worker under one lease. What numbers make harmless is told in
// ARCHITECTURE.md.
import { randomBytes } from 'node:crypto';
import type { CallRow, JobId, LeaseId } from './script.js';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random text without bias: 5.95 bits a character. */
export function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && text.length < length) text += alphabet[byte % 62];
    }
  }
  return text;
}

/** Two characters for each number below 62². */
const pairs = Array.from(
  { length: alphabet.length ** 2 },
  (_, n) => alphabet.charAt(n / alphabet.length) + alphabet.charAt(n % alphabet.length),
);

/** Draws fresh ids: a random prefix of 8 characters, which a counter of 4 follows; 12 in all fit Redis' 16 byte class. */
export class IdMaker {
  #prefix = randomText(8);
  /** The prefix with the first two of the counter's characters. */
  #head = '';
  #count = 0;

  next(): JobId {
    const low = this.#count % pairs.length;
    if (low === 0) this.#head = this.#prefix + pairs[this.#count / pairs.length];
    this.#count += 1;
    if (this.#count === pairs.length ** 2) {
      this.#prefix = randomText(8);
      this.#count = 0;
    }
    return (this.#head + pairs[low]) as JobId;
  }
}

/** Numbers the calls of each script. One call of a script is in flight at a time; the user of this class sees to it. */
export class Caller {
  readonly id: LeaseId;
  readonly #numbers = new Map<string, number>();

  constructor(id: LeaseId = randomText(11) as LeaseId) {
    this.id = id;
  }

  /** The row and number of the next call. */
  next(script: string): { call: CallRow; number: number } {
    const number = (this.#numbers.get(script) ?? 0) + 1;
    this.#numbers.set(script, number);
    return { call: `${this.id}:${script}` as CallRow, number };
  }

  /** Rows that calls of this caller have left. */
  rows(): { call: CallRow }[] {
    return [...this.#numbers.keys()].map((script) => ({ call: `${this.id}:${script}` as CallRow }));
  }
}
