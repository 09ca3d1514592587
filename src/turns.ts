// Whose turn it is among the queues of one worker, to claim and to start. A queue claims while those before it have nothing claimable;
// with weights each gets its share: each start moves its queue on by one over its weight, and the queue that is least far comes next.
// Nothing here walks all queues: what each tells of itself is kept up when it changes.
import type { QueueKeys } from './keys.js';
import { Least } from './least.js';

/** What is known of a queue from claims there. */
export interface Claiming {
  /** The last claim had no answer: other queues don't wait for this one. */
  readonly failing: boolean;
  /** The queue belongs to a newer major version, which is asked now and then whether it still does; markers there are for others. */
  readonly outdated: boolean;
  /** How many jobs are asked for by a claim under way. */
  readonly asking: number;
  /** How many jobs it had when the last claim was answered, or its marker was taken; Infinity when that is not known. */
  readonly left: number;
}

/** A queue as its worker sees it. */
export interface Claimant {
  readonly keys: QueueKeys;
  readonly claims: Claiming;
  /** Whether it may have something claimable. */
  readonly hungry: boolean;
  /** How many of its jobs wait for a slot. */
  readonly waiting: number;
  /** Starts the first of the jobs that wait. */
  startNext(): void;
  /** It may have something again; `took`: its marker was taken. */
  askAgain(took: boolean, left: number): void;
  /** Nothing was there to claim a moment ago. */
  isBare(): void;
  /** A delayed job is due in `ms`. */
  dueIn(ms: number): void;
  kick(): void;
}

interface Turn {
  readonly queue: Claimant;
  /** In order of preference. */
  readonly index: number;
  /** How far a start moves it. */
  readonly step: number;
  /** How far it is. */
  at: number;
  /** Whether its claims come before those of others. */
  eager: boolean;
  waiting: number;
  asking: number;
  /** How many jobs it may claim beyond what it asks for. */
  granted: number;
}

export class Turns {
  readonly weighted: boolean;
  readonly #turns = new Map<Claimant, Turn>();
  /** Those that may be granted more. */
  readonly #askers: Least<Turn>;
  /** Those with jobs that wait for a slot. */
  readonly #starters: Least<Turn>;
  /** All eager ones, in order of preference. */
  readonly #eagerTurns = new Least<Turn>(({ index }) => index);
  readonly #grants = new Set<Turn>();
  /** Those whose claims fail, in the order in which they are tried again. */
  readonly #failing = new Set<Turn>();
  /** How far the queue was whose job started last. One that was empty meanwhile goes on from here: it makes up for nothing. */
  #reached = 0;
  #eager = 0;
  #held = 0;
  #granted = 0;

  constructor(weighted: boolean) {
    this.weighted = weighted;
    this.#starters = new Least(({ at, index }) => (weighted ? at : index));
    this.#askers = new Least((turn) => (weighted ? this.#demand(turn) : turn.index));
  }

  /** Queues join in order of preference. */
  join(queue: Claimant, weight: number): void {
    const index = this.#turns.size;
    const none = { waiting: 0, asking: 0, granted: 0, eager: false };
    this.#turns.set(queue, { queue, index, step: 1 / weight, at: 0, ...none });
  }

  /** How many jobs wait for slots, or are asked for. */
  get held(): number {
    return this.#held;
  }

  /** Whether a queue may have something to claim whose claims don't fail. */
  get anyEager(): boolean {
    return this.#eager > 0;
  }

  /** How many jobs queues may claim that have not asked yet. */
  get granted(): number {
    return this.#granted;
  }

  /** To be called when something has changed of what the queue tells of itself. */
  noticed(queue: Claimant): void {
    const turn = this.#turns.get(queue) as Turn;
    const { waiting, hungry } = queue;
    const { asking, failing } = queue.claims;
    const eager = hungry && !failing;
    this.#held += waiting + asking - turn.waiting - turn.asking;
    // What it was granted it has asked for now, or does not want any more.
    if (!eager || (asking > 0 && turn.asking === 0)) this.#grant(turn, 0);
    turn.waiting = waiting;
    turn.asking = asking;
    if (eager !== turn.eager) this.#turnEager(turn, eager);
    if (hungry && failing) this.#failing.add(turn);
    else this.#failing.delete(turn);
    this.#place(turn);
    this.#starters.set(turn, waiting > 0);
  }

