// The reference model of parents and children: what is registered, what a parent's end means, and who is told.
import { Moves, toldStay, watchedStay, type Told } from './moves.js';
import { ageOf, later, sorted, QueueState, type Edge, type Fate, type Heard, type Job, type Ref, type Time } from './state.js'; // prettier-ignore
import { endOf } from './waits.js';

/** ms until a deferred job is first looked at again, and the most that it may take. */
const firstCheck = 5_000;
const longestCheck = 600_000;

interface News {
  readonly edge: Edge;
  readonly fate: Fate;
  readonly text: unknown;
}

const sentence: Record<Fate, string> = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'was cancelled',
  cancel: 'was cancelled',
  release: 'was cancelled',
  removed: 'was removed',
  evicted: 'was evicted',
  unknown: 'is not stored',
};

/** What the end of a parent means to a child of this policy. */
function verdict(fate: Fate, policy: Edge['policy']): 'accept' | 'doom' | 'keep' {
  if (fate === 'completed' || fate === 'release') return 'accept';
  if (fate === 'cancel') return 'doom';
  if (policy === 'run') return 'accept';
  return policy === 'wait' && (fate === 'failed' || fate === 'cancelled') ? 'keep' : 'doom';
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) found.set(keyOf(item), [...(found.get(keyOf(item)) ?? []), item]);
  return [...found.values()];
}

function nameOf({ parent }: Edge): string {
  return `${parent.queue}\t${parent.id}`;
}

export abstract class Families extends Moves {
  /** Children ask in this step. */
  protected asking = false;

  /** A child asks a parent: how it has ended, or undefined, and then it will be told. */
  protected depend(edge: Edge): Heard | undefined {
    const parent = this.find(edge.parent);
    const heard = (fate: Fate): Heard => ({ parent: edge.parent, fate, text: fate === 'completed' ? textOf(parent, fate) : null }); // prettier-ignore
    if (!parent) return heard('unknown');
    if (parent.state === 'completed') return heard('completed');
    const broken = parent.state === 'failed' || parent.state === 'cancelled';
    const fate = broken ? parent.pinned?.fate : undefined;
    if (fate) return heard(fate);
    if (broken && edge.policy !== 'wait') return heard(parent.state as 'failed' | 'cancelled');
    parent.dependents.add(edge);
    parent.pinned ??= { fate: undefined };
    return undefined;
  }

  protected reasonOf({ parent, fate }: Pick<Heard, 'parent' | 'fate'>): string {
    return `parent ${parent.id} of queue ${parent.queue} ${sentence[fate]}`;
  }

  /** Asks for a child; edges that stay open, what was heard, and what forbids it to run. */
  protected ask(childQueue: string, job: Job, parents: readonly Ref[]) {
    const child = { queue: childQueue, id: job.spec.id };
    const edges = parents.map((parent): Edge => ({ child, parent, policy: job.policy }));
    const answers = edges.map((edge) => this.depend(edge));
    const heard = answers.filter((answer) => answer !== undefined);
    const fatal = heard.find(({ fate }) => verdict(fate, job.policy) === 'doom');
    return { open: edges.filter((_, at) => !answers[at]), heard, fatal };
  }

  /** What a child keeps of the parents it has heard of. */
  protected accepted(job: Job): Heard[] {
    return job.heard.filter(({ fate }) => verdict(fate, job.policy) === 'accept');
  }

  protected defer(queue: QueueState, job: Job, open: readonly Edge[]): void {
    this.move(queue, job, 'deferred');
    queue.deferred.set(job.spec.id, later(this.now, firstCheck));
    for (const edge of open) job.open.add(edge);
  }

  /** Tells dependents, and theirs, until nobody is left to tell. */
  release(first: readonly Told[]): void {
    for (let level = first; level.length > 0;) {
      const news = groups(level, ({ queue }) => queue).flatMap((group) =>
        group.flatMap((told) => this.#newsOf(told)),
      );
      const next = this.#deliver(news);
      for (const { queue: name, id } of level) {
        const { evicting } = this.queue(name);
        const until = evicting.get(id);
        const stay = later(this.now, toldStay);
        if (until && until[0] < stay[0]) evicting.set(id, stay);
      }
      level = next;
    }
  }

  #newsOf(told: Told): News[] {
    const parent = this.find(told);
    const text = textOf(parent, told.fate);
    return [...(parent?.dependents ?? [])]
      .toSorted((a, b) => (childOf(a) < childOf(b) ? -1 : 1))
      .map((edge) => ({ edge, fate: told.fate, text }));
  }

