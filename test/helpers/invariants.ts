// What must hold of the key space of any queue, whoever has worked on it. Read in bounded steps, so
// it is exact while nobody writes; on a busy queue it may report what is merely under way.
import type { Redis } from 'ioredis';
import {
  columns,
  defaultPrefix,
  nouns,
  queueKeys,
  type Noun,
  type QueueKeys,
} from '../../src/keys.js';
import { smallRecordBytes } from '../../src/options.js';
import { pairs, prefixOf, scanKeys } from './keyspace.js';

export interface InvariantOptions {
  /** First part of the queue's keys. Default `lunaq`. */
  readonly prefix?: string;
  /** Nobody works on the queue any more: once the last job has gone, nothing of jobs may remain. Default false. */
  readonly atRest?: boolean;
}

/** Keys that may outlive the last job. */
const lasting = new Set([
  'meta',
  'leases',
  'calls',
  'wake',
  'counters',
  'workers',
  'audience',
  'stream',
]);
/** Keys in which an id stands for its state; a suspect is a waiting job. */
const stateSets = [
  'active',
  'delayed',
  'deferred',
  'completed',
  'failed',
  'cancelled',
  'suspects',
] as const;
const finished = ['completed', 'failed', 'cancelled'] as const;
/** Most ms until a deferred job is looked at again; the rest is for the test to come here. */
const longestCheck = 600_000 + 1;

/** What `watched` may say of a job; a tab parts the fate that its state does not tell. */
const watches = new Set([
  'awaited',
  'parent',
  'parent\tcancel',
  'parent\trelease',
  'parent\tremoved',
]);
const pageSize = 500;

type Rows = ReadonlyMap<string, string>;

async function scanRows(
  page: (cursor: string) => Promise<[string, string[]]>,
): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, flat] = await page(cursor);
    for (const [field, value] of pairs(flat)) rows.set(field, value);
    cursor = next;
  } while (cursor !== '0');
  return rows;
}

/** How often each element stands in a list. */
async function countEntries(redis: Redis, key: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let start = 0; ; start += pageSize) {
    const page = await redis.lrange(key, start, start + pageSize - 1);
    for (const id of page) counts.set(id, (counts.get(id) ?? 0) + 1);
    if (page.length < pageSize) return counts;
  }
}

interface Content {
  /** Hashes and sorted sets, by noun. */
  readonly rows: (noun: Noun) => Rows;
  readonly entries: ReadonlyMap<string, number>;
  readonly markers: number;
  readonly strays: readonly string[];
  readonly present: readonly string[];
  /** Server's time (ms). */
  readonly now: number;
}

async function readQueue(redis: Redis, keys: QueueKeys): Promise<Content> {
  const prefix = prefixOf(keys);
  const present = (await scanKeys(redis, prefix)).map((key) => key.slice(prefix.length));
  const rows = new Map<Noun, Rows>();
  for (const noun of nouns) {
    const key = keys[noun];
    const type = await redis.type(key);
    if (type === 'hash')
      rows.set(noun, await scanRows((cursor) => redis.hscan(key, cursor, 'COUNT', pageSize)));
    if (type === 'zset')
      rows.set(noun, await scanRows((cursor) => redis.zscan(key, cursor, 'COUNT', pageSize)));
  }
  return {
    rows: (noun) => rows.get(noun) ?? new Map(),
    entries: await countEntries(redis, keys.waiting),
    markers: await redis.llen(keys.wake),
    strays: present.filter((noun) => !lasting.has(noun) && !nouns.includes(noun as Noun)),
    present,
    now: await serverTime(redis),
  };
}

async function serverTime(redis: Redis): Promise<number> {
  const [seconds = 0, micros = 0] = await redis.time();
  return seconds * 1_000 + micros / 1_000;
}