  #turnEager(turn: Turn, eager: boolean): void {
    turn.eager = eager;
    this.#eagerTurns.set(turn, eager);
    this.#eager += eager ? 1 : -1;
    if (!eager) return;
    turn.at = Math.max(turn.at, this.#reached);
    // Those behind it have to wait.
    if (!this.weighted) this.#revoke();
  }

  #place(turn: Turn): void {
    this.#askers.set(turn, turn.eager && this.#unmet(turn) > 0);
  }

  /** How many more jobs it may have than it asks for. */
  #unmet({ queue, asking, granted }: Turn): number {
    return queue.claims.left - asking - granted;
  }

  #grant(turn: Turn, granted: number): void {
    this.#granted += granted - turn.granted;
    turn.granted = granted;
    if (granted > 0) this.#grants.add(turn);
    else this.#grants.delete(turn);
  }

  #revoke(): void {
    for (const turn of this.#grants) {
      this.#grant(turn, 0);
      this.#place(turn);
    }
  }

  /**
   * Shares out what may be claimed in all beyond what is held, to each queue in turn as many as `size` jobs, so that many queues with a
   * backlog are claimed from in batches. In order of preference, `ready` of the room are of slots that are free: only those may be for
   * another queue than the first, so that nothing of a later one waits here while one before it has something. Returns those that were
   * granted something.
   */
  deal(room: number, ready: number, size: number): readonly Claimant[] {
    if (this.#granted > room) this.#revoke();
    const dealt = new Set<Claimant>();
    for (let rest = room - this.#granted; rest > 0;) {
      const turn = this.#askers.first;
      if (!turn) break;
      const most = this.#turnsUntil(turn, this.#askers.second);
      const behind = !this.weighted && turn !== this.#eagerTurns.first;
      const limit = behind ? Math.min(rest, ready - this.#granted) : rest;
      const part = Math.min(limit, this.#unmet(turn), Math.max(most, size));
      if (part <= 0) break;
      this.#grant(turn, turn.granted + part);
      this.#place(turn);
      rest -= part;
      dealt.add(turn.queue);
    }
    return [...dealt];
  }

  /** How many jobs may go to the first of those that ask before it is the turn of the second. */
  #turnsUntil(first: Turn, second: Turn | undefined): number {
    if (!second || !this.weighted) return Number.POSITIVE_INFINITY;
    const turns = (this.#demand(second) - this.#demand(first)) / first.step;
    // Of two that are equally far the one that was named first comes first.
    return Math.max(1, first.index < second.index ? Math.floor(turns) + 1 : Math.ceil(turns));
  }

  /** How far it would be if all it has asked for or may ask for had started. */
  #demand({ at, waiting, asking, granted, step }: Turn): number {
    return at + (waiting + asking + granted) * step;
  }

  /** How many jobs this queue may claim of what was dealt. */
  share(queue: Claimant): number {
    return (this.#turns.get(queue) as Turn).granted;
  }

  /** Whether a queue whose claims fail may try again, with one job: those before it come first. */
  mayTry(queue: Claimant): boolean {
    const first = this.#askers.first;
    return this.weighted || !first || (this.#turns.get(queue) as Turn).index < first.index;
  }

  /** The next one to try again of those whose claims fail. */
  nextFailing(): Claimant | undefined {
    const [turn] = this.#failing;
    if (!turn) return undefined;
    this.#failing.delete(turn);
    this.#failing.add(turn);
    return turn.queue;
  }

  /** Starts the job whose turn it is, of those that wait; false when none does. */
  startNext(): boolean {
    const turn = this.#starters.first;
    if (!turn) return false;
    this.#reached = Math.max(this.#reached, turn.at);
    turn.at += turn.step;
    turn.queue.startNext();
    this.noticed(turn.queue);
    return true;
  }

  /** Whether there may be `quiet` queues while others are not. */
  get anyQuiet(): boolean {
    const first = this.#askers.first;
    if (first && !this.weighted) return first.index > 0;
    return this.#eager > 0 && this.#eager < this.#turns.size;
  }

  /** Queues that have nothing claimable as far as is known, and would be granted something if they had. */
  quiet(): Claimant[] {
    const first = this.weighted ? undefined : this.#askers.first;
    const end = first?.index ?? this.#turns.size;
    const found: Claimant[] = [];
    for (const { queue, index } of this.#turns.values()) {
      if (index >= end) break;
      if (!queue.hungry && !queue.claims.outdated) found.push(queue);
    }
    return found;
  }
}
