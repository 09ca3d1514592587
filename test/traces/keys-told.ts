// The keys of a queue and a model told in the same words, so that they can be compared; and laws that hold of keys whatever a model says.
import { isDeepStrictEqual } from 'node:util';
import { nouns, type Noun } from '../../src/keys.js';
import { pairs } from '../helpers/keyspace.js';
import { edge } from './family.js';
import { holds, leaseOf, type Model } from './model.js';

/** What is stored: a list of entries, or rows, by the last part of the key. */
export type Content = Partial<Record<Noun, readonly string[]>>;

/** What a look has brought, a list for each noun. */
export function rowsOf(all: readonly string[][]): Content {
  const entries = nouns.map((noun, at) => [noun, all[at] ?? []] as const);
  return Object.fromEntries(entries.filter(([, found]) => found.length > 1 || found[0] !== ''));
}

function rows(content: Content, noun: Noun): Record<string, string> {
  return Object.fromEntries(pairs(content[noun] ?? []));
}

/** Ids that wait, without the entries that are void: the first ones of an id, as many as its tombstone says. */
function waitingOf(content: Content): string[] {
  const voids = new Map(
    Object.entries(rows(content, 'tombstones')).map(([id, n]) => [id, Number(n)]),
  );
  return (content.waiting ?? []).filter((id) => {
    const left = voids.get(id) ?? 0;
    if (left > 0) voids.set(id, left - 1);
    return left === 0;
  });
}

const told = ['deferred', 'awaiting', 'dependents', 'outcomes', 'watched', 'releasing', 'delayed', 'expiring', 'traits', 'jobs', 'waiting', 'tombstones', 'suspects', 'active', 'held', 'leases', 'stopping', 'completed', 'failed', 'cancelled', 'attempts', 'stalls', 'results', 'failures', 'calls', 'wake', 'meta'] as const satisfies Noun[]; // prettier-ignore

function mapped<V>(record: Record<string, string>, of: (value: string) => V): Record<string, V> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, of(value)]));
}

const ids = (record: object): string[] => Object.keys(record).toSorted();

function lifeOf(score: string): 'live' | 'late' | 'dead' {
  if (score === '0') return 'dead';
  return score === '1' ? 'late' : 'live';
}

/** A time that a step has put into the past is 1; of an expired job that has no entry in `waiting` any more it is 0. */
function endOf(score: string): 'runs' | 'over' | 'late' {
  if (score === '0') return 'late';
  return score === '1' ? 'over' : 'runs';
}

/** The keys, without times, and with tokens as their numbers. */
export function keysOf(
  content: Content,
  tokens: readonly string[],
  plain: (text: string) => string,
) {
  const newest = rows(content, 'meta')['token'];
  return {
    jobs: ids(rows(content, 'jobs')),
    waiting: waitingOf(content),
    suspects: Object.keys(rows(content, 'suspects')),
    delayed: mapped(rows(content, 'delayed'), endOf),
    expiring: mapped(rows(content, 'expiring'), endOf),
    traits: ids(rows(content, 'traits')),
    deferred: ids(rows(content, 'deferred')),
    awaiting: ids(rows(content, 'awaiting')),
    dependents: ids(rows(content, 'dependents')),
    outcomes: rows(content, 'outcomes'),
    watched: rows(content, 'watched'),
    releasing: rows(content, 'releasing'),
    active: mapped(rows(content, 'active'), plain),
    held: mapped(rows(content, 'held'), Number),
    leases: mapped(rows(content, 'leases'), lifeOf),
    stopping: ids(rows(content, 'stopping')),
    completed: ids(rows(content, 'completed')),
    failed: ids(rows(content, 'failed')),
    cancelled: ids(rows(content, 'cancelled')),
    results: ids(rows(content, 'results')),
    attempts: mapped(rows(content, 'attempts'), Number),
    stalls: mapped(rows(content, 'stalls'), Number),
    failures: mapped(rows(content, 'failures'), (lines) => lines.split('\n').length - 1),
    calls: mapped(rows(content, 'calls'), (row) =>
      plain(row.replace(/ \d+ /, ' ').replaceAll(/\t\d+/g, '').replaceAll('\n', ' ')),
    ),
    wake: (content.wake ?? []).length,
    newest: newest === undefined ? 0 : tokens.findIndex((token) => token.endsWith(`:${newest}`)),
    others: Object.keys(content).filter((noun) => !(told as readonly string[]).includes(noun)),
  };
}

