// Settles that wait for the next round trip, and how they become calls: one script per kind of settle, 256
// jobs or 256 KiB a call.
import type { QueueKeys } from './keys.js';
import { batchBytes, batchElements } from './options.js';
import {
  callOf,
  type Call,
  type FailureText,
  type JobId,
  type OutcomeText,
  type Token,
} from './script.js';
import * as scripts from './scripts.js';
import type { SettleWord } from './scripts.js';

interface Claimed {
  readonly id: JobId;
  readonly token: Token;
}

/** What each kind of settle tells of a job. */
export interface SettleItems {
  /** '' forgets the job. */
  complete: Claimed & { readonly outcome: OutcomeText | '' };
  retry: Claimed & {
    readonly attempts: number;
    readonly delay: number;
    readonly failure: FailureText;
  };
  /** A failure of '' forgets the job. */
  fail: Claimed & { readonly attempts: number; readonly failure: FailureText | '' };
  handback: Claimed;
}

/** How an attempt ends: what to tell Redis. */
export type Ending =
  | { readonly kind: 'complete'; readonly item: SettleItems['complete'] }
  | { readonly kind: 'retry'; readonly item: SettleItems['retry'] }
  | { readonly kind: 'fail'; readonly item: SettleItems['fail'] };

/** How a settle ended; `unknown`: no answer came in time. */
export type SettleResult = SettleWord | 'unknown';

interface Entry<Item> {
  readonly item: Item;
  readonly bytes: number;
  readonly resolve: (result: SettleResult) => void;
}

/** One call, and where its answer goes. */
export interface SettleCall {
  readonly call: Call<readonly SettleWord[]>;
  readonly size: number;
  readonly resolve: (result: (index: number, token: Token) => SettleResult) => void;
}

class Lane<Item extends Claimed> {
  #entries: Entry<Item>[] = [];
  readonly #make: (keys: QueueKeys, items: readonly Item[]) => Call<readonly SettleWord[]>;
  /** The last ones go first, in calls that keep their order: each call puts its jobs before those of the one before. */
  readonly #backwards: boolean;

  constructor(
    make: (keys: QueueKeys, items: readonly Item[]) => Call<readonly SettleWord[]>,
    { backwards = false } = {},
  ) {
    this.#make = make;
    this.#backwards = backwards;
  }

  get size(): number {
    return this.#entries.length;
  }

  add(item: Item, bytes: number): Promise<SettleResult> {
    return new Promise((resolve) => {
      this.#entries.push({ item, bytes, resolve });
    });
  }

  take(keys: QueueKeys): SettleCall[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(batchElements, this.#entries.length); count += 1) {
      bytes += (this.#entries[count] as Entry<Item>).bytes;
      if (bytes > batchBytes && count > 0) break;
    }
    if (count === 0) return [];
    const taken = this.#entries.splice(this.#backwards ? -count : 0, count);
    return [
      {
        call: this.#make(
          keys,
          taken.map((entry) => entry.item),
        ),
        size: taken.length,
        resolve: (result) => {
          for (const [index, { item, resolve }] of taken.entries())
            resolve(result(index, item.token));
        },
      },
    ];
  }
}

export class Settles {
  readonly #lanes = {
    complete: new Lane<SettleItems['complete']>((keys, items) =>
      callOf(scripts.complete, keys, {}, items),
    ),
    retry: new Lane<SettleItems['retry']>((keys, items) => callOf(scripts.retry, keys, {}, items)),
    fail: new Lane<SettleItems['fail']>((keys, items) => callOf(scripts.fail, keys, {}, items)),
    handback: new Lane<SettleItems['handback']>(
      (keys, items) => callOf(scripts.handback, keys, {}, items),
      { backwards: true },
    ),
  };

  get size(): number {
    const { complete, retry, fail, handback } = this.#lanes;
    return complete.size + retry.size + fail.size + handback.size;
  }

  /** How many jobs wait to be handed back. */
  get handbacks(): number {
    return this.#lanes.handback.size;
  }

  /** Resolves when it was answered. */
  add(ending: Ending): Promise<SettleResult> {
    switch (ending.kind) {
      case 'complete':
        return this.#lanes.complete.add(ending.item, ending.item.outcome.length);
      case 'retry':
        return this.#lanes.retry.add(ending.item, ending.item.failure.length);
      case 'fail':
        return this.#lanes.fail.add(ending.item, ending.item.failure.length);
    }
  }

  handback(item: SettleItems['handback']): Promise<SettleResult> {
    return this.#lanes.handback.add(item, 0);
  }

  /** Takes what waits, as at most one call of each kind. */
  take(keys: QueueKeys): SettleCall[] {
    return Object.values(this.#lanes).flatMap((lane) => lane.take(keys));
  }
}
