// Holds all keys of a queue against the model. What is drawn at random is put aside: names of leases, nonces, numbers of tokens. Times must
// lie between those at which the step began and ended; then they are the model's.
import assert from 'node:assert/strict';
import { pairs, scanKeys, type Snapshot } from '../helpers/keyspace.js';
import type { Redis } from 'ioredis';
import { ageOf, QueueState, type Edge, type Job, type Time, type Times } from './state.js';
import { failureOf, linesOf, outcomeOf, recordOf, valueOf } from './texts.js';

type Hash = Record<string, string>;
type Scores = Record<string, number>;

/** Losses with two workers stand so far behind others. */
const twiceLost = 1e13;
/** Keys of which only the form is known: the invariants look at it. */
const formal = new Set(['calls', 'workers', 'counters', 'wake', 'audience', 'stream', 'waiting', 'tombstones', 'deferred']); // prettier-ignore

/** All keys of all queues of a prefix, by name of the queue. */
export async function readQueues(redis: Redis, prefix: string): Promise<Map<string, Snapshot>> {
  const keys = await scanKeys(redis, `${prefix}:{`);
  const types = await redis.pipeline(keys.map((key) => ['type', key])).exec();
  const reads = keys.map((key, at) => {
    const type = types?.[at]?.[1];
    if (type === 'hash') return ['hgetall', key];
    if (type === 'zset') return ['zrange', key, '0', '-1', 'WITHSCORES'];
    return type === 'list' ? ['lrange', key, '0', '-1'] : ['exists', key];
  });
  const found = await redis.pipeline(reads).exec();
  const queues = new Map<string, Snapshot>();
  for (const [at, key] of keys.entries()) {
    const [, name = '', noun = ''] = /\{(.*)\}:(.*)$/.exec(key) ?? [];
    const value = found?.[at]?.[1] as Snapshot[string];
    const stored = types?.[at]?.[1] === 'zset' ? scoresOf(value as unknown as string[]) : value;
    queues.set(name, { ...queues.get(name), [noun]: stored });
  }
  return queues;
}

function scoresOf(flat: readonly string[] | readonly (readonly [string, string])[]): Scores {
  const list = flat.flat();
  return Object.fromEntries(pairs(list).map(([member, score]) => [member, Number(score)]));
}

/** Ids that wait in the list, in the order in which they run. */
function liveEntries(seen: Snapshot): string[] {
  const voids = new Map(Object.entries((seen['tombstones'] ?? {}) as Hash).map(([id, n]) => [id, Number(n)])); // prettier-ignore
  return ((seen['waiting'] ?? []) as string[]).filter((id) => {
    const count = voids.get(id) ?? 0;
    voids.set(id, count - 1);
    return count <= 0;
  });
}

/** Options as they are kept: none that say what is the default anyway. */
function keptOptions({ spec }: Job): unknown {
  const defaults: Record<string, unknown> = { delay: 0, lifo: false, attempts: 1, backoff: 0, removeOnComplete: false, removeOnFail: false }; // prettier-ignore
  const opts = Object.entries(spec.opts).filter(([option, value]) => value !== defaults[option]);
  const dependsOn = spec.parents.length > 0 ? { dependsOn: spec.parents } : {};
  return JSON.parse(JSON.stringify({ ...Object.fromEntries(opts), ...dependsOn }));
}

function fits(found: unknown, [from, to]: Time): boolean {
  return typeof found === 'number' && found >= from && found <= to;
}

/** Scores that a sorted set must have; what lies where it should becomes the model's time. */
function scores(times: Times, found: Scores, behind: (id: string) => number = () => 0): Scores {
  return Object.fromEntries(
    [...times].map(([id, time]) => {
      const score = (found[id] ?? Number.NaN) - behind(id);
      if (!fits(score, time)) return [id, time.map((at) => at + behind(id)).join(' to ') as never];
      times.set(id, [score, score]);
      return [id, found[id] as number];
    }),
  );
}

function edgeLine({ child, parent, policy }: Edge): string {
  return [child.queue, child.id, parent.queue, parent.id, policy].join(' ');
}

function edgeLines(members: Scores): string[] {
  const lines = Object.keys(members).map((member) => {
    const [, childQueue, child, parentQueue, parent, , policy] = member.split('\t');
    return [childQueue, child, parentQueue, parent, policy].join(' ');
  });
  return lines.toSorted();
}

export class Comparison {
  readonly #queue: QueueState;
  readonly #seen: Snapshot;
  readonly #expected: Record<string, unknown> = {};
  readonly #actual: Record<string, unknown> = {};

  constructor(queue: QueueState, seen: Snapshot) {
    this.#queue = queue;
    this.#seen = seen;
  }

