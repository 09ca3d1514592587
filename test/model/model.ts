// The reference model: what each call of the public API does to queues, and what it answers. An answer is a word; '' when all is well.
import { Families } from './family.js';
import type { Told } from './moves.js';
import { endLine, type Line } from './news.js';
import { ageOf, isFinished, later, Job, QueueState, sorted, type Finished, type Ref, type Spec, type StateName } from './state.js'; // prettier-ignore
import { endOf } from './waits.js';

/** One job of an addBulk; `within`: ids of others of the same call that it depends on. */
export interface BulkSpec extends Spec {
  readonly within: readonly string[];
}

/** What is told or answered when something was noted on a job. */
export type Said = Line | number | void;

export class ModelOfQueues extends Families {
  /** Most jobs that the Queue object which adds lets wait. */
  #most = Infinity;

  /** Adds jobs of one call; a word for each: added, duplicate, or why not. */
  addBulk(name: string, specs: readonly BulkSpec[], most = Infinity): string[] {
    const queue = this.queue(name);
    this.#most = most;
    const within = new Set(specs.flatMap((spec) => spec.within));
    const words = new Map<BulkSpec, string>();
    const known = specs.filter((spec) => spec.within.length === 0);
    const childless = known.filter((spec) => spec.parents.length === 0);
    for (const spec of childless) words.set(spec, this.#addPlain(queue, spec, within.has(spec.id)));
    this.#addChildren(queue, known.filter((spec) => spec.parents.length > 0), within, words); // prettier-ignore
    for (let left = specs.filter((spec) => !words.has(spec)); left.length > 0;) {
      const wordOf = (id: string) => words.get(specs.find((spec) => spec.id === id) as BulkSpec);
      const next = left.filter((spec) => spec.within.every((id) => wordOf(id) !== undefined));
      const orphans = next.filter((spec) => spec.within.some((id) => wordOf(id)?.startsWith('PARENT'))); // prettier-ignore
      for (const spec of orphans) words.set(spec, 'PARENT_UNKNOWN');
      const children = next.filter((spec) => !orphans.includes(spec));
      this.#addChildren(queue, children, within, words);
      left = left.filter((spec) => !words.has(spec));
    }
    return specs.map((spec) => words.get(spec) ?? 'never added');
  }

  /** Why no job more is taken, if so: too many have not started. */
  #full(queue: QueueState): string | undefined {
    const unstarted = [...queue.jobs.values()].filter(({ state }) => state !== 'active' && !isFinished(state)); // prettier-ignore
    if (unstarted.length < this.#most) return undefined;
    this.happened('a full queue refused a job');
    return 'QUEUE_FULL';
  }

  #admit(queue: QueueState, spec: Spec, isParent: boolean): Job {
    const job = new Job(spec, this.now, isParent);
    queue.jobs.set(spec.id, job);
    this.count(queue, 'added');
    if (spec.opts.ttl) job.ends = later(this.now, spec.opts.ttl);
    if (job.ends) queue.expiring.set(spec.id, job.ends);
    return job;
  }