/** With its tabs on one line, and not too long. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function isCount(text: string | undefined): boolean {
  return text !== undefined && /^[1-9]\d*$/.test(text);
}

/** Invariant 1: each record is in one state, and what names a job has a record. */
function* checkStates({ rows, entries }: Content): Generator<string> {
  const jobs = rows('jobs');
  const stateOf = new Map<string, string>();
  for (const set of stateSets) {
    for (const id of rows(set).keys()) {
      const other = stateOf.get(id);
      if (other !== undefined) yield `job ${id} is in ${other} and in ${set}`;
      if (!jobs.has(id)) yield `${set} names ${id}, which has no record`;
      stateOf.set(id, set);
    }
  }
  for (const column of columns) {
    for (const id of column === 'jobs' ? [] : rows(column).keys())
      if (!jobs.has(id)) yield `${column} has a row of ${id}, which has no record`;
  }
  const tombstones = rows('tombstones');
  for (const [id, count] of tombstones)
    if (!isCount(count)) yield `tombstones of ${id}: ${count} is no count`;
  for (const id of new Set([...jobs.keys(), ...entries.keys(), ...tombstones.keys()])) {
    // An expired job whose entry a claim has taken (shared/timely.lua) waits without one.
    const live = jobs.has(id) && !stateOf.has(id) && rows('expiring').get(id) !== '0' ? 1 : 0;
    const dead = Number(tombstones.get(id) ?? 0);
    const found = entries.get(id) ?? 0;
    if (found !== live + dead)
      yield `waiting has ${found} entries of ${id}, not ${live} live + ${dead} void`;
  }
}

/** Invariant 2: active jobs are held by leases that exist, and `held` counts them. */
function* checkLeases({ rows }: Content): Generator<string> {
  const leases = rows('leases');
  const newest = Number(rows('meta').get('token') ?? 0);
  const counted = new Map<string, number>();
  for (const [id, token] of rows('active')) {
    const [, lease, number] =
      /^([^:!]+):(\d+)(?:!(?:cancelled|cancel|release))?$/.exec(token) ?? [];
    if (lease === undefined) {
      yield `the token of ${id} is malformed: ${token}`;
      continue;
    }
    counted.set(lease, (counted.get(lease) ?? 0) + 1);
    if (Number(number) > newest)
      yield `the token of ${id} is newer than meta's ${newest}: ${token}`;
  }
  const held = rows('held');
  for (const lease of new Set([...counted.keys(), ...held.keys()])) {
    const count = held.get(lease);
    if (count !== undefined && !isCount(count)) yield `held of ${lease}: ${count} is no count`;
    if (Number(count ?? 0) !== (counted.get(lease) ?? 0))
      yield `held of ${lease} is ${count ?? 'missing'}, but it holds ${counted.get(lease) ?? 0}`;
    if (!leases.has(lease)) yield `jobs are held under lease ${lease}, which is not there`;
  }
  for (const [lease, deadline] of leases)
    if (!(Number(deadline) >= 0)) yield `lease ${lease} has the deadline ${deadline}`;
}

/** Active jobs that were asked to stop are members of `stopping`, and no others. */
function* checkStopping({ rows }: Content): Generator<string> {
  const asked = new Set<string>();
  for (const [id, token] of rows('active'))
    if (token.includes('!')) asked.add(`${token.slice(0, token.indexOf(':'))}\t${id}`);
  const stopping = rows('stopping');
  for (const member of asked)
    if (!stopping.has(member)) yield `stopping lacks ${shown(member)}, which was asked to stop`;
  for (const member of stopping.keys())
    if (!asked.has(member)) yield `stopping names ${shown(member)}, which was not asked to stop`;
}

/** Invariant 6: deferred jobs have open edges, and nobody else has. Parents of edges are stored and pinned. */
function* checkEdges({ rows, now }: Content): Generator<string> {
  const waits = new Set<string>();
  for (const member of rows('awaiting').keys()) {
    const [owner, , child = '', , , nonce, policy, ...more] = member.split('\t');
    if (owner !== child || !nonce || !/^(fail|run|wait)$/.test(policy ?? '') || more.length > 0)
      yield `awaiting has a malformed edge: ${shown(member)}`;
    if (!rows('deferred').has(child))
      yield `awaiting has an edge of ${child}, which is not deferred`;
    waits.add(child);
  }
  for (const [id, check] of rows('deferred')) {
    if (!waits.has(id)) yield `${id} is deferred without an open edge`;
    if (!(Number(check) - now <= longestCheck)) yield `${id} is checked in more than 10 min`;
  }
  for (const member of rows('dependents').keys()) {
    const [owner, , , , parent = '', nonce, policy, ...more] = member.split('\t');
    if (owner !== parent || !nonce || !/^(fail|run|wait)$/.test(policy ?? '') || more.length > 0)
      yield `dependents has a malformed edge: ${shown(member)}`;
    if (!rows('watched').get(parent)?.startsWith('parent'))
      yield `dependents has an edge of ${parent}, which is not pinned`;
    const state = finished.find((set) => rows(set).has(parent));
    const hopes = policy === 'wait' && state !== 'completed' && rows('watched').get(parent) === 'parent'; // prettier-ignore
    if (state && !hopes && !rows('releasing').has(parent))
      yield `dependents has an edge of ${parent}, which is ${state}, and nobody is to tell of it`;
  }
}