  #hash(noun: string): Hash {
    return (this.#seen[noun] ?? {}) as Hash;
  }

  #is(noun: string, expected: unknown, actual: unknown): void {
    this.#expected[noun] = expected;
    this.#actual[noun] = actual;
  }

  /** A column: what each job should have there, and how to read what it has. */
  #column<T>(
    noun: string,
    of: (job: Job) => T | undefined,
    read: (text: string, job: Job) => unknown = (text) => text,
  ): void {
    const found = Object.entries(this.#hash(noun)).map(([id, text]) => {
      const job = this.#queue.jobs.get(id);
      return [id, job ? read(text, job) : text];
    });
    const jobs = [...this.#queue.jobs.values()];
    const rows = jobs.map((job) => [job.spec.id, of(job)]).filter(([, row]) => row !== undefined);
    this.#is(noun, Object.fromEntries(rows), Object.fromEntries(found));
  }

  /** Throws when anything differs. */
  check(vague: ReadonlySet<string>): void {
    this.#columns();
    this.#sets(vague);
    this.#leases();
    const rest = Object.keys(this.#seen).filter((noun) => !(noun in this.#expected) && !formal.has(noun)); // prettier-ignore
    this.#is('other keys', [], rest);
    assert.deepEqual(this.#actual, this.#expected, `queue ${this.#queue.name} is not what the model says`); // prettier-ignore
  }

  #columns(): void {
    const { name } = this.#queue;
    this.#column(
      'jobs',
      (job) => ({ name: job.spec.name, data: job.data, opts: keptOptions(job), meta: job.meta }),
      (text) => recordOf(text, name),
    );
    this.#traits();
    this.#column('attempts', (job) => job.attempts, Number);
    this.#column('stalls', (job) => job.losses, Number);
    this.#column(
      'results',
      ({ result }) => result && { returned: result.value ?? null },
      (text, { result }) => {
        const { returnvalue, processedOn } = outcomeOf(text) ?? {};
        if (text !== '' && result && !fits(processedOn, result.claimedAt)) return `${text}, but claimed at ${result.claimedAt.join(' to ')}`; // prettier-ignore
        return { returned: returnvalue ?? null };
      },
    );
    this.#column(
      'failures',
      ({ reasons }) => (reasons.length > 0 ? reasons : undefined),
      (text) => linesOf(text).map((line) => failureOf(line, name)),
    );
    this.#column('progress', (job) => job.progress, (text) => valueOf(text, name)); // prettier-ignore
    this.#column(
      'logs',
      ({ logs }) => (logs.length > 0 ? { count: logs.length, logs } : undefined),
      (text) => {
        const [count, ...lines] = linesOf(text);
        return { count: Number(count), logs: lines.map((line) => valueOf(line, name)) };
      },
    );
    this.#column(
      'outcomes',
      ({ heard }) => heard.length > 0 ? heard.map(({ parent, fate, text }) => [parent.queue, parent.id, fate, text ?? null]) : undefined, // prettier-ignore
      (text, { heard }) => linesOf(text).map((line, at) => {
        const [queue, id, fate, said = ''] = line.split('\t');
        const told = fate === 'completed' ? (outcomeOf(said)?.returnvalue ?? null) : failureOf(said, queue ?? ''); // prettier-ignore
        const one = heard[at];
        if (one?.either && told === null) one.text = null;
        return [queue, id, fate, told];
      }), // prettier-ignore
    );
    this.#column('watched', ({ pinned, awaited }) => pinned ? (pinned.fate ? `parent\t${pinned.fate}` : 'parent') : awaited ? 'awaited' : undefined); // prettier-ignore
  }

  #traits(): void {
    this.#column(
      'traits',
      (job) => {
        const { lifo, removeOnFail } = job.spec.opts;
        const flags = { lifo: lifo || undefined, ends: job.ends?.[0], failAge: ageOf(removeOnFail), child: job.isChild || undefined, parent: job.isParent || undefined, due: job.due?.[0] }; // prettier-ignore
        const text = JSON.stringify(flags);
        return text === '{}' ? undefined : JSON.parse(text);
      },
      (text, job) => {
        const { size: _, ...flags } = JSON.parse(text) as { size?: number; due?: number; ends?: number }; // prettier-ignore
        for (const when of ['due', 'ends'] as const)
          if (job[when] && fits(flags[when], job[when])) job[when] = [flags[when] as number, flags[when] as number]; // prettier-ignore
        return flags;
      },
    );
    // A large record alone makes a row, of which the invariants know.
    const rows = this.#actual['traits'] as Record<string, object>;
    for (const [id, flags] of Object.entries(rows)) if (Object.keys(flags).length === 0) delete rows[id]; // prettier-ignore
    const wanted = this.#expected['traits'] as Record<string, { due?: number; ends?: number }>;
    for (const [id, flags] of Object.entries(wanted))
      for (const when of ['due', 'ends'] as const)
        if (flags[when] !== undefined) flags[when] = this.#queue.jobs.get(id)?.[when]?.[0] as number; // prettier-ignore
  }

  #sets(vague: ReadonlySet<string>): void {
    const queue = this.#queue;
    for (const noun of [
      'delayed',
      'expiring',
      'completed',
      'failed',
      'cancelled',
      'evicting',
    ] as const) {
      // prettier-ignore
      const found = (this.#seen[noun] ?? {}) as Scores;
      this.#is(noun, scores(queue[noun], found), found);
    }
    const lost = (this.#seen['suspects'] ?? {}) as Scores;
    const behind = (id: string): number => ((queue.jobs.get(id)?.losses ?? 0) > 1 ? twiceLost : 0);
    this.#is('suspects', scores(queue.suspects, lost, behind), lost);
    const checks = (this.#seen['deferred'] ?? {}) as Scores;
    this.#is('deferred ids', [...queue.deferred.keys()].toSorted(), Object.keys(checks).toSorted());
    for (const [id, at] of Object.entries(checks)) queue.deferred.set(id, [at, at]);
    const live = liveEntries(this.#seen);
    const plain = (ids: readonly string[]): string[] => ids.filter((id) => !vague.has(id));
    this.#is('waiting ids', plain(queue.waiting), plain(live));
    if (vague.size > 0 && live.length === queue.waiting.length) queue.waiting = live;
    const jobs = [...queue.jobs.values()];
    const open = jobs.flatMap((job) => [...job.open]);
    const told = jobs.flatMap((job) => [...job.dependents]);
    this.#is('awaiting', open.map(edgeLine).toSorted(), edgeLines((this.#seen['awaiting'] ?? {}) as Scores)); // prettier-ignore
    this.#is('dependents', told.map(edgeLine).toSorted(), edgeLines((this.#seen['dependents'] ?? {}) as Scores)); // prettier-ignore
    const {
      swept: _swept,
      steady: _steady,
      tidied: _tidied,
      overdue: _overdue,
      schema: _schema,
      token: _token,
      stamp: _stamp,
      told: _told,
      paused,
      ...rest
    } = this.#hash('meta');
    const meta = { 'keep completed': queue.keep.completed, 'keep failed': queue.keep.failed, 'skip completed': queue.passed.completed || undefined, 'skip failed': queue.passed.failed || undefined }; // prettier-ignore
    const known = Object.entries(rest).filter(([, value]) => value !== '0' || false);
    this.#is('meta', JSON.parse(JSON.stringify({ ...meta, paused: queue.paused })), Object.fromEntries([...known.map(([field, value]) => [field, Number(value)]), ['paused', paused !== undefined]])); // prettier-ignore
  }

  #leases(): void {
    const queue = this.#queue;
    const found = Object.keys((this.#seen['leases'] ?? {}) as Scores);
    const names = new Set([...queue.leases].map(({ id }) => id));
    const fresh = found.filter((id) => !names.has(id));
    for (const lease of queue.leases) lease.id ??= fresh.shift();
    this.#is('leases', [...queue.leases].map(({ id }) => String(id)).toSorted(), found.toSorted());
    const tokens = this.#hash('active');
    const newest = Number(this.#hash('meta')['token'] ?? 0);
    const active: Record<string, string> = {};
    const held: Record<string, number> = {};
    const stopping: string[] = [];
    for (const [id, { run, asked }] of queue.jobs) {
      if (!run) continue;
      const number = Number(/:(\d+)/.exec(tokens[id] ?? '')?.[1]);
      if (number <= newest) run.token ??= number;
      const lease = run.lease.id ?? 'no lease';
      active[id] = `${lease}:${run.token}${asked ? `!${asked}` : ''}`;
      held[lease] = (held[lease] ?? 0) + 1;
      if (asked) stopping.push(`${lease}\t${id}`);
    }
    this.#is('active', active, { ...tokens });
    const counts = Object.entries(this.#hash('held')).map(([id, count]) => [id, Number(count)]);
    this.#is('held', held, Object.fromEntries(counts));
    this.#is('stopping', stopping.toSorted(), Object.keys((this.#seen['stopping'] ?? {}) as Scores).toSorted()); // prettier-ignore
    const wakes = queue.waiting.length > 0 && !queue.paused;
    const marker = ((this.#seen['wake'] ?? []) as string[]).length;
    this.#is('marker while jobs wait', wakes ? 1 : marker, marker);
  }
}
