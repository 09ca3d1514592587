// Settles that wait for the next round trip, and how they become calls: one script per kind of settle and retention, 256
// jobs or 256 KiB a call.
import type { Retention } from './job-options.js';
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

interface Failed extends Claimed {
  readonly attempts: number;
  readonly failure: FailureText;
}

/** How an attempt ends: what to tell Redis. */
export type Ending =
  | {
      readonly kind: 'complete';
      /** '' when there is nothing to keep. */
      readonly item: Claimed & { readonly outcome: OutcomeText | '' };
      readonly retention: Retention;
    }
  | { readonly kind: 'fail'; readonly item: Failed; readonly retention: Retention }
  | { readonly kind: 'stop'; readonly item: Claimed; readonly retention: Retention }
  | { readonly kind: 'retry'; readonly item: Failed & { readonly delay: number } }
  | { readonly kind: 'delay'; readonly item: Claimed & { readonly delay: number } };

/** A job that goes back; `ran`: 1 when it has started, so that its ttl counts no more. */
export type Handback = Claimed & { readonly ran: 0 | 1 };

/** How a settle ended; `unknown`: no answer came in time. */
export type SettleResult = Exclude<SettleWord, 'releasing'> | 'unknown';

interface Entry<Item> {
  readonly item: Item;
  readonly bytes: number;
  readonly resolve: (result: SettleResult) => void;
}

/** One call, and where its answer goes. */
export interface SettleCall {
  readonly call: Call<readonly SettleWord[]>;
  readonly size: number;
  readonly resolve: (result: (index: number, item: Claimed) => SettleResult) => void;
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

  add(item: Item, bytes: number, resolve: (result: SettleResult) => void): void {
    this.#entries.push({ item, bytes, resolve });
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
          for (let index = 0; index < taken.length; index += 1) {
            const { item, resolve } = taken[index] as Entry<Item>;
            resolve(result(index, item));
          }
        },
      },
    ];
  }
}

type EndingOf<Kind extends Ending['kind']> = Extract<Ending, { kind: Kind }>['item'];
type Retained = Extract<Ending, { retention: Retention }>['kind'];

const endings = { complete: scripts.complete, fail: scripts.fail, stop: scripts.stop };

/** Bytes of a job's history, which is rewritten with each failure: as if all its failures were like this one. */
function historyOf({ failure, attempts }: Failed): number {
  return failure.length * Math.max(1, Math.min(attempts, keptFailures));
}

function ignored(): void {
  // Nobody waits for it.
}

/** Failures of a job that stay (shared/blame.lua). */
const keptFailures = 10;
/** Most retentions for which an empty lane is kept. */
const keptLanes = 16;

export class Settles {
  readonly #retry = new Lane<EndingOf<'retry'>>((keys, items) =>
    callOf(scripts.retry, keys, {}, items),
  );
  readonly #delay = new Lane<EndingOf<'delay'>>((keys, items) =>
    callOf(scripts.delay, keys, {}, items),
  );
  readonly #handback = new Lane<Handback>(
    (keys, items) => callOf(scripts.handback, keys, {}, items),
    { backwards: true },
  );
  /** For each retention that jobs ask for; few queues have more than two. */
  readonly #ends = {
    complete: new Map<string, Lane<EndingOf<'complete'>>>(),
    fail: new Map<string, Lane<EndingOf<'fail'>>>(),
    stop: new Map<string, Lane<EndingOf<'stop'>>>(),
  };
  /** How many completed and failed jobs stay, as jobs that ended since the last call ask for. */
  #counts: { completed: number | ''; failed: number | '' } = { completed: '', failed: '' };
  /** Whether ever more is to be evicted by its time, whatever the sweeper does: then who ends jobs evicts some. */
  crowded = false;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many jobs wait to be handed back. */
  get handbacks(): number {
    return this.#handback.size;
  }

  /** `resolve` is called when it was answered: a promise for each job would cost more than all that is done here. */
  add(ending: Ending, resolve: (result: SettleResult) => void = ignored): void {
    this.#size += 1;
    switch (ending.kind) {
      case 'complete': {
        const { item, retention } = ending;
        if (retention.count !== undefined) this.#counts.completed = retention.count;
        return this.#lane('complete', retention).add(item, item.outcome.length, resolve);
      }
      case 'fail': {
        const { item, retention } = ending;
        if (retention.count !== undefined) this.#counts.failed = retention.count;
        return this.#lane('fail', retention).add(item, historyOf(item), resolve);
      }
      case 'stop':
        return this.#lane('stop', ending.retention).add(ending.item, 0, resolve);
      case 'retry':
        return this.#retry.add(ending.item, historyOf(ending.item), resolve);
      case 'delay':
        return this.#delay.add(ending.item, 0, resolve);
    }
  }

  /** Resolves when it was answered. */
  handback(item: Handback): Promise<SettleResult> {
    this.#size += 1;
    return new Promise((resolve) => {
      this.#handback.add(item, 0, resolve);
    });
  }

  #lane<Kind extends Retained>(kind: Kind, { age }: Retention): Lane<EndingOf<Kind>> {
    const lanes = this.#ends[kind] as unknown as Map<string, Lane<EndingOf<Kind>>>;
    let lane = lanes.get(age);
    if (!lane) {
      const script = endings[kind] as unknown as typeof scripts.stop;
      lane = new Lane((keys, items) => callOf(script, keys, { age }, items));
      lanes.set(age, lane);
    }
    return lane;
  }

  /** Takes what waits, as at most one call of each kind and retention. */
  take(keys: QueueKeys): SettleCall[] {
    if (this.#size === 0) return [];
    const calls = [...this.#retry.take(keys), ...this.#delay.take(keys)];
    for (const lanes of Object.values(this.#ends)) {
      for (const [age, lane] of lanes) {
        calls.push(...(lane as Lane<Claimed>).take(keys));
        if (lane.size === 0 && lanes.size > keptLanes) lanes.delete(age);
      }
    }
    calls.push(...this.#handback.take(keys));
    for (const { size } of calls) this.#size -= size;
    return calls;
  }

  /** The eviction of what jobs that ended since the last call leave no room for, or of what is due. */
  eviction(keys: QueueKeys): Call<ReturnType<typeof scripts.evict.parse>> | undefined {
    const { completed, failed } = this.#counts;
    if (completed === '' && failed === '' && !this.crowded) return undefined;
    this.#counts = { completed: '', failed: '' };
    return callOf(scripts.evict, keys, { limit: batchElements, completed, failed });
  }
}
