// What a process knows of the ids of one queue, shared by all its Queue objects on one connection. It listens from the first question on,
// until nobody asks any more; what it has heard before the connection was lost counts for nothing afterwards.
import { Audience, type AudienceListener } from '../listening/audience.js';
import type { Connection } from '../connection.js';
import { Facts } from './facts.js';
import type { QueueKeys } from '../keys.js';
import type { JobEvent, News } from '../listening/news.js';
import { OwnChanges } from './own-changes.js';
import { batchElements, type IdCacheSettings } from '../options.js';
import { PerConnection } from '../per-connection.js';
import { Questions, type Answer, type Reply } from './questions.js';
import type { JobId } from '../script.js';
import { ServerClock } from './server-clock.js';

/** ms without a question after which it stops listening. */
const longestIdle = 300_000;
/** ms between two calls of re-validation. */
const pace = 10;
/** ms after which it compares its clock with the server's, if no question has done so. */
const clockTrust = 30_000;
/** Commands that it takes to begin to listen (subscribe, listen, ping); to go on, two each 20 s (listen, ping). */
const joinCommands = 3;
const listenCommands = 2 / 20_000;

const all = new PerConnection<KnownIds>();

export class KnownIds implements AudienceListener {
  /** `commands`: those that were spent on anything but misses. */
  readonly tally = { hits: 0, misses: 0, corrections: 0, revalidations: 0, commands: 0 };
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #users = new Set<IdCacheSettings>();
  readonly #facts = new Facts();
  readonly #clock = new ServerClock();
  readonly #own = new OwnChanges();
  readonly #questions: Questions;
  /** Ids to be re-validated. */
  readonly #due = new Set<JobId>();
  #healthy = false;
  /** The server's time of the last message. */
  #newest = 0;
  #shortest = 0;
  #longest = 0;
  #asked = 0;
  #joined = 0;
  #ticks: NodeJS.Timeout | undefined;
  #pacing: NodeJS.Timeout | undefined;
  #quit: (() => void) | undefined;

  private constructor(connection: Connection, keys: QueueKeys) {
    this.#connection = connection;
    this.#keys = keys;
    this.#questions = new Questions(connection, keys, (reply) => this.#heed(reply));
  }

  static of(connection: Connection, keys: QueueKeys): KnownIds {
    return all.obtain(connection, keys.jobs, () => new KnownIds(connection, keys));
  }

  get size(): number {
    return this.#facts.size;
  }

  /** Commands spent on anything but misses, as if nobody else in the process listened. */
  get spent(): number {
    const listening = this.#quit ? (performance.now() - this.#joined) * listenCommands : 0;
    return this.tally.commands + Math.floor(listening);
  }

