// The whole key space of one queue as a plain object, by noun: read, written, compared. Lists are arrays, hashes are
// objects of text, sorted sets are objects of scores. Times are written relative to one moment: `now`, `now+60000`.
import type { Redis } from 'ioredis';
import type { Noun, QueueKeys } from '../../src/keys.js';

type List = readonly string[];
type Hash = Readonly<Record<string, string | number>>;

/** What a key holds. Keys that are not here are hashes. */
const lists: readonly string[] = ['waiting', 'wake'] satisfies Noun[];
const zsets: readonly string[] = [
  'suspects',
  'delayed',
  'deferred',
  'awaiting',
  'dependents',
  'leases',
  'stopping',
  'completed',
  'failed',
  'cancelled',
  'expiring',
  'evicting',
] satisfies Noun[];

type ListNoun = 'waiting' | 'wake';

/** A state of a queue, to be written or compared. Scores and rows may be relative times. */
export type State = { readonly [N in Exclude<Noun, ListNoun>]?: Hash } & {
  readonly [N in ListNoun]?: List;
};

/** What `snapshot` found: by the last part of each key, also of those that no queue should have. */
export type Snapshot = Record<string, List | Record<string, string | number> | string>;

/** Queue and id of a job of queue q, or `queue/id`. */
function home(name: string): string[] {
  return name.includes('/') ? name.split('/') : ['q', name];
}

/** An edge between a child and a parent, both of queue q unless their names tell another: `r/id`. */
export function edge(child: string, parent: string, policy = 'fail', nonce = 'n1'): string {
  return [...home(child), ...home(parent), nonce, policy].join('	');
}

/** Open edges of children, as `awaiting` has them. */
export function open(...edges: readonly string[]): Record<string, number> {
  return Object.fromEntries(edges.map((text) => [`${text.split('\t')[1]}\t${text}`, 0]));
}

/** So many open edges of one child. */
export function manyOpen(child: string, count: number): Record<string, number> {
  return open(...Array.from({ length: count }, (_, i) => edge(child, `p${i}`)));
}

/** The text with which all keys of a queue begin. */
export function prefixOf(keys: QueueKeys): string {
  return keys.meta.slice(0, -'meta'.length);
}

/** All keys that begin with `prefix`, in bounded steps. */
export async function scanKeys(redis: Redis, prefix: string): Promise<string[]> {
  const match = `${prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`;
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', match, 'COUNT', 1_000);
    for (const key of keys) found.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...found].toSorted();
}

/** The pairs of a flat reply: field and value, member and score. */
export function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [
    flat[2 * i] ?? '',
    flat[2 * i + 1] ?? '',
  ]);
}

async function read(redis: Redis, key: string): Promise<Snapshot[string]> {
  const type = await redis.type(key);
  if (type === 'list') return await redis.lrange(key, 0, -1);
  if (type === 'hash') return await redis.hgetall(key);
  if (type === 'string') return (await redis.get(key)) ?? '';
  if (type === 'stream')
    return (await redis.xrange(key, '-', '+')).map(([, [, text = '']]) => text);
  if (type !== 'zset') return `a ${type}`;
  const flat = await redis.zrange(key, '-inf', '+inf', 'BYSCORE', 'WITHSCORES');
  return Object.fromEntries(pairs(flat).map(([member, score]) => [member, Number(score)]));
}

/** Everything that is stored under `prefix`, as it is. */
export async function snapshot(redis: Redis, prefix: string): Promise<Snapshot> {
  const state: Snapshot = {};
  for (const key of await scanKeys(redis, prefix))
    state[key.slice(prefix.length)] = await read(redis, key);
  return state;
}

/** Scripts run after `now`, so times may be later than they are written, never earlier; tests use multiples of five seconds. */
const step = 5_000;
const tolerance = 4_900;
const farthest = 86_400_000;

function relative(time: number, now: number): string | undefined {
  const offset = Math.floor((time - now) / step) * step;
  if (time - now - offset > tolerance) return undefined;
  // Farther off it is some other number; jobs that were lost twice stand 10^13 ms behind (shared/suspect.lua).
  if (Math.min(Math.abs(offset), Math.abs(offset - 1e13)) > farthest) return undefined;
  if (offset === 0) return 'now';
  return offset > 0 ? `now+${offset}` : `now${offset}`;
}

/** Puts `now` and `now+…` in the place of times (13 digits, ms) and of token numbers (16 digits, µs). */
export function relativeTo(now: number, state: Snapshot): Snapshot {
  const text = (value: string): string =>
    value.replaceAll(
      /\b(?:\d{16}|\d{13})\b/g,
      (digits) => relative(Number(digits) / (digits.length === 16 ? 1_000 : 1), now) ?? digits,
    );
  const value = (stored: string | number): string | number => {
    if (typeof stored === 'string') return text(stored);
    return stored < 1e12 ? stored : (relative(stored, now) ?? stored);
  };
  const entries = Object.entries(state).map(([noun, content]) => {
    if (typeof content === 'string') return [noun, content];
    if (Array.isArray(content)) return [noun, content];
    return [noun, Object.fromEntries(Object.entries(content).map(([k, v]) => [k, value(v)]))];
  });
  return Object.fromEntries(entries) as Snapshot;
}

/** What `snapshot` should find of a state after some keys of it changed; undefined for those that have gone. */
export function expected(
  state: State,
  changes: { readonly [N in keyof State]?: State[N] | undefined } = {},
): Snapshot {
  const entries = Object.entries({ ...state, ...changes }).flatMap(([noun, content]) => {
    if (content === undefined || Object.keys(content).length === 0) return [];
    if (lists.includes(noun) || zsets.includes(noun)) return [[noun, content]];
    return [[noun, Object.fromEntries(Object.entries(content).map(([k, v]) => [k, String(v)]))]];
  });
  return Object.fromEntries(entries) as Snapshot;
}

function absolute(value: string | number, now: number): string | number {
  if (typeof value === 'number') return value;
  return value.replaceAll(/\bnow([+-]\d+)?\b/g, (_, offset: string | undefined) =>
    String(now + Number(offset ?? 0)),
  );
}

/** Writes a state; relative times in it count from `now` (server's ms). */
export async function seed(
  redis: Redis,
  keys: QueueKeys,
  state: State,
  now: number = Date.now(),
): Promise<void> {
  const pipeline = redis.pipeline();
  for (const [noun, content] of Object.entries(state)) {
    const key = keys[noun as Noun];
    const rows = Object.entries(content as Hash);
    if (rows.length === 0) continue;
    if (lists.includes(noun)) pipeline.rpush(key, ...(content as List));
    else if (zsets.includes(noun))
      pipeline.zadd(key, ...rows.flatMap(([member, score]) => [absolute(score, now), member]));
    else pipeline.hset(key, ...rows.flatMap(([field, value]) => [field, absolute(value, now)]));
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}
