// What parents and children in different queues tell each other. No script can touch both, so each step is a call of its
// own, may be repeated, and is repeated by the sweep until it is done: see ARCHITECTURE.md.
import type { Connection } from './connection.js';
import { isEdge, isEdgeOf, parseEdge, reasonOf, verdict, type Edge } from './edge.js';
import { execute, executeOne } from './execute.js';
import { queueKeys, type QueueKeys } from './keys.js';
import { batchBytes, batchElements } from './options.js';
import { FamilyCounts } from './reporting/family-counts.js';
import { Reports } from './reporting/reports.js';
import { callOf, type EdgeLines, type EdgeText, type JobId } from './script.js';
import * as scripts from './scripts.js';
import type { DependAnswer, FateWord } from './scripts.js';

/** Most parents of one release call. */
const releaseParents = 64;
/** Most children of one doom call, each of which takes a dozen commands. */
const doomChildren = 128;
/** Most children of one recheck call. */
const recheckChildren = 100;

/** The end of a parent, on its way to one child. */
interface News {
  readonly text: EdgeText;
  readonly edge: Edge;
  readonly fate: FateWord;
  /** The parent's outcome or newest failure. */
  readonly outcome: string;
}

/** How far the dependents of one parent were told. */
interface Told {
  readonly queue: string;
  readonly parent: JobId;
  word: FateWord | '';
  after: EdgeText | '';
  acks: EdgeText[];
  /** How many edges were given and stay. */
  kept: number;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Parts of at most so many elements and, but for one larger element, 256 KiB. */
function* parts<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  most = batchElements,
): Generator<T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const more = bytesOf(item);
    if (part.length === most || (part.length > 0 && bytes + more > batchBytes)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += more;
  }
  if (part.length > 0) yield part;
}

export class Family {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #underway = new Set<Promise<void>>();
  /** Counts jobs that end with their parents. */
  readonly counts: FamilyCounts;

  constructor(connection: Connection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.counts = new FamilyCounts((queue, of) => new Reports(connection, this.keysOf(queue), of));
  }

  keysOf(queue: string): QueueKeys {
    return queueKeys(queue, this.#prefix);
  }

  /** Registers edges with their parents, or tells how these have ended; an answer for each edge, in order. */
  async depend(texts: readonly EdgeText[]): Promise<DependAnswer[]> {
    const { answers, error } = await this.#askParents(texts);
    if (error) throw error;
    return answers as DependAnswer[];
  }

  /** The same; what queues that can't be asked would have answered is missing. */
  async #askParents(
    texts: readonly EdgeText[],
  ): Promise<{ answers: (DependAnswer | undefined)[]; error: Error | undefined }> {
    const answers: (DependAnswer | undefined)[] = [];
    let error: Error | undefined;
    const items = texts.map((edge, index) => {
      const { parentQueue, parent } = parseEdge(edge);
      return { edge, index, parentQueue, parent };
    });
    const groups = groupBy(items, (item) => item.parentQueue);
    const batches = [...groups].flatMap(([queue, group]) =>
      [...parts(group, () => 0)].map((part) => ({
        part,
        call: callOf(scripts.depend, this.keysOf(queue), {}, part),
      })),
    );
    const replies = await execute(
      this.#connection,
      batches.map(({ call }) => call),
    );
    for (const [at, { part }] of batches.entries()) {
      const reply = replies[at] ?? { error: new Error('a call without an answer') };
      if ('error' in reply) error ??= reply.error;
      else for (const [i, { index }] of part.entries()) answers[index] = reply.reply[i];
    }
    return { answers, error };
  }

  /** Tells the dependents of finished parents, and theirs, until nobody is left to tell; errors go to `onError`: a sweep will go on. */
  tell(queue: string, parents: readonly JobId[], onError: (error: unknown) => void): void {
    if (parents.length > 0) void this.track(this.release(queue, parents), onError);
  }

