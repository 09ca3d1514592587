// What is known of each job from the ledger, and the rules that hold of it at any moment: a row that breaks one is a violation. Times
// of claims are those in tokens, by the clock of the same machine, so what a row tells late is judged by when it was.
import { Entry, numberOf, type Run, type Span } from './entry.js';
import type { Row } from './ledger.js';
import type { Plan } from './load.js';

export interface Violation {
  /** A word that stays the same. */
  readonly kind: string;
  /** `queue/id`, or what else it is about. */
  readonly of: string;
  readonly what: string;
}

/** The times that a row names. */
export function spanOf({ text }: Row): Span {
  const [from = 0, to = 0] = text.split(' ').map(Number);
  return { from, to };
}

/** ms by which two clocks readings of one machine may differ. */
const tolerance = 2;
/** Most ms from an answer of Redis to the row that tells of it. */
const longestTold = 1_000;
/** Faults that take no claimed job from a worker. */
const harmless = /^(flush|out-of-memory|pause|restart|clocks|rolling|dag|queues) |producer$/;

export class Book {
  readonly entries = new Map<string, Entry>();
  readonly rows: Row[] = [];
  readonly errors = new Map<string, number>();
  /** Adds that were refused, by the error's code. */
  readonly refusals = new Map<string, number>();
  stale = 0;
  effects = 0;
  completions = 0;
  /** Jobs that are gone with what Redis has lost. */
  forgotten = 0;
  readonly #lapses: Span[] = [];
  readonly #faults: Span[] = [];
  readonly #lasting = new Set<string>();
  #calm = 0;
  readonly #pauses = new Map<string, Span[]>();
  readonly #open = new Map<string, Span>();
  readonly #found: (violation: Violation) => void;

  constructor(found: (violation: Violation) => void) {
    this.#found = found;
  }

  take(row: Row): void {
    this.rows.push(row);
    if (['fault', 'struck', 'fault over'].includes(row.kind)) return this.#fault(row);
    if (row.kind === 'error') {
      const word = row.text.split(' ').slice(0, 2).join(' ');
      this.errors.set(word, (this.errors.get(word) ?? 0) + 1);
      return;
    }
    if (row.kind === 'intent') {
      this.entries.set(row.job, new Entry(row.job, JSON.parse(row.text) as Plan, row.time));
      return;
    }
    if (row.kind === 'paused' || row.kind === 'resuming') return this.#pause(row);
    if (row.kind === 'forgotten') return this.#forget(spanOf(row));
    const entry = this.entries.get(row.job);
    if (entry) this.#note(entry, row);
    else if (row.job !== '') this.#violates('stranger', row.job, 'ran though nobody added it');
  }

