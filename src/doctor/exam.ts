// Asking a queue for facts: one bounded call after the other, with rests, so that workers hardly notice.
import type { Connection } from '../connection.js';
import { sleep } from '../deadline.js';
import { executeOne } from '../execute.js';
import { nouns, type Noun, type QueueKeys } from '../keys.js';
import { callOf, type Call, type JobId, type LeaseId } from '../script.js';
import * as scripts from '../scripts.js';
import type { JobFacts, LeaseFacts, QueueFacts } from '../scripts.js';
import { kinds } from './kinds.js';

/** Most ids of one call. */
const pageElements = 200;
/** ms of calls after which there is a rest, half as long as they took. */
const stretch = 20;

/** A job to look at, under the lease by which `stopping` may name it. */
export interface JobItem {
  readonly id: JobId;
  readonly lease: LeaseId | '';
}

export interface Page {
  readonly ids: readonly JobId[];
  /** Values or scores, when the whole rows were asked for. */
  readonly values: readonly (string | undefined)[];
}

export class Exam {
  readonly keys: QueueKeys;
  readonly #connection: Connection;
  readonly #signal: AbortSignal | undefined;
  #busy = 0;
  /** How much was looked at. */
  readonly looked = { jobs: 0, edges: 0, leases: 0, entries: 0, rows: 0, steps: 0 };

  constructor(connection: Connection, keys: QueueKeys, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.keys = keys;
    this.#signal = signal;
  }

  /** One step. Throws the signal's reason once it has fired. */
  async run<Reply>(call: Call<Reply>): Promise<Reply> {
    this.#signal?.throwIfAborted();
    const start = performance.now();
    const reply = await executeOne(this.#connection, call);
    this.#busy += performance.now() - start;
    this.looked.steps += 1;
    if (this.#busy >= stretch) {
      await this.rest(this.#busy / 2);
      this.#busy = 0;
    }
    return reply;
  }

  async rest(ms: number): Promise<void> {
    await sleep(ms, this.#signal);
    this.#signal?.throwIfAborted();
  }

  async reckon(): Promise<QueueFacts> {
    return await this.run(callOf(scripts.reckon, this.keys, {}));
  }

  /** All ids of one key, those that stay there at least once; entries of a list from its tail on. */
  async *pages(noun: Noun, whole = false): AsyncGenerator<Page> {
    let cursor = '0';
    do {
      const page = await this.run(this.#browse(noun, cursor, whole));
      if (noun === 'waiting') this.looked.entries += page.ids.length;
      else if (noun === 'awaiting' || noun === 'dependents') this.looked.edges += page.ids.length;
      else this.looked.rows += page.ids.length;
      yield page;
      ({ cursor } = page);
    } while (cursor !== '0');
  }

  #browse(
    noun: Noun,
    cursor: string,
    whole: boolean,
    ids: readonly JobId[] = [],
  ): Call<Page & { cursor: string }> {
    const kind = kinds[noun] as 'hash' | 'zset' | 'list';
    const args = { place: nouns.indexOf(noun) + 1, kind, cursor, whole: whole ? 1 : 0 } as const;
    return callOf(
      scripts.browse,
      this.keys,
      args,
      ids.map((id) => ({ id })),
    );
  }

  /** The values or scores of these ids in one key. */
  async values(noun: Noun, ids: readonly JobId[]): Promise<(string | undefined)[]> {
    return await this.#bySlices(ids, async (part) => {
      const { values } = await this.run(this.#browse(noun, '0', true, part));
      return values;
    });
  }

  async jobs(items: readonly JobItem[]): Promise<JobFacts[]> {
    this.looked.jobs += items.length;
    const facts = await this.#bySlices(items, (part) =>
      this.run(callOf(scripts.examine, this.keys, {}, part)),
    );
    for (const [at, { lease }] of items.entries())
      if (lease !== '') facts[at] = { ...(facts[at] as JobFacts), lease };
    return facts;
  }

  async leases(ids: readonly LeaseId[]): Promise<LeaseFacts[]> {
    this.looked.leases += ids.length;
    const items = ids.map((lease) => ({ lease }));
    return await this.#bySlices(items, (part) =>
      this.run(callOf(scripts.muster, this.keys, {}, part)),
    );
  }

  async #bySlices<T, F>(
    items: readonly T[],
    look: (part: readonly T[]) => Promise<readonly F[]>,
  ): Promise<F[]> {
    const facts: F[] = [];
    for (let at = 0; at < items.length; at += pageElements)
      facts.push(...(await look(items.slice(at, at + pageElements))));
    return facts;
  }
}