  #addPlain(queue: QueueState, spec: Spec, isParent: boolean): string {
    if (queue.jobs.has(spec.id)) return 'duplicate';
    const full = this.#full(queue);
    if (full) return full;
    const job = this.#admit(queue, spec, isParent);
    if (!spec.opts.delay) this.push(queue, job);
    else {
      this.move(queue, job, 'delayed');
      queue.delayed.set(spec.id, later(this.now, spec.opts.delay));
    }
    return 'added';
  }

  /** All edges are registered first, also of children that turn out to be there already. */
  #addChildren(
    queue: QueueState,
    specs: readonly BulkSpec[],
    within: ReadonlySet<string>,
    words: Map<BulkSpec, string>,
  ): void {
    const asked = specs.map((spec) => {
      const job = new Job(spec, this.now, within.has(spec.id));
      return { spec, ...this.ask(queue.name, job, spec.parents) };
    });
    for (const { spec, open, heard, fatal } of asked) {
      if (queue.jobs.has(spec.id)) words.set(spec, 'duplicate');
      else if (heard.some(({ fate }) => fate === 'unknown')) words.set(spec, 'PARENT_UNKNOWN');
      else if (this.#full(queue)) words.set(spec, 'QUEUE_FULL');
      else {
        words.set(spec, 'added');
        const job = this.#admit(queue, spec, within.has(spec.id));
        const { delay, removeOnFail } = spec.opts;
        if (delay) job.due = later(this.now, delay);
        job.heard = heard;
        if (fatal) {
          job.blame(this.reasonOf(fatal));
          this.move(queue, job, 'failed');
          queue.news.push(endLine(job, 'failed', job.reasons[0], false));
          this.count(queue, 'failed');
          queue.expiring.delete(spec.id);
          queue.failed.set(spec.id, this.now);
          const age = ageOf(removeOnFail);
          if (age !== undefined) queue.evicting.set(spec.id, later(this.now, age));
        } else if (open.length > 0) this.defer(queue, job, open);
        else this.place(queue, job);
      }
    }
  }

  /** Takes a job that is not active out of where it stands. */
  #withdraw(queue: QueueState, job: Job): void {
    const { id } = job.spec;
    queue.waiting = queue.waiting.filter((other) => other !== id);
    queue.late.delete(id);
    for (const times of [queue.expiring, queue.suspects, queue.delayed, queue.deferred])
      times.delete(id);
    job.open.clear();
  }

  #removeAll(queue: QueueState, ids: readonly string[]): string[] {
    const told: Told[] = [];
    const words = ids.map((id) => {
      const job = queue.jobs.get(id);
      if (!job) return 'JOB_NOT_FOUND';
      if (job.state === 'active') return 'JOB_ACTIVE';
      if (!isFinished(job.state)) this.#withdraw(queue, job);
      this.discard(queue, job, told);
      return '';
    });
    this.release(told);
    return words;
  }

  removeJob(name: string, id: string): string {
    return this.#removeAll(this.queue(name), [id])[0] ?? '';
  }

  cancel(name: string, id: string, reason: string, dependents?: 'cancel' | 'release'): string {
    const queue = this.queue(name);
    const job = queue.jobs.get(id);
    if (!job) return 'JOB_NOT_FOUND';
    if (isFinished(job.state)) return 'JOB_FINISHED';
    if (job.state === 'active') {
      if (!job.asked) {
        job.asked = dependents ?? 'cancelled';
        job.blame(reason);
        if (job.run) job.run.cancelled = true;
      }
      return '';
    }
    this.#withdraw(queue, job);
    job.blame(reason);
    const told: Told[] = [];
    const age = ageOf(job.spec.opts.removeOnFail);
    this.finish(queue, job, { fate: dependents ?? 'cancelled', age }, told);
    this.release(told);
    return '';
  }

  retryJob(name: string, id: string): string {
    const queue = this.queue(name);
    const job = queue.jobs.get(id);
    if (!job) return 'JOB_NOT_FOUND';
    if (!isFinished(job.state)) return 'JOB_NOT_FINISHED';
    if (job.pinned?.fate === 'removed') return 'JOB_NOT_FOUND';
    const heard = this.accepted(job);
    const has = (parent: Ref): boolean =>
      heard.some((one) => one.parent.queue === parent.queue && one.parent.id === parent.id);
    const parents = job.spec.parents.filter((parent) => !has(parent));
    const asked = this.ask(name, job, parents);
    if (asked.fatal) return 'PARENT_FAILED';
    queue[job.state].delete(id);
    queue.evicting.delete(id);
    job.attempts = undefined;
    job.losses = undefined;
    job.ends = undefined;
    job.result = undefined;
    job.reasons = [];
    if (job.pinned) job.pinned.fate = undefined;
    if (job.isChild) job.heard = [...heard, ...asked.heard];
    if (asked.open.length > 0) this.defer(queue, job, asked.open);
    else this.push(queue, job);
    return '';
  }

  /** The oldest first; those without parents of their own before the others. Returns how many were put back. */
  retryJobs(name: string, state: Finished, count: number): number {
    const queue = this.queue(name);
    const old = sorted(queue[state]).filter((id) => this.past(queue[state].get(id) ?? [0, 0]));
    let done = 0;
    for (let skipped = 0; done < count;) {
      const page = old.filter((id) => queue[state].has(id)).slice(skipped, skipped + count - done);
      if (page.length === 0) break;
      const child = (id: string): boolean => queue.jobs.get(id)?.isChild === true;
      const order = [...page.filter((id) => !child(id)), ...page.filter(child)];
      const moved = order.filter((id) => this.retryJob(name, id) === '').length;
      done += moved;
      skipped += page.length - moved;
    }
    return done;
  }

  /** Removes jobs that have finished, or all that are in another state. Returns their ids. */
  clean(name: string, grace: number, limit: number, state: Exclude<StateName, 'active'>): string[] {
    const queue = this.queue(name);
    const removed: string[] = [];
    const old = (id: string): boolean => {
      if (!isFinished(state)) return true;
      return this.past(later(queue[state].get(id) ?? [0, 0], grace));
    };
    for (;;) {
      const all = state === 'waiting' ? [...queue.jobs.keys()].filter((id) => queue.jobs.get(id)?.state === 'waiting') : sorted(queue[state]); // prettier-ignore
      const page = all.filter((id) => old(id) && !removed.includes(id)).slice(0, limit - removed.length); // prettier-ignore
      if (page.length === 0) return removed;
      this.#removeAll(queue, page);
      removed.push(...page);
    }
  }

  /** Until none is left: those that were told meanwhile that a parent has gone may wait then, too. */
  drain(name: string, delayed: boolean): void {
    const queue = this.queue(name);
    for (;;) {
      const ids = [...queue.jobs.values()]
        .filter(({ state }) => state === 'waiting' || (delayed && state === 'delayed'))
        .map(({ spec }) => spec.id);
      if (ids.length === 0) return;
      this.#removeAll(queue, ids);
    }
  }

  obliterate(name: string, force: boolean): string {
    const queue = this.queue(name);
    const jobs = [...queue.jobs.values()];
    if (!force && jobs.some(({ state }) => state === 'active')) return 'JOB_ACTIVE';
    for (const job of jobs) this.move(queue, job, 'gone');
    queue.news.push(['obliterated', {}]);
    for (const lease of queue.leases) lease.state = 'gone';
    const next = new QueueState(name);
    next.news = queue.news;
    this.queues.set(name, next);
    return '';
  }

  /** Notes something on a job; `token` is that of the claim that the caller shows. */
  note(name: string, id: string, run: Job['run'], write: (job: Job) => Said): number | string {
    const queue = this.queue(name);
    const job = queue.jobs.get(id);
    if (job && job.run === run) {
      const said = write(job);
      if (typeof said === 'number') return said;
      if (said) queue.news.push(said);
    } else if (run && job) {
      this.happened(
        job.run ? 'a note under an older claim was refused' : 'a note without a claim was refused',
      );
      return 'LeaseLostError';
    } else return job ? 'JOB_ACTIVE' : 'JOB_NOT_FOUND';
    return '';
  }

  /** Somebody waits for a job to finish. */
  await(name: string, id: string): string {
    const job = this.queue(name).jobs.get(id);
    if (!job) return 'JOB_NOT_FOUND';
    const over = isFinished(job.state);
    this.waits.push({ queue: name, id, told: over ? endOf(job) : undefined });
    job.awaited ||= !over;
    return '';
  }

  /** The Queue objects of a queue are closed, and others made. */
  reopen(name: string): void {
    for (const wait of this.waits) if (wait.queue === name) wait.told ??= 'CLOSED';
  }

  pause(name: string, paused: boolean): void {
    const queue = this.queue(name);
    if (queue.paused !== paused) queue.news.push([paused ? 'paused' : 'resumed', {}]);
    queue.paused = paused;
  }
}