/** What the keys should be. */
export function modelKeys(model: Model): ReturnType<typeof keysOf> {
  const jobs = Object.entries(model.jobs);
  const { family } = model;
  const inState = (state: string): string[] => jobs.filter(([, job]) => job.state === state).map(([id]) => id).toSorted(); // prettier-ignore
  const byId = <V>(of: (job: Model['jobs'][string]) => V | undefined): Record<string, V> =>
    Object.fromEntries(jobs.flatMap(([id, job]) => (of(job) === undefined ? [] : [[id, of(job)]]))) as Record<string, V>; // prettier-ignore
  const lossesOf = (id: string): number => model.jobs[id]?.losses ?? 0;
  const leases = new Set(inState('active').map((id) => leaseOf(model, id) ?? ''));
  return {
    jobs: jobs.map(([id]) => id).toSorted(),
    waiting: model.waiting,
    // Those that were lost twice stand behind the others.
    suspects: [...model.suspects.filter((id) => lossesOf(id) <= 1), ...model.suspects.filter((id) => lossesOf(id) > 1)], // prettier-ignore
    delayed: byId(({ state, due }) => (state === 'delayed' ? (due ? 'over' : 'runs') : undefined)),
    expiring: byId(({ ttl }) => ttl),
    traits: jobs.filter(([, { flagged, timed }]) => flagged || timed).map(([id]) => id).toSorted(), // prettier-ignore
    deferred: inState('deferred'),
    awaiting: family.open ? [`b\t${edge}`] : [],
    dependents: family.stands ? [`a\t${edge}`] : [],
    outcomes: family.heard === '' ? {} : { b: family.heard },
    watched: family.pinned ? { a: 'parent' } : {},
    releasing: family.releasing === undefined ? {} : { a: family.releasing },
    active: byId(({ state, serial, asked }) => (state === 'active' ? `#${serial}${asked ? '!cancelled' : ''}` : undefined)), // prettier-ignore
    held: Object.fromEntries([...leases].map((lease) => [lease, holds(model, lease)])),
    leases: model.leases,
    stopping: jobs.filter(([, { asked }]) => asked).map(([id]) => `${leaseOf(model, id)}\t${id}`).toSorted(), // prettier-ignore
    completed: inState('completed'),
    failed: inState('failed'),
    cancelled: inState('cancelled'),
    results: inState('completed'),
    attempts: byId(({ attempts }) => attempts || undefined),
    stalls: byId(({ losses }) => losses),
    failures: byId(({ failures }) => failures || undefined),
    calls: Object.fromEntries(Object.entries(model.calls).map(([row, { number, reply }]) => [row, `${number} ${reply}`])), // prettier-ignore
    wake: model.marker ? 1 : 0,
    newest: model.newest,
    others: [],
  };
}

const states = [
  'active',
  'delayed',
  'deferred',
  'suspects',
  'completed',
  'failed',
  'cancelled',
] as const;

/** Of a token, whatever stands before and behind it. */
function numberOf(token = ''): number {
  return Number(token.replaceAll(/^.*:|!.*$/g, ''));
}

/** Laws of one step that need no model but what was said and who owes a look. */
export function* breaches(
  before: Content,
  after: Content,
  title: string,
  reply: string,
  owed: boolean,
): Generator<string> {
  const leases = { before: rows(before, 'leases'), after: rows(after, 'leases') };
  for (const [lease, deadline] of Object.entries(leases.after)) {
    const former = leases.before[lease];
    if (former === '0' && deadline !== '0') yield `the dead lease ${lease} lives again`;
    if (former === undefined && !/open/.test(title)) yield `the lease ${lease} comes from nowhere`;
  }
  if (reply === 'lost' && !isDeepStrictEqual(before, after)) yield 'a settle that was lost has changed something'; // prettier-ignore
  const [was, is] = [rows(before, 'active'), rows(after, 'active')];
  for (const [id, token] of Object.entries(is)) {
    const former = was[id];
    if (former !== undefined && numberOf(former) !== numberOf(token)) yield `${id} changed hands while it was active`; // prettier-ignore
    if (numberOf(token) > numberOf(rows(after, 'meta')['token'] ?? '0')) yield `the token of ${id} is newer than all`; // prettier-ignore
  }
  // So no more than one completion is accepted of what was added or put back.
  const [done, isDone] = [rows(before, 'completed'), rows(after, 'completed')];
  for (const id of Object.keys(isDone))
    if (!(id in done) && !(id in was)) yield `${id} completed, but was not active`;
  for (const id of Object.keys(done))
    if (!(id in isDone) && !/requeue|remove/.test(title)) yield `${id} is not completed any more`;
  const held = new Map<string, number>();
  for (const token of Object.values(is)) {
    const lease = token.slice(0, token.indexOf(':'));
    held.set(lease, (held.get(lease) ?? 0) + 1);
    if (!(lease in leases.after)) yield `${token} is held under a lease that is not there`;
  }
  if (!isDeepStrictEqual(mapped(rows(after, 'held'), Number), Object.fromEntries(held)))
    yield 'held is not the number of active jobs of each lease';
  const waiting = waitingOf(after);
  for (const id of Object.keys(rows(after, 'jobs'))) {
    const places = states.filter((state) => id in rows(after, state)).length;
    const late = rows(after, 'expiring')[id] === '0';
    const entries = late ? 1 : waiting.filter((other) => other === id).length;
    if (places + entries !== 1) yield `${id} is in ${places + entries} states`;
  }
  const claimable = waiting.length + Object.keys(rows(after, 'suspects')).length > 0;
  if (claimable && !after.wake && !owed) yield 'jobs wait, nobody looks, and there is no marker';
}
