// What is known of ids: whether a job is stored, and as of when. Bounded; the newest fact wins.
import type { JobId } from '../script.js';

/** What was true of an id at one moment. */
export interface Fact {
  readonly present: boolean;
  /** The moment by the server's clock (ms): the order of facts. */
  readonly time: number;
  /** A moment of the local monotonic clock (ms) that was no later: the age of facts. */
  readonly asOf: number;
  /** It came by an event. Events come in order, so that of two with one time the later one holds. */
  readonly told: boolean;
}

interface Entry {
  readonly id: JobId;
  present: boolean;
  time: number;
  asOf: number;
  told: boolean;
  /** The shortest age (ms) that was asked for since this fact; Infinity when nobody asked. */
  wanted: number;
}

/**
 * Two maps, the oldest facts first in each (more or less: who is asked for the first time moves): ids that were asked for, and those
 * that were only seen in events, which are the first to give way. Ids that are asked for again and again are asked of the server again
 * and again, so the order of facts is that of use as well.
 */
export class Facts {
  readonly #asked = new Map<JobId, Entry>();
  readonly #seen = new Map<JobId, Entry>();
  /** Ids that were asked for the first time when half of the age had passed. */
  readonly #late = new Set<JobId>();
  #max = 0;

  get size(): number {
    return this.#asked.size + this.#seen.size;
  }

  /** Most ids; the oldest go when there are more. */
  limit(max: number): void {
    this.#max = max;
    this.#evict();
  }

  clear(): void {
    this.#asked.clear();
    this.#seen.clear();
    this.#late.clear();
  }

  delete(id: JobId): void {
    if (!this.#asked.delete(id)) this.#seen.delete(id);
  }

  /** What is known, without using it. */
  peek(id: JobId): Readonly<Entry> | undefined {
    return this.#asked.get(id) ?? this.#seen.get(id);
  }

  /** What is known as of `maxAge` ms ago or later. */
  use(id: JobId, maxAge: number, now: number): Readonly<Entry> | undefined {
    const asked = this.#asked.get(id);
    const entry = asked ?? this.#seen.get(id);
    if (!entry || now - entry.asOf > maxAge) return undefined;
    if (maxAge < entry.wanted) entry.wanted = maxAge;
    if (!asked) {
      this.#seen.delete(id);
      this.#asked.set(entry.id, entry);
      if (now - entry.asOf > maxAge / 2) this.#late.add(entry.id);
    }
    return entry;
  }

  /** Takes a fact unless a newer one is known; two that contradict each other at one moment cancel out. True: it was not as was thought. */
  learn(id: JobId, { present, time, asOf, told }: Fact): boolean {
    const map = this.#asked.has(id) ? this.#asked : this.#seen;
    const entry = map.get(id);
    if (!entry) {
      const home = told ? this.#seen : this.#asked;
      const kept = own(id);
      home.set(kept, { id: kept, present, time, asOf, told, wanted: Number.POSITIVE_INFINITY });
      this.#evict();
      return false;
    }
    if (time < entry.time) return false;
    const corrected = entry.present !== present;
    map.delete(id);
    if (corrected && time === entry.time && !(told && entry.told)) return true;
    entry.present = present;
    entry.time = time;
    // Both are bounds, and what came before can't have been later.
    entry.asOf = Math.max(entry.asOf, asOf);
    entry.told = told;
    entry.wanted = Number.POSITIVE_INFINITY;
    map.set(entry.id, entry);
    return corrected;
  }

  /** Forgets what is known only as of earlier than `oldest`. */
  expire(oldest: number): void {
    for (const map of [this.#asked, this.#seen])
      for (const [id, { asOf }] of map) {
        if (asOf >= oldest) break;
        map.delete(id);
      }
  }

  /**
   * Ids that were used since they became known and are past half of the age that was asked for, each once; `shortest`: the shortest of
   * such ages.
   */
  *due(shortest: number, now: number): Generator<JobId> {
    for (const id of this.#late) {
      this.#late.delete(id);
      yield id;
    }
    for (const entry of this.#asked.values()) {
      const age = now - entry.asOf;
      if (age <= shortest / 2) return;
      if (age <= entry.wanted / 2) continue;
      entry.wanted = Number.POSITIVE_INFINITY;
      yield entry.id;
    }
  }

  #evict(): void {
    for (const map of [this.#seen, this.#asked])
      for (const id of map.keys()) {
        if (this.size <= this.#max) return;
        map.delete(id);
      }
  }
}

/** A copy: an id that was cut out of a message would keep the whole message in memory. */
function own(id: JobId): JobId {
  return Buffer.from(id).toString() as JobId;
}