  #deliver(news: readonly News[]): Told[] {
    const told: Told[] = [];
    for (const group of groups(news, ({ edge }) => edge.child.queue)) {
      const queue = this.queue(group[0]?.edge.child.queue ?? '');
      const of = (what: string): News[] =>
        group.filter(({ edge, fate }) => verdict(fate, edge.policy) === what);
      this.#arrive(queue, of('accept'));
      this.#doom(queue, of('doom'), told);
      if (of('keep').length > 0) this.happened('a child hopes on');
      for (const { edge } of [...of('accept'), ...of('doom')])
        this.find(edge.parent)?.dependents.delete(edge);
    }
    return told;
  }

  #arrive(queue: QueueState, news: readonly News[]): void {
    const children = new Set<Job>();
    for (const { edge, fate, text } of news) {
      const child = queue.jobs.get(edge.child.id);
      if (!child?.open.delete(edge)) continue;
      child.heard.push({ parent: edge.parent, fate, text, either: this.asking });
      children.add(child);
    }
    for (const child of children) {
      if (child.open.size > 0) continue;
      queue.deferred.delete(child.spec.id);
      this.place(queue, child);
    }
  }

  #doom(queue: QueueState, news: readonly News[], told: Told[]): void {
    const lost: { child: Job; heard: Heard }[] = [];
    for (const { edge, fate, text } of news) {
      const child = queue.jobs.get(edge.child.id);
      if (!child?.open.has(edge)) continue;
      child.open.clear();
      const heard = { parent: edge.parent, fate, text, either: this.asking };
      child.heard.push(heard);
      queue.deferred.delete(child.spec.id);
      queue.expiring.delete(child.spec.id);
      lost.push({ child, heard });
    }
    for (const { child, heard } of lost) {
      const fate = heard.fate === 'cancel' ? 'cancel' : 'failed';
      child.blame(this.reasonOf(heard));
      this.finish(queue, child, { fate, age: ageOf(child.spec.opts.removeOnFail) }, told);
    }
  }

  /** Children that have not heard of their parents for a while ask again. */
  protected recheck(queue: QueueState): void {
    const news: News[] = [];
    for (const [id, at] of queue.deferred) {
      if (!this.past(at)) continue;
      queue.deferred.set(id, [this.now[0], this.now[1] + longestCheck]);
      // In the order of their texts: of several parents that have gone, the first one decides.
      const open = [...(queue.jobs.get(id)?.open ?? [])];
      for (const edge of open.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
        const heard = this.depend(edge);
        if (heard) news.push({ edge, ...heard });
      }
    }
    this.release(this.#deliver(news));
  }

  /** A job is to go: it stays until its dependents were told, if it has or had any. */
  protected discard(queue: QueueState, job: Job, told: Told[]): void {
    const { id } = job.spec;
    if (!job.pinned) return this.remove(queue, job);
    if (!['completed', 'failed', 'cancelled'].includes(job.state)) {
      this.move(queue, job, 'cancelled');
      queue.news.push(['cancelled', { jobId: id, failedReason: '' }]);
      this.tell(queue, id, endOf(job));
      queue.cancelled.set(id, this.now);
    }
    const until = queue.evicting.get(id);
    const stay = later(this.now, toldStay);
    queue.evicting.set(id, until && until[0] < stay[0] ? until : stay);
    job.pinned.fate = 'removed';
    told.push({ queue: queue.name, id, fate: 'removed' });
  }

  /** Retention is over for those whose time has come, and for the oldest beyond the number that stays. */
  protected evict(queue: QueueState): void {
    const told: Told[] = [];
    const due = sorted(queue.evicting).filter((id) => this.past(queue.evicting.get(id) as Time));
    const ids = [...due, ...this.#surplus(queue, 'completed', due)];
    ids.push(...this.#surplus(queue, 'failed', ids));
    for (const id of ids) {
      const job = queue.jobs.get(id);
      if (!job) continue;
      this.happened(due.includes(id) ? 'evicted by age' : 'evicted by count');
      if (job.pinned && job.dependents.size > 0) {
        queue.evicting.set(id, later(this.now, toldStay));
        this.happened('evicted while a child hopes');
        told.push({ queue: queue.name, id, fate: job.state === 'completed' ? 'completed' : 'evicted' }); // prettier-ignore
      } else this.remove(queue, job);
    }
    this.release(told);
  }

  /** How many jobs of this state are too many. */
  protected over(queue: QueueState, state: 'completed' | 'failed'): number {
    const most = queue.keep[state];
    return most === undefined ? 0 : Math.max(0, queue[state].size - most);
  }

  #surplus(queue: QueueState, state: 'completed' | 'failed', listed: readonly string[]): string[] {
    const over = this.over(queue, state);
    const first = queue.passed[state] < over ? queue.passed[state] : 0;
    const page = sorted(queue[state]).slice(first, over);
    queue.passed[state] = first;
    return page.filter((id) => {
      const job = queue.jobs.get(id);
      if (!job?.isWatched) return !listed.includes(id);
      queue.passed[state] += 1;
      const until = queue.evicting.get(id);
      const stay = later(this.now, job.pinned ? toldStay : watchedStay);
      queue.evicting.set(id, until && until[0] < stay[0] ? until : stay);
      return false;
    });
  }
}

function childOf({ child }: Edge): string {
  return `${child.queue}\t${child.id}`;
}

/** What goes with the news of an end. */
function textOf(parent: Job | undefined, fate: Fate): unknown {
  if (fate === 'completed') return parent?.result?.value ?? null;
  return parent?.reasons[0] ?? null;
}