  #violates(kind: string, of: string, what: string): void {
    this.#found({ kind, of, what });
  }

  #fault({ kind, text, time }: Row): void {
    if (harmless.test(text)) return;
    if (kind === 'fault') this.#lasting.add(text);
    if (kind === 'fault over') this.#lasting.delete(text);
    if (kind === 'fault') {
      const span = { from: time, to: Number.POSITIVE_INFINITY };
      this.#faults.push(span);
      this.#open.set(text, span);
    } else {
      const span = this.#open.get(text);
      if (span) span.to = time;
      this.#calm = time;
      this.#open.delete(text);
    }
  }

  /** Since when nothing is kept from going on (ms); Infinity while something is. */
  get calmSince(): number {
    return this.#lasting.size > 0 ? Number.POSITIVE_INFINITY : this.#calm;
  }

  #pause({ kind, job, time }: Row): void {
    const spans = this.#pauses.get(job) ?? [];
    this.#pauses.set(job, spans);
    if (kind === 'paused') spans.push({ from: time, to: Number.POSITIVE_INFINITY });
    // Whoever resumes it, it goes on.
    else for (const span of spans) span.to = Math.min(span.to, time);
  }

  /** Whether Redis may have lost what it did at some moment between two times. */
  forgets(from: number, to: number): boolean {
    return this.#lapses.some((lapse) => lapse.from <= to && lapse.to >= from);
  }

  #forget(lapse: Span): void {
    this.#lapses.push(lapse);
    for (const entry of this.entries.values())
      for (const [token, time] of entry.done)
        if (this.forgets(numberOf(token) / 1_000, time)) {
          entry.done.delete(token);
          entry.doneAt = undefined;
        }
  }

  /** Whether a job that was there before may have been claimed by somebody who never told. */
  faultBetween(from: number, to: number): boolean {
    return this.#faults.some((span) => span.from <= to && span.to >= from);
  }

  #note(entry: Entry, row: Row): void {
    const { time, text, token } = row;
    switch (row.kind) {
      case 'added':
        entry.outcome = 'added';
        entry.added ??= time;
        if (text === 'again' && entry.plan.gone) (entry.requeues.at(-1) as Span).to = time;
        return;
      case 'duplicate':
        entry.outcome = 'added';
        entry.added ??= time;
        return this.#violates('call-repeated', entry.name, 'its only add found it stored already');
      case 'unknown':
        entry.outcome = 'unknown';
        // It is added again, also when the first one has ended and is gone by its own retention.
        if (entry.plan.gone)
          entry.requeues.push({ from: entry.intended, to: Number.POSITIVE_INFINITY });
        return;
      case 'refused':
        entry.outcome = 'refused';
        this.refusals.set(text, (this.refusals.get(text) ?? 0) + 1);
        if (!['OUT_OF_MEMORY', 'UNAVAILABLE', 'PARENT_UNKNOWN', 'BACKPRESSURE'].includes(text))
          this.#violates('refused-oddly', entry.name, `its add was refused with ${text}`);
        if (entry.runs.length > 0) this.#violates('refused-ran', entry.name, 'it ran');
        return;
      case 'start':
        return this.#start(entry, row);
      case 'effect':
      case 'stale':
        entry.effects.add(token);
        this.effects += row.kind === 'effect' ? 1 : 0;
        this.stale += row.kind === 'stale' ? 1 : 0;
        return;
      case 'threw':
        entry.threw.set(numberOf(token), time);
        return;
      case 'done':
        return this.#done(entry, row);
      case 'cancelling':
        entry.cancelling = time;
        entry.disturbed = true;
        return;
      case 'requeue refused':
      case 'failed':
      case 'stopped':
      case 'cancel refused':
        entry.disturbed = true;
        if (row.kind === 'requeue refused') (entry.requeues.at(-1) as Span).to = time;
        return;
      case 'cancelled':
        entry.cancelled = time;
        for (const run of entry.runs) this.#afterCancel(entry, run);
        return;
      case 'requeueing':
        entry.requeues.push({ from: time, to: Number.POSITIVE_INFINITY });
        entry.disturbed = true;
        return;
      case 'requeued':
        (entry.requeues.at(-1) as Span).to = time;
        return;
      case 'requeue unknown':
      case 'intent':
      case 'error':
      case 'killed':
      case 'forgotten':
      case 'paused':
      case 'resuming':
      case 'fault':
      case 'struck':
      case 'fault over':
        return;
    }
  }

  #start(entry: Entry, row: Row): void {
    const { name, plan, runs } = entry;
    const [attempts = 0, losses = 0] = row.text.split(' ').map(Number);
    const claimed = numberOf(row.token) / 1_000;
    const run = { token: row.token, claimed, begun: row.time, attempts, by: row.by };
    const first =
      runs.length === 0 && attempts === 0 && losses === 0 && entry.requeues.length === 0;
    if (runs.some(({ token }) => token === row.token))
      this.#violates('token-twice', name, `it ran twice under ${row.token}`);
    if (entry.outcome === 'refused') this.#violates('refused-ran', name, 'its add was refused');
    const delay = plan.opts.delay ?? 0;
    const early = entry.intended + delay - claimed;
    if (entry.requeues.length === 0 && early > tolerance)
      this.#violates('ran-early', name, `claimed ${early.toFixed(1)} ms before it was due`);
    if (first && plan.opts.ttl !== undefined && entry.added !== undefined) {
      const late = claimed - entry.added - plan.opts.ttl;
      // What was claimed by somebody who died may run later.
      if (late > 0 && !this.faultBetween(entry.intended, claimed))
        this.#violates('ran-late', name, `first claimed ${late.toFixed(1)} ms after its ttl`);
    }
    for (const { from, to } of this.#pauses.get(plan.queue) ?? [])
      if (
        claimed > from + tolerance &&
        claimed < to - tolerance &&
        !this.forgets(from - longestTold, from)
      )
        this.#violates('ran-paused', name, 'it was claimed while its queue was paused');
    if (first) this.#afterParents(entry);
    runs.push(run);
    this.#afterFailure(entry, run);
    this.#afterCancel(entry, run);
    for (const token of entry.done.keys()) this.#afterDone(entry, token, run);
  }

  /** Its parents have had their effect before it begins, unless it may run without. */
  #afterParents({ name, plan }: Entry): void {
    if (plan.opts.onParentFailure === 'run') return;
    for (const parent of plan.parents)
      if (!this.entries.get(parent)?.effects.size)
        this.#violates('ran-before-parent', name, `it began before ${parent} had ended well`);
  }

  /** Of the attempt before it is known when it failed, and how long to wait then. */
  #afterFailure(entry: Entry, { claimed, attempts }: Run): void {
    const { backoff } = entry.plan.opts;
    if (attempts === 0 || entry.requeues.length > 0 || typeof backoff !== 'object') return;
    const { type, delay = 0 } = backoff as { type: string; delay?: number };
    const wait = type === 'exponential' ? delay * 2 ** (attempts - 1) : delay;
    const before = entry.runs.filter((run) => run.attempts === attempts - 1);
    const failures = before.flatMap(({ token }) => entry.threw.get(numberOf(token)) ?? []);
    const early = Math.min(...failures) + wait - claimed;
    if (failures.length > 0 && early > tolerance)
      this.#violates('retried-early', entry.name, `attempt ${attempts + 1} ${early} ms too early`);
  }

  /** Once a cancel was accepted, nobody claims the job. */
  #afterCancel({ name, cancelling, cancelled, requeues }: Entry, { claimed }: Run): void {
    if (cancelled === undefined || this.forgets(cancelling, cancelled)) return;
    if (claimed > cancelled + tolerance && requeues.length === 0)
      this.#violates('ran-after-cancel', name, 'it was claimed after its cancel was accepted');
  }

  #done(entry: Entry, { token, time }: Row): void {
    this.completions += 1;
    if (this.forgets(numberOf(token) / 1_000, time)) return;
    entry.doneAt = time;
    if (entry.done.has(token))
      this.#violates('completed-twice', entry.name, `accepted twice under ${token}`);
    entry.done.set(token, time);
    if (entry.done.size > 1 + entry.requeues.length)
      this.#violates(
        'completed-twice',
        entry.name,
        `${entry.done.size} results were accepted, it was put back ${entry.requeues.length} times`,
      );
    for (const run of entry.runs) this.#afterDone(entry, token, run);
  }

  /** A result that was accepted was that of the newest claim. */
  #afterDone(entry: Entry, token: string, run: Run): void {
    const accepted = numberOf(token) / 1_000;
    if (run.claimed <= accepted || this.forgets(run.claimed, run.claimed)) return;
    if (entry.requeuedBetween(accepted, run.claimed)) return;
    const what = `the result under ${token} was accepted, and it was also claimed under ${run.token}`;
    this.#violates('stale-accepted', entry.name, what);
  }
}
