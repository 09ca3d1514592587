// A plain reference for dependencies: what ends of its parents allow a child to run, or to fail without having run.
//
// It watches every state after every call and keeps each way in which a job has ever ended. Parents and children live in different
// queues, so news travel, may be late, and may be overtaken by a requeue. Therefore legal is what some end of the parent allows that
// was true at some moment since the child began to wait, be it over by now:
//   a child may run          when each of its parents has ended, ever, in a way that its policy accepts;
//   a child may fail unrun   when a parent has ended, since the child began to wait, in a way that its policy does not accept;
//   a child may stay         only while a parent has not finished, or has failed and its policy is to wait.
// A requeued child keeps what it has accepted, but an end that it did not accept counts only if it is still true.
import type { ParentFailurePolicy } from '../../src/job-options.js';

/** PROTOCOLS 7, in a few lines of its own. */
function verdict(fate: string, policy: ParentFailurePolicy): 'accept' | 'doom' | 'keep' {
  if (fate === 'completed' || fate === 'release') return 'accept';
  if (fate === 'cancel') return 'doom';
  if (policy === 'run') return 'accept';
  return policy === 'wait' && (fate === 'failed' || fate === 'cancelled') ? 'keep' : 'doom';
}

/** What is stored of a job, after a call. */
export interface Seen {
  readonly state: string;
  /** Its row in releasing. */
  readonly word: string | undefined;
  /** What it tells those who ask, when its state alone does not say it. */
  readonly mark: string | undefined;
  readonly reason: string | undefined;
  /** What it has heard of its parents: `parent fate`. */
  readonly heard: readonly string[];
}

interface Family {
  readonly parents: readonly string[];
  readonly policy: ParentFailurePolicy;
  /** For each parent its ends since this child began to wait. */
  doom: Map<string, Set<string>>;
}

const ends = new Set(['completed', 'failed', 'cancelled']);

export class Judge {
  readonly #last = new Map<string, Seen>();
  readonly #ever = new Map<string, Set<string>>();
  /** Ends since the job was last unfinished. */
  readonly #now = new Map<string, Set<string>>();
  readonly #families = new Map<string, Family>();
  /** Jobs that somebody began to cancel, expire or remove. */
  readonly #touched = new Set<string>();
  readonly wrong: string[] = [];

  stateOf(job: string): string {
    return this.#last.get(job)?.state ?? 'unknown';
  }

  /** The parents and the policy that a job was first given: whoever adds it again gives the same. */
  familyOf(job: string): Pick<Family, 'parents' | 'policy'> {
    return this.#families.get(job) ?? { parents: [], policy: 'fail' };
  }

  /** Somebody begins to add the job. */
  adds(job: string, parents: readonly string[], policy: ParentFailurePolicy): void {
    if (this.#families.has(job)) return;
    this.#families.set(job, { parents, policy, doom: new Map() });
    this.begins(job);
  }

  /** A job begins to wait for its parents, or might: ends that are over count no more. */
  begins(job: string): void {
    const family = this.#families.get(job);
    if (!family) return;
    family.doom = new Map(
      family.parents.map((parent) => [parent, new Set(this.#now.get(parent) ?? ['unknown'])]),
    );
  }

  /** Somebody acts on this job itself. */
  touches(job: string): void {
    this.#touched.add(job);
  }

  #ends(job: string, fate: string): void {
    for (const map of [this.#ever, this.#now]) {
      const fates = map.get(job) ?? new Set();
      map.set(job, fates.add(fate));
    }
    for (const { doom } of this.#families.values()) doom.get(job)?.add(fate);
  }

  /** What is stored after a call. */
  sees(job: string, seen: Seen): void {
    const before = this.#last.get(job);
    this.#last.set(job, seen);
    const gone = seen.state === 'unknown' && before !== undefined && before.state !== 'unknown';
    if (gone) for (const fate of ['removed', 'evicted', 'unknown']) this.#ends(job, fate);
    if (ends.has(seen.state)) this.#ends(job, seen.state);
    else if (seen.state !== 'unknown') this.#now.set(job, new Set());
    if (seen.mark !== undefined) this.#ends(job, seen.mark);
    if (seen.word !== undefined) this.#ends(job, seen.word);
    if (seen.word !== undefined && !ends.has(seen.state))
      this.wrong.push(`${job} is ${seen.state}, but tells that it is ${seen.word}`);
    this.#checkStart(job, before, seen);
    this.#checkFailure(job, before, seen);
  }

  #checkStart(job: string, before: Seen | undefined, seen: Seen): void {
    if (!['waiting', 'delayed', 'active'].includes(seen.state)) return;
    if (before?.state === seen.state || before?.state === 'waiting' || before?.state === 'active') return; // prettier-ignore
    const family = this.#families.get(job);
    for (const parent of family?.parents ?? []) {
      const fates = [...(this.#ever.get(parent) ?? [])];
      if (!family || fates.some((fate) => verdict(fate, family.policy) === 'accept')) continue;
      this.wrong.push(`${job} may run, but ${parent} only ever was: ${fates.join(' ')}`);
    }
    const told = new Map(seen.heard.map((line) => line.split(' ') as [string, string]));
    for (const parent of family?.parents ?? []) {
      const fate = told.get(parent);
      if (fate === undefined) this.wrong.push(`${job} may run, but has not heard of ${parent}`);
      else if (family && verdict(fate, family.policy) !== 'accept')
        this.wrong.push(`${job} may run, but heard that ${parent} is ${fate}`);
      else if (!this.#ever.get(parent)?.has(fate))
        this.wrong.push(`${job} heard that ${parent} is ${fate}, which it never was`);
    }
  }

  #checkFailure(job: string, before: Seen | undefined, seen: Seen): void {
    const was = before?.state ?? 'unknown';
    if (!ends.has(seen.state) || (was !== 'deferred' && was !== 'unknown')) return;
    const family = this.#families.get(job);
    const doomed = family?.parents.some((parent) =>
      [...(family.doom.get(parent) ?? [])].some((fate) => verdict(fate, family.policy) === 'doom'),
    );
    if (!doomed && !this.#touched.has(job))
      this.wrong.push(`${job} is ${seen.state} (${seen.reason}), but no parent called for it`);
  }

  /** When all is quiet: no job waits for nothing. */
  rests(openEdges: ReadonlyMap<string, readonly string[]>): void {
    for (const [job, { state }] of this.#last) {
      if (state !== 'deferred') continue;
      const family = this.#families.get(job);
      for (const parent of openEdges.get(job) ?? []) {
        const now = this.stateOf(parent);
        const waits = family?.policy === 'wait' && (now === 'failed' || now === 'cancelled');
        if (!waits && (ends.has(now) || now === 'unknown'))
          this.wrong.push(`${job} waits for ${parent}, which is ${now}`);
      }
    }
  }
}
