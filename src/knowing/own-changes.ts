// What this process itself has added and removed of late. Events come by another connection than answers: one from before such a change
// may come after it, and must not be believed.
import type { JobId } from '../script.js';

const most = 10_000;

export class OwnChanges {
  readonly #changes = new Map<JobId, { readonly present: boolean; readonly at: number }>();
  /** When many were removed at once, without being named. */
  #all = Number.NEGATIVE_INFINITY;

  /** The server has said so by now (monotonic clock, ms). */
  note(id: JobId, present: boolean, now: number): void {
    this.#changes.delete(id);
    this.#changes.set(id, { present, at: now });
    for (const oldest of this.#changes.keys()) {
      if (this.#changes.size <= most) return;
      this.#changes.delete(oldest);
    }
  }

  noteAll(now: number): void {
    this.#all = now;
  }

  /** Whether an event may be from before a change that says otherwise; `asOf`: a moment that was no later than the event. */
  doubts(id: JobId, present: boolean, asOf: number): boolean {
    if (present && asOf < this.#all) return true;
    const change = this.#changes.get(id);
    return change !== undefined && change.present !== present && asOf < change.at;
  }

  /** Forgets changes that are older than any event that matters. */
  expire(oldest: number): void {
    for (const [id, { at }] of this.#changes) {
      if (at >= oldest) return;
      this.#changes.delete(id);
    }
  }

  clear(): void {
    this.#changes.clear();
  }
}
