// The timer for the next delayed job of a queue, and the call that promotes it. Only a job that is due before the next sweep is
// worth a timer. Who promotes nothing leaves the next one to the worker that was told of it, which was faster, so that idle workers
// don't stampede; if nobody was, since the job had gone, it is told.
import type { QueueKeys } from './keys.js';
import { randomText } from './caller.js';
import { batchElements } from './options.js';
import { callOf, type Call } from './script.js';
import * as scripts from './scripts.js';

type PromoteReply = ReturnType<typeof scripts.promote.parse>;

/** ms by which a timer may be early and is set again. */
const earlyTimer = 5;

export class DueTimer {
  readonly #horizon: number;
  readonly #onDue: () => void;
  readonly #id = randomText(8);
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #at = 0;
  #due = false;
  #left = false;

  /** `horizon`: ms until the next sweep at the latest. */
  constructor(horizon: number, onDue: () => void) {
    this.#horizon = horizon;
    this.#onDue = onDue;
  }

  /** A job is due in `ms`; the earliest one counts. */
  set(ms: number): void {
    const at = performance.now() + ms;
    if (this.#stopped || ms > this.#horizon || (this.#timer && this.#at <= at)) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#due = true;
      this.#onDue();
    }, Math.ceil(ms));
  }

  /** Whether there is something to promote. */
  get isDue(): boolean {
    return this.#due;
  }

  /** Whether the next job is left to another worker. */
  get isLeft(): boolean {
    return this.#left;
  }

  /** The call that promotes what is due, if something is. */
  take(keys: QueueKeys): Call<PromoteReply> | undefined {
    const due = this.#due;
    this.forget();
    const args = { limit: batchElements, timer: this.#id };
    return due ? callOf(scripts.promote, keys, args) : undefined;
  }

  /** `took`: together with a marker, which the one that was told may have put there because its worker was closed. */
  promoted(reply: PromoteReply | undefined, took: boolean): void {
    if (!reply) return;
    const { moved, dueIn, left } = reply;
    if (moved === batchElements) this.#due = true;
    else if (left && dueIn !== undefined && dueIn > earlyTimer) this.#left = !took;
    else if (dueIn !== undefined) this.set(dueIn);
  }

  /** Promotes nothing until the next timer. */
  forget(): void {
    this.#due = false;
    this.#left = false;
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