/** Retention holds finished jobs only, ttl only those that have not started. */
function* checkEnds({ rows }: Content): Generator<string> {
  const ended = (id: string): boolean => finished.some((set) => rows(set).has(id));
  for (const [id, at] of rows('evicting')) {
    if (!ended(id)) yield `evicting names ${id}, which has not finished`;
    if (!(Number(at) > 0)) yield `${id} is evicted at ${at}`;
  }
  for (const [id, word] of rows('releasing')) {
    if (!ended(id)) yield `releasing names ${id}, which has not finished`;
    if (!rows('watched').get(id)?.startsWith('parent'))
      yield `releasing names ${id}, which is not pinned`;
    if (!/^(completed|failed|cancelled|cancel|release|removed|evicted)$/.test(word))
      yield `releasing of ${id}: ${word} is no word`;
  }
  for (const [id, word] of rows('watched'))
    if (!watches.has(word)) yield `watched of ${id}: ${word} is no word`;
  const jobs = rows('jobs');
  for (const [id, at] of rows('expiring')) {
    if (!jobs.has(id)) yield `expiring names ${id}, which has no record`;
    for (const set of ['active', ...finished] as const)
      if (rows(set).has(id)) yield `expiring names ${id}, which is in ${set}`;
    for (const set of ['delayed', 'deferred', 'suspects'] as const)
      if (at === '0' && rows(set).has(id)) yield `${id} expires without an entry, but is in ${set}`;
  }
  for (const [id, text] of rows('traits')) {
    const counts = rows('expiring').has(id) || rows('active').has(id) || ended(id);
    if (text.includes('"ends":') && !counts) yield `${id} has not started, but does not expire`;
  }
}

/** Rows that scripts must be able to read. */
function* checkRows({ rows, markers, strays }: Content): Generator<string> {
  for (const noun of strays) yield `nobody knows the key ${noun}`;
  if (markers > 1) yield `wake holds ${markers} markers`;
  for (const column of ['attempts', 'stalls'] as const) {
    for (const [id, count] of rows(column))
      if (!isCount(count) && !(column === 'stalls' && count === '0'))
        yield `${column} of ${id}: ${count} is no count`;
  }
  for (const [row, text] of rows('calls'))
    if (!/^[^:]+:\w+$/.test(row) || !/^\d+ \d+ /.test(text)) yield `calls of ${row}: ${text}`;
  for (const [id, lines] of rows('failures'))
    if (!/^(?:\{.*\}\n){1,10}$/.test(lines)) yield `failures of ${id}: ${shown(lines)}`;
  for (const [id, lines] of rows('outcomes'))
    if (!/^(?:[^\t\n]+\t[^\t\n]+\t[a-z]+\t[^\t\n]*\n)+$/.test(lines))
      yield `outcomes of ${id}: ${shown(lines)}`;
  const traits = rows('traits');
  for (const [id, record] of rows('jobs')) {
    const bytes = Buffer.byteLength(record);
    const size = /"size":(\d+)/.exec(traits.get(id) ?? '')?.[1];
    if (size === undefined ? bytes > smallRecordBytes : Number(size) !== bytes)
      yield `the record of ${id} has ${bytes} bytes, its traits say ${size ?? 'nothing'}`;
  }
}

/** Invariant 8: what remains when the last job has gone. */
function* checkRest({ rows, present }: Content): Generator<string> {
  if (rows('jobs').size > 0) return;
  for (const noun of present) if (!lasting.has(noun)) yield `${noun} remains though no job is left`;
}

/** Everything that is wrong with a queue, one sentence each; empty when all is well. */
export async function checkInvariants(
  redis: Redis,
  queueName: string,
  options: InvariantOptions = {},
): Promise<string[]> {
  const content = await readQueue(redis, queueKeys(queueName, options.prefix ?? defaultPrefix));
  return [
    ...checkStates(content),
    ...checkLeases(content),
    ...checkStopping(content),
    ...checkEdges(content),
    ...checkEnds(content),
    ...checkRows(content),
    ...(options.atRest ? checkRest(content) : []),
  ];
}
