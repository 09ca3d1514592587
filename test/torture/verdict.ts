// The end of a run, when nothing moves any more: where each job is, held against what the ledger knows of it.
import type { Redis } from 'ioredis';
import { queueKeys, type Noun } from '../../src/keys.js';
import { decodeOutcome } from '../../src/outcome.js';
import { checkInvariants } from '../helpers/invariants.js';
import type { Book, Violation } from './book.js';
import { numberOf, type Entry } from './entry.js';
import type { End } from './load.js';

const pageSize = 1_000;
const ends = ['completed', 'failed', 'cancelled'] as const;

/** What is stored of one queue. */
interface Stored {
  readonly ids: Set<string>;
  readonly ended: Map<string, End>;
  readonly results: Map<string, string>;
  readonly failures: Map<string, string>;
}

/** Rows of a hash, or members and scores. */
async function rowsOf(
  redis: Redis,
  key: string,
  kind: 'hscan' | 'zscan',
): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, flat] = await redis[kind](key, cursor, 'COUNT', pageSize);
    for (let at = 0; at < flat.length; at += 2) rows.set(flat[at] ?? '', flat[at + 1] ?? '');
    cursor = next;
  } while (cursor !== '0');
  return rows;
}

async function storedIn(redis: Redis, queue: string): Promise<Stored> {
  const keys = queueKeys(queue);
  const hash = (noun: Noun) => rowsOf(redis, keys[noun], 'hscan');
  const ended = new Map<string, End>();
  for (const end of ends)
    for (const id of (await rowsOf(redis, keys[end], 'zscan')).keys()) ended.set(id, end);
  return {
    ids: new Set((await hash('jobs')).keys()),
    ended,
    results: await hash('results'),
    failures: await hash('failures'),
  };
}

/** Where a job is that has not ended. */
async function whereIs(redis: Redis, { plan: { queue, id } }: Entry): Promise<string> {
  const keys = queueKeys(queue);
  for (const noun of ['delayed', 'deferred', 'suspects'] as const)
    if ((await redis.zscore(keys[noun], id)) !== null) return noun;
  return (await redis.hexists(keys.active, id)) === 1 ? 'active' : 'waiting';
}

/** Most queues that are read at once. */
const readAtOnce = 100;

/** Everything that is wrong at the end with these queues and their jobs; `closely`: those whose keys are all looked at, if not all. */
export async function verdict(
  redis: Redis,
  book: Book,
  found: (violation: Violation) => void,
  queues: readonly string[],
  closely = queues,
): Promise<void> {
  for (const queue of closely)
    for (const what of await checkInvariants(redis, queue, { atRest: true }))
      found({ kind: 'invariant', of: queue, what });
  const stored = new Map<string, Stored>();
  for (let from = 0; from < queues.length; from += readAtOnce) {
    const part = queues.slice(from, from + readAtOnce);
    await Promise.all(part.map(async (queue) => stored.set(queue, await storedIn(redis, queue))));
  }
  for (const [queue, { ids }] of stored)
    for (const id of ids)
      if (!book.entries.has(`${queue}/${id}`))
        found({
          kind: 'stranger',
          of: `${queue}/${id}`,
          what: 'it is stored though nobody added it',
        });
  for (const entry of book.entries.values()) {
    const there = stored.get(entry.plan.queue);
    if (there) await judge(redis, book, entry, there, found);
  }
}

async function judge(
  redis: Redis,
  book: Book,
  entry: Entry,
  { ids, ended, results, failures }: Stored,
  found: (violation: Violation) => void,
): Promise<void> {
  const { name, plan, outcome, runs } = entry;
  const { id } = plan;
  const violates = (kind: string, what: string): void => found({ kind, of: name, what });
  const there = ids.has(id);
  if (outcome === undefined) return violates('unanswered', 'its add has no end');
  if (outcome === 'refused') {
    if (there) violates('refused-stored', 'its add was refused, and it is stored');
    return;
  }
  // It may have been added or not; if it is there, everything holds of it.
  if (outcome === 'unknown' && !there && runs.length === 0) return;
  if (!there) return judgeGone(book, entry, violates);
  const end = ended.get(id);
  if (end === undefined) return violates('unfinished', `it is ${await whereIs(redis, entry)}`);
  if (!plan.ends.includes(end) && !(plan.parents.length > 0 && plan.ends.length > 1)) {
    const [failure = ''] = (failures.get(id) ?? '').split('\n');
    const asked = end === 'cancelled' && entry.cancelling !== undefined;
    if (entry.requeues.length === 0 && !asked)
      violates('ended-oddly', `it is ${end}, not ${plan.ends.join(' or ')}: ${failure}`);
  }
  if (end === 'completed') judgeResult(book, entry, results.get(id), violates);
}

/** Gone by its own retention, or with what Redis has lost. */
function judgeGone(
  book: Book,
  { plan, effects, done, intended, added }: Entry,
  violates: (kind: string, what: string) => void,
): void {
  const failed = plan.opts.removeOnFail === true && plan.ends.includes('failed');
  const isOver = effects.size > 0 || done.size > 0 || failed;
  if (plan.gone && isOver) return;
  if (book.forgets(intended, added ?? Number.POSITIVE_INFINITY)) book.forgotten += 1;
  else if (plan.gone) violates('lost', 'it is gone, and no run of it ended well');
  else violates('lost', 'it was acknowledged, and is gone');
}

/** What is stored is what the newest run has returned. */
function judgeResult(
  book: Book,
  entry: Entry,
  outcome: string | undefined,
  violates: (kind: string, what: string) => void,
): void {
  const { token } = (decodeOutcome(outcome ?? '').returnvalue ?? {}) as { token?: string };
  if (token === undefined) return violates('result-missing', 'it completed without its result');
  if (!entry.effects.has(token))
    violates('result-unknown', `its result is of ${token}, which had no effect`);
  const later = entry.runs.find(
    (run) =>
      numberOf(run.token) > numberOf(token) &&
      !book.forgets(run.claimed, run.claimed) &&
      !entry.requeuedBetween(numberOf(token) / 1_000, run.claimed),
  );
  if (later)
    violates(
      'stale-accepted',
      `its result is of ${token}, it was also claimed under ${later.token}`,
    );
  const told = entry.completed;
  if (told !== undefined && numberOf(told) > numberOf(token))
    violates('result-old', `its result is of ${token}, a later one was accepted under ${told}`);
}
