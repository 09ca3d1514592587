// The reference model of the moves of jobs: from state to state, to their ends and away, with what is counted and told of each.
import type { Counts } from './counts.js';
import { endLine, linesOf } from './news.js';
import { later, type Fate, type Job, type QueueState, type Ref, type Time } from './state.js';
import { endOf, returned, type Wait } from './waits.js';

/** ms for which a job that others know stays at least when it ends; and when they were told. */
export const watchedStay = 60_000;
export const toldStay = 900_000;

/** A parent has ended: what its dependents are told. */
export interface Told extends Ref {
  readonly fate: Fate;
}

/** How a job ends, and for how many ms it then stays; undefined for ever. */
export interface End {
  readonly fate: 'completed' | 'failed' | 'cancelled' | 'cancel' | 'release';
  readonly age: number | undefined;
  readonly value?: unknown;
  readonly ran?: boolean;
}

/** What the model knows of jobs, and how they move. */
export abstract class Moves {
  readonly queues = new Map<string, QueueState>();
  /** When the step under way began and ended, by the server's clock. */
  now: Time = [0, 0];
  /** How often each change of a state was seen, and other things of which each run must see some. */
  readonly moves = new Map<string, number>();
  /** Who does what is done now, if it is a worker: of its own queue it tells what it counts only now and then. */
  actor: { readonly queue: string; readonly untold: Counts } | undefined;
  /** Who has waited for a job to finish, in order. */
  readonly waits: Wait[] = [];

  queue(name: string): QueueState {
    const queue = this.queues.get(name);
    if (!queue) throw new Error(`no queue ${name}`);
    return queue;
  }

  find({ queue, id }: Ref): Job | undefined {
    return this.queue(queue).jobs.get(id);
  }

  /** Whether this time had come when the step began. */
  past([from]: Time): boolean {
    return from <= this.now[0];
  }

  protected happened(what: string): void {
    this.moves.set(what, (this.moves.get(what) ?? 0) + 1);
  }

  protected count(queue: QueueState, what: keyof Counts): void {
    const own = this.actor?.queue === queue.name ? this.actor.untold : undefined;
    (own ?? queue.counts)[what] += 1;
  }

  move(queue: QueueState, job: Job, to: Job['state'] | 'gone'): void {
    this.happened(`${job.state} > ${to}`);
    queue.news.push(...linesOf(job, to));
    if (to !== 'gone') job.state = to;
  }

  /** Those who still wait for a job are told. */
  protected tell(queue: QueueState, id: string, what: string): void {
    for (const wait of this.waits)
      if (wait.queue === queue.name && wait.id === id && wait.told === undefined) {
        this.happened('who waited was told');
        wait.told = what;
      }
  }

  /** To the end of those that wait, or to their head. */
  push(queue: QueueState, job: Job): void {
    this.move(queue, job, 'waiting');
    if (job.spec.opts.lifo) queue.waiting.unshift(job.spec.id);
    else queue.waiting.push(job.spec.id);
  }

  place(queue: QueueState, job: Job): void {
    if (job.due && !this.past(job.due)) {
      this.move(queue, job, 'delayed');
      queue.delayed.set(job.spec.id, job.due);
    } else this.push(queue, job);
  }

  forget(queue: QueueState, job: Job): void {
    this.tell(queue, job.spec.id, 'JOB_NOT_FOUND');
    this.move(queue, job, 'gone');
    queue.jobs.delete(job.spec.id);
    for (const times of queue.zsets) times.delete(job.spec.id);
  }

  /** A job goes, and that is told. */
  protected remove(queue: QueueState, job: Job): void {
    queue.news.push(['removed', { jobId: job.spec.id }]);
    this.forget(queue, job);
  }

  /**
   * A job ends; it was taken out of where it stood. `value`: what its handler returned. `ran`: it failed in its handler. Pushes to `told`
   * when it has dependents.
   */
  finish(
    queue: QueueState,
    job: Job,
    { fate, age, value, ran = false }: End,
    told: Told[],
  ): 'kept' | 'gone' {
    const { id } = job.spec;
    const state = fate === 'completed' || fate === 'failed' ? fate : 'cancelled';
    this.count(queue, state);
    queue.news.push(
      endLine(job, state, state === 'completed' ? value : (job.reasons[0] ?? ''), ran),
    );
    if (age === 0 && !job.isWatched) {
      this.forget(queue, job);
      return 'gone';
    }
    this.move(queue, job, state);
    this.tell(queue, id, state === 'completed' ? returned(value) : endOf(job));
    queue[state].set(id, this.now);
    if (age !== undefined)
      queue.evicting.set(id, later(this.now, job.isWatched ? Math.max(age, watchedStay) : age));
    if (job.pinned) {
      told.push({ queue: queue.name, id, fate });
      if (fate === 'cancel' || fate === 'release') job.pinned.fate = fate;
    }
    return 'kept';
  }
}
