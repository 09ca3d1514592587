// The timer for the next delayed job of a queue, and the call that promotes it. Only a job that is due before the next sweep is
// worth a timer. Who promotes nothing was not alone with that timer: the next one is left to the worker that was faster, so that
// idle workers don't stampede.
import type { QueueKeys } from './keys.js';
import { batchElements } from './options.js';
import { callOf, type Call } from './script.js';
import * as scripts from './scripts.js';

type PromoteReply = ReturnType<typeof scripts.promote.parse>;

/** ms by which a timer may be early and is set again. */
const earlyTimer = 5;

export class DueTimer {
  readonly #horizon: number;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
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
    if (ms > this.#horizon || (this.#timer && this.#at <= at)) return;
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
    return due ? callOf(scripts.promote, keys, { limit: batchElements }) : undefined;
  }

  promoted(reply: PromoteReply | undefined): void {
    if (!reply) return;
    const { moved, dueIn } = reply;
    if (moved === batchElements) this.#due = true;
    else if (dueIn !== undefined && (moved > 0 || dueIn <= earlyTimer)) this.set(dueIn);
    else this.#left = true;
  }

  /** Promotes nothing until the next timer. */
  forget(): void {
    this.#due = false;
    this.#left = false;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
