// What a run tells: its line of figures, and after a violation a folder to read.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { columns, nouns, queueKeys } from '../../src/keys.js';
import type { Book, Violation } from './book.js';
import type { Flags } from './flags.js';
import type { Judge } from './judge.js';
import { lineOf } from './ledger.js';
import type { Deeds } from './nemesis.js';
import { scheduleText, type Act } from './schedule.js';

/** Violations whose jobs' histories are written down. */
const mostHistories = 50;
const duplicates = new Set(['completed-twice', 'stale-accepted']);
const losses = new Set(['lost', 'unfinished']);

/** How many jobs each kind of violation is about. */
function jobsOf(violations: readonly Violation[], kinds: ReadonlySet<string>): number {
  return new Set(violations.filter(({ kind }) => kinds.has(kind)).map(({ of }) => of)).size;
}

export function summary(
  { seed }: Flags,
  { book, recovery, maxScriptMs, exams }: Judge,
  deeds: Deeds,
  violations: readonly Violation[],
): string {
  const dags = [...book.entries.values()].filter(({ plan }) => plan.kind === 'node' && plan.parents.length === 0); // prettier-ignore
  const cuts = deeds.clientKills + deeds.drops + deeds.halfOpen + deeds.cuts;
  const refused = [...book.refusals.values()].reduce((sum, count) => sum + count, 0);
  const figures = {
    seed,
    jobs: book.entries.size,
    dag_roots: dags.length,
    completions: book.completions,
    kills: deeds.kills,
    freezes: deeds.freezes,
    restarts: deeds.restarts,
    redis_kills: deeds.redisKills,
    flushes: deeds.flushes,
    cuts,
    client_kills: deeds.clientKills,
    replies_dropped: deeds.drops,
    half_open: deeds.halfOpen,
    out_of_memory: deeds.outOfMemory,
    ...(deeds.stages.length > 0 ? { stages: deeds.stages.join(',') } : {}),
    refused,
    ...(book.forgotten > 0 ? { forgotten: book.forgotten } : {}),
    lost: jobsOf(violations, losses),
    duplicate_effects: jobsOf(violations, duplicates),
    stale_refused: book.stale,
    exams,
    violations: violations.length,
    recovery_max: `${Math.round(recovery.max)}ms`,
    max_script_ms: maxScriptMs.toFixed(1),
  };
  return Object.entries(figures)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** Everything that is needed to understand what was violated. */
export async function writeReport(
  folder: string,
  redis: Redis,
  book: Book,
  violations: readonly Violation[],
  acts: readonly Act[],
): Promise<void> {
  const since = book.rows[0]?.time ?? 0;
  const write = (file: string, text: string): void =>
    writeFileSync(join(folder, file), `${text}\n`);
  write(
    'violations.txt',
    violations.map(({ kind, of, what }) => `${kind}  ${of}  ${what}`).join('\n'),
  );
  write('schedule.txt', scheduleText(acts));
  write('ledger.txt', book.rows.map((row) => lineOf(row, since)).join('\n'));
  const named = [...new Set(violations.flatMap(({ of }) => of.split(' ')))];
  for (const [at, name] of named.slice(0, mostHistories).entries()) {
    const rows = book.rows.filter(({ job, kind }) => job === name || kind.startsWith('fault'));
    const history = rows.map((row) => lineOf(row, since));
    const stored = await storedOf(redis, name).catch((error: unknown) => [String(error)]);
    write(`history-${at + 1}.txt`, [name, ...history, ...stored].join('\n'));
  }
}

/** What the keys of its queue say of a job. */
async function storedOf(redis: Redis, name: string): Promise<string[]> {
  const at = name.indexOf('/');
  if (at < 0) return [];
  const [keys, id] = [queueKeys(name.slice(0, at)), name.slice(at + 1)];
  const lines: string[] = [];
  for (const noun of nouns) {
    const type = await redis.type(keys[noun]);
    if (
      type === 'hash' &&
      (columns.includes(noun as 'jobs') || ['active', 'tombstones'].includes(noun))
    )
      lines.push(`${noun}: ${await redis.hget(keys[noun], id)}`);
    if (type === 'zset') {
      lines.push(`${noun}: ${await redis.zscore(keys[noun], id)}`);
      if (['awaiting', 'dependents', 'stopping'].includes(noun))
        lines.push(...(await redis.zrangebylex(keys[noun], `[${id}\t`, `(${id}\n`)).map((edge) => `  ${edge}`)); // prettier-ignore
    }
    if (type === 'list') lines.push(`${noun}: at ${await redis.lpos(keys[noun], id)}`);
  }
  return lines;
}