  /** For one Queue object, until the function returned is called. */
  enter(user: IdCacheSettings): () => void {
    this.#users.add(user);
    this.#settle();
    return () => {
      this.#users.delete(user);
      if (this.#users.size > 0) return this.#settle();
      this.#leave();
      all.drop(this.#connection, this.#keys.jobs, this);
    };
  }

  /** Takes the limits of those who use it. */
  #settle(): void {
    const users = [...this.#users];
    const ages = users.map(({ maxAge }) => maxAge);
    this.#shortest = Math.min(...ages);
    this.#longest = Math.max(...ages);
    this.#facts.limit(Math.max(...users.map(({ max }) => max)));
    if (this.#ticks) this.#startTicks();
  }

  /** What is known of an id as of `maxAge` ms ago or later; it begins to listen if it does not yet. */
  look(id: JobId, maxAge: number): boolean | undefined {
    const now = performance.now();
    this.#asked = now;
    if (!this.#quit) this.#join(now);
    if (!this.#connection.isReady) this.#drop();
    if (this.#clock.jumped(now)) this.#restart();
    const found = this.#facts.use(id, maxAge, now);
    if (found) this.tally.hits += 1;
    else this.tally.misses += 1;
    return found?.present;
  }

  /** Asks the server, together with others who ask in this turn; who asks for the same id shares the answer. */
  ask(id: JobId): Promise<Answer> {
    return this.#questions.share(id);
  }

  /** This process has changed it: what is known or asked of before is not to be told after. */
  changed(id: JobId, present: boolean): void {
    if (!this.#quit) return;
    this.#own.note(id, present, performance.now());
    const fact = this.#facts.peek(id);
    if (fact && fact.present !== present) this.#facts.delete(id);
    this.#questions.renounce(id);
  }

  /** Forgets everything, also what is being asked. */
  changedAll(): void {
    this.#own.noteAll(performance.now());
    this.#questions.renounceAll();
    this.#drop();
  }

  onNews({ time, events }: News): void {
    if (!this.#healthy) return;
    // The server's clock was set back: its times tell no order.
    if (time < this.#newest) this.#restart();
    this.#newest = time;
    const now = performance.now();
    const asOf = this.#clock.localOf(time, now);
    const told = new Map<JobId, boolean>();
    for (const event of events) {
      if (event.word === 'obliterated') this.#drop();
      else if (event.id) told.set(event.id, isStored(event));
    }
    for (const [id, present] of told) {
      // Without a time, what was asked before it can't be put in order with it.
      if (asOf === undefined) this.#questions.distrust(id);
      else if (this.#own.doubts(id, present, asOf)) this.#facts.delete(id);
      else this.#learn(id, { present, time, asOf, told: true });
    }
  }

  onHealth(healthy: boolean): void {
    this.#restart();
    this.#healthy = healthy;
    // Events tell the server's time alone.
    if (healthy) this.#compareClocks();
  }

  #join(now: number): void {
    const unlisten = this.#connection.listen({ onReady: () => this.#restart() });
    this.#joined = now;
    this.tally.commands += joinCommands;
    this.#startTicks();
    const leave = Audience.join(this.#connection, this.#keys, this);
    this.#quit = () => {
      unlisten();
      leave();
    };
  }

  #leave(): void {
    this.tally.commands = this.spent;
    const quit = this.#quit;
    this.#quit = undefined;
    quit?.();
    clearInterval(this.#ticks);
    clearTimeout(this.#pacing);
    this.#ticks = undefined;
    this.#pacing = undefined;
    this.#healthy = false;
    this.#own.clear();
    this.#restart();
  }

  #drop(): void {
    this.#facts.clear();
    this.#due.clear();
    this.#questions.distrustAll();
  }

  /** Drops everything, and what was thought of the server's clock. */
  #restart(): void {
    this.#drop();
    this.#clock.reset();
    this.#newest = 0;
  }

  #startTicks(): void {
    clearInterval(this.#ticks);
    const every = Math.min(Math.max(this.#shortest / 8, 10), 10_000);
    this.#ticks = setInterval(() => this.#tick(), every).unref();
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#asked > longestIdle) return this.#leave();
    this.#facts.expire(now - this.#longest);
    this.#own.expire(now - this.#longest);
    if (!this.#healthy) return;
    if (this.#clock.age(now) > clockTrust && !this.#questions.busy) this.#compareClocks();
    for (const id of this.#facts.due(this.#shortest, now)) this.#due.add(id);
    this.#revalidateSoon();
  }

  #compareClocks(): void {
    this.tally.commands += 1;
    // Without an answer there is nothing to compare; the next tick tries again.
    this.#questions.askNow([]).catch(() => undefined);
  }

  #revalidateSoon(): void {
    if (this.#due.size === 0) return;
    this.#pacing ??= setTimeout(() => void this.#revalidate(), pace).unref();
  }

  async #revalidate(): Promise<void> {
    const ids: JobId[] = [];
    for (const id of this.#due) {
      if (ids.length === batchElements) break;
      this.#due.delete(id);
      if (this.#facts.peek(id)) ids.push(id);
    }
    if (ids.length > 0) {
      this.tally.commands += 1;
      this.tally.revalidations += ids.length;
      // Those that could not be asked for age out.
      await this.#questions.askNow(ids).catch(() => undefined);
    }
    this.#pacing = undefined;
    if (this.#quit) this.#revalidateSoon();
  }

  /** Learns from a reply; tells as of when its answers are true. */
  #heed({ sent, answered, time, ids, stored, trusted }: Reply): number {
    // Facts from before a clock was set can't be put in order with those from after.
    if (this.#healthy && !this.#clock.learn(sent, answered, time)) this.#drop();
    const asOf = Math.max(sent, this.#clock.localOf(time, answered) ?? sent);
    if (this.#healthy)
      for (const [at, id] of ids.entries())
        if (trusted.has(id))
          this.#learn(id, { present: stored[at] === true, time, asOf, told: false });
    return asOf;
  }

  #learn(id: JobId, fact: Parameters<Facts['learn']>[1]): void {
    if (this.#facts.learn(id, fact)) this.tally.corrections += 1;
  }
}

/** Whether the job of an event is stored from then on. */
function isStored({ word, fields }: JobEvent): boolean {
  if (word === 'removed') return false;
  if (word === 'completed' || word === 'failed' || word === 'cancelled') return fields[0] !== '1';
  return true;
}
