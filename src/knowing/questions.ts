// Asking the server whether jobs are stored. Questions of one turn of the event loop travel together, 256 ids a call.
import { Batcher } from '../batcher.js';
import type { Connection } from '../connection.js';
import { executeOne } from '../execute.js';
import type { QueueKeys } from '../keys.js';
import { batchElements } from '../options.js';
import { callOf, type JobId } from '../script.js';
import { exists } from '../scripts.js';

/** Ids that wait to be asked for. */
const limits = {
  elements: batchElements,
  bytes: Number.POSITIVE_INFINITY,
  maxPending: 100_000,
  maxPendingBytes: Number.POSITIVE_INFINITY,
};

export interface Answer {
  readonly present: boolean;
  /** A moment of the local monotonic clock (ms) when that was true, or one before. */
  readonly asOf: number;
}

/** What came back of one call. */
export interface Reply {
  /** When it was sent and when it was answered (monotonic clock, ms). */
  readonly sent: number;
  readonly answered: number;
  /** The server's time (ms) of all its answers. */
  readonly time: number;
  readonly ids: readonly JobId[];
  /** For each of the ids. */
  readonly stored: readonly boolean[];
  /** Ids of which nothing newer was heard since it was sent; what is distrusted meanwhile leaves it. */
  readonly trusted: ReadonlySet<JobId>;
}

/** Looks at each reply before anybody is answered; tells as of when its answers are true, which is no later than they were. */
type Heed = (reply: Reply) => number;

export class Questions {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #heed: Heed;
  readonly #batcher: Batcher<JobId, Answer>;
  /** Shared questions that wait for their answer. */
  readonly #shared = new Map<JobId, Promise<Answer>>();
  /** What is trusted of the calls in flight. */
  readonly #inFlight = new Set<Set<JobId>>();

  constructor(connection: Connection, keys: QueueKeys, heed: Heed = ({ sent }) => sent) {
    this.#connection = connection;
    this.#keys = keys;
    this.#heed = heed;
    const send = (ids: JobId[]): Promise<Answer[]> => this.askNow(ids);
    this.#batcher = new Batcher([send, send], limits);
  }

  /** Whether a call is in flight. */
  get busy(): boolean {
    return this.#inFlight.size > 0;
  }

  /** Asks together with others of this turn. */
  ask(id: JobId): Promise<Answer> {
    return this.#batcher.add(id, 0);
  }

  /** The same; who shares a question for the same id gets the same answer, which may be from before he asked. */
  share(id: JobId): Promise<Answer> {
    const asked = this.#shared.get(id);
    if (asked) return asked;
    const answer = this.ask(id).finally(() => {
      if (this.#shared.get(id) === answer) this.#shared.delete(id);
    });
    this.#shared.set(id, answer);
    return answer;
  }

  /** Asks at once, in a call of its own; of no ids to learn the time alone. */
  async askNow(ids: readonly JobId[]): Promise<Answer[]> {
    const trusted = new Set(ids);
    this.#inFlight.add(trusted);
    const sent = performance.now();
    try {
      const items = ids.map((id) => ({ id }));
      const call = callOf(exists, this.#keys, {}, items);
      const { time, stored } = await executeOne(this.#connection, call);
      const asOf = this.#heed({ sent, answered: performance.now(), time, ids, stored, trusted });
      return stored.map((present) => ({ present, asOf }));
    } finally {
      this.#inFlight.delete(trusted);
    }
  }

  /** Something newer is known of an id: answers under way tell who asked, and are not to be remembered. */
  distrust(id: JobId): void {
    for (const trusted of this.#inFlight) trusted.delete(id);
  }

  distrustAll(): void {
    for (const trusted of this.#inFlight) trusted.clear();
  }

  /** The same; nor are they for who asks from now on. */
  renounce(id: JobId): void {
    this.#shared.delete(id);
    this.distrust(id);
  }

  renounceAll(): void {
    this.#shared.clear();
    this.distrustAll();
  }
}