  /** Has `idle` wait for work that tells dependents. Resolves when it is over; errors go to `onError`. */
  track(work: Promise<void>, onError: (error: unknown) => void): Promise<void> {
    const tracked: Promise<void> = work
      .catch(onError)
      .finally(() => void this.#underway.delete(tracked));
    this.#underway.add(tracked);
    return tracked;
  }

  /**
   * Asks parents once more, behind the call that stores their children, and again if that came late: one that ended between its answer
   * and that call found nobody to tell. Should it fail, the sweep asks.
   */
  askAgain(texts: readonly EdgeText[]): void {
    if (texts.length > 0) void this.track(this.#ask(texts), () => undefined);
  }

  async #ask(texts: readonly EdgeText[]): Promise<void> {
    const { answers, error } = await this.#askParents(texts);
    const news = texts.flatMap((text, at) => {
      const answer = answers[at];
      return !answer || answer.word === 'pending' ? [] : [newsOf(text, answer.word, answer.text)];
    });
    const { ended } = await this.#deliver(news);
    for (const { queue, parent } of ended) await this.release(queue, [parent]);
    if (error) throw error;
  }

  /** Whether dependents are being told. */
  get busy(): boolean {
    return this.#underway.size > 0;
  }

  /** Resolves when all of that has ended. */
  async idle(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  /** As `tell`, and waits for it. */
  async release(queue: string, parents: readonly JobId[]): Promise<void> {
    let open = parents.map((parent) => begin(queue, parent));
    while (open.length > 0) {
      const news: News[] = [];
      const next: Told[] = [];
      for (const [name, group] of groupBy(open, (told) => told.queue)) {
        const now = group.slice(0, releaseParents);
        next.push(...group.slice(releaseParents));
        news.push(...(await this.#page(name, now, next)));
      }
      const { acknowledged, ended } = await this.#deliver(news);
      for (const told of next) {
        const acks = acknowledged.get(`${told.queue}\t${told.parent}`) ?? [];
        told.acks.push(...acks);
        told.kept -= acks.length;
      }
      open = [...next, ...ended];
    }
  }

  /** Asks what is to be told next; parents that are not done go to `next`. */
  async #page(queue: string, group: readonly Told[], next: Told[]): Promise<News[]> {
    const items = group.map(({ parent, word, after, acks, kept }) => ({
      parent,
      word,
      after,
      acks: acks.join('\n') as EdgeLines,
      kept,
    }));
    const call = callOf(scripts.release, this.keysOf(queue), { limit: batchElements }, items);
    const replies = await executeOne(this.#connection, call);
    return replies.flatMap((reply, at) => {
      const told = group[at] as Told;
      told.acks = [];
      if (reply.word !== 'told') next.push(told);
      if (!('edges' in reply)) return [];
      told.word = reply.word;
      told.after = reply.edges.at(-1) ?? '';
      const own = reply.edges.filter((text) => isEdgeOf(text, queue, told.parent));
      // What nobody can read, or is another parent's, tells nobody, and goes: else this would be asked for ever.
      told.acks.push(...reply.edges.filter((text) => !isEdgeOf(text, queue, told.parent)));
      told.kept = (reply.anew ? 0 : told.kept) + own.length;
      return own.map((text) => newsOf(text, reply.word, reply.text));
    });
  }

  /** Tells children; gives the edges that are done with, by parent, and the children that have ended with dependents of their own. */
  async #deliver(
    news: readonly News[],
  ): Promise<{ acknowledged: Map<string, EdgeText[]>; ended: Told[] }> {
    const done: News[] = [];
    const ended: Told[] = [];
    for (const [queue, group] of groupBy(news, ({ edge }) => edge.childQueue)) {
      const keys = this.keysOf(queue);
      const byVerdict = groupBy(group, ({ fate, edge }) => verdict(fate, edge.policy));
      const bytes = ({ outcome, text }: News): number => outcome.length + text.length;
      for (const part of parts(byVerdict.get('accept') ?? [], bytes)) {
        const items = part.map(({ text, fate, outcome }) => ({
          edge: text,
          word: fate,
          text: outcome,
        }));
        await executeOne(this.#connection, callOf(scripts.arrive, keys, {}, items));
        done.push(...part);
      }
      for (const part of parts(byVerdict.get('doom') ?? [], bytes, doomChildren)) {
        ended.push(...(await this.#doom(queue, part)));
        done.push(...part);
      }
    }
    const acknowledged = groupBy(done, ({ edge }) => `${edge.parentQueue}\t${edge.parent}`);
    return {
      acknowledged: new Map(
        [...acknowledged].map(([key, list]) => [key, list.map(({ text }) => text)]),
      ),
      ended,
    };
  }

  /** Fails children; gives those that have dependents. */
  async #doom(queue: string, news: readonly News[]): Promise<Told[]> {
    const ended: Told[] = [];
    for (let left = news; left.length > 0;) {
      const items = left.map(({ text, edge, fate, outcome }) => ({
        edge: text,
        word: fate,
        text: outcome,
        failure: reasonOf({ queue: edge.parentQueue, id: edge.parent }, fate),
      }));
      const words = await executeOne(
        this.#connection,
        callOf(scripts.doom, this.keysOf(queue), {}, items),
      );
      for (const [at, { edge }] of left.entries())
        if (words[at] === 'releasing') ended.push(begin(queue, edge.child));
      const took = left.filter((_, at) => words[at] === 'accepted' || words[at] === 'releasing');
      const along = took.filter(({ fate }) => fate === 'cancel').length;
      await this.counts.ended(queue, { failed: took.length - along, cancelled: along });
      left = left.filter((_, at) => words[at] === 'again');
    }
    return ended;
  }

  /** Asks the parents of children that have not heard of them for a while, a bounded number; false when no more are due. */
  async recheck(queue: string): Promise<boolean> {
    const texts = await executeOne(
      this.#connection,
      callOf(scripts.recheck, this.keysOf(queue), { limit: recheckChildren }),
    );
    await this.#ask(texts.filter((text) => isEdge(text)));
    return texts.length > 0;
  }

  /** Tells for finished parents of this queue whose teller has died, a bounded number; false when there are none. */
  async resume(queue: string): Promise<boolean> {
    const parents = await executeOne(
      this.#connection,
      callOf(scripts.untold, this.keysOf(queue), { limit: releaseParents }),
    );
    await this.release(queue, parents);
    return parents.length > 0;
  }
}

function begin(queue: string, parent: JobId): Told {
  return { queue, parent, word: '', after: '', acks: [], kept: 0 };
}

function newsOf(text: EdgeText, fate: FateWord, outcome: string): News {
  return { text, edge: parseEdge(text), fate, outcome };
}
