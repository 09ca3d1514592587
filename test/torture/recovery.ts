// How long it took to go on: from the end of each fault to the next completed job, and from the death of a worker until each of its jobs
// began elsewhere.
import type { Row } from './ledger.js';

export class Recovery {
  /** Longest so far (ms), and of what. */
  max = 0;
  what = '';
  /** Faults that have ended, and no job has completed since. */
  #ended: { readonly name: string; readonly at: number }[] = [];
  /** Jobs that run, by whom. */
  readonly #running = new Map<string, string>();
  /** Jobs whose worker was killed, since when. */
  readonly #orphans = new Map<string, number>();

  take({ kind, time, text, job, by }: Row): void {
    if (kind === 'fault over') this.#ended.push({ name: text, at: time });
    if (kind === 'killed') this.#killed(text, time);
    if (kind === 'start') {
      const since = this.#orphans.get(job);
      if (since !== undefined) this.#recovered(`${job} of a killed worker`, time - since);
      this.#orphans.delete(job);
      this.#running.set(job, by);
    }
    // Its end was taken, and its worker died before it told.
    if (kind === 'requeueing') this.#orphans.delete(job);
    if (kind === 'done') {
      for (const { name, at } of this.#ended) this.#recovered(name, time - at);
      this.#ended = [];
    }
    if (kind === 'done' || kind === 'failed' || kind === 'stopped') this.#running.delete(job);
  }

  /** Jobs that a worker runs, as far as it was told. */
  heldBy(worker: string): string[] {
    return [...this.#running].filter(([, by]) => by === worker).map(([job]) => job);
  }

  /** Whether somebody else runs one of these jobs now, or has. */
  isElsewhere(jobs: readonly string[], worker: string): boolean {
    return jobs.some((job) => this.#running.get(job) !== worker);
  }

  #killed(by: string, at: number): void {
    for (const [job, worker] of this.#running)
      if (worker === by) {
        this.#orphans.set(job, at);
        this.#running.delete(job);
      }
  }

  #recovered(what: string, ms: number): void {
    if (ms <= this.max) return;
    this.max = ms;
    this.what = what;
  }
}
