// The list of waiting jobs: each waiting job has one entry, and each other entry is covered by a tombstone. How many there are is known
// at one moment; which ones, only by going through the list, which moves. So it is gone through when the queue is small, when the
// numbers are wrong, or when asked for; and while it moves, what is found counts only together with wrong numbers.
import type { JobFacts, QueueFacts } from '../scripts.js';
import type { KeyNamer } from '../keys.js';
import { mostKept, problemOf, some, type Finding, type Problem } from './check.js';
import type { Exam, JobItem } from './exam.js';
import { statesOf } from './job-checks.js';
import { surplusOf } from './queue-checks.js';
import type { JobId } from '../script.js';

/** Most ids that are counted at once: memory is bounded, at the price of more passes. */
const countedIds = 250_000;

const waitingFindings = {
  'entry-missing': {
    code: 'entry-missing',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'waiting job')} without an entry in waiting, so nobody claims any.`,
    remedy: (key) =>
      `Give it entries, RPUSH ${key('waiting')} <id>, until it has one more than its row in ${key('tombstones')} says.`,
  },
  'entry-surplus': {
    code: 'entry-surplus',
    severity: 'broken',
    message: (count) => `${some(count, 'id', 'has')} entries in waiting that no tombstone covers.`,
    remedy: (key) =>
      `Cover each surplus entry: HINCRBY ${key('tombstones')} <id> 1; else a job may be claimed twice or too early.`,
  },
  'tombstone-surplus': {
    code: 'tombstone-surplus',
    severity: 'broken',
    message: (count) => `${some(count, 'tombstone')} taller than there are void entries.`,
    remedy: (key) =>
      `Take it down: HINCRBY ${key('tombstones')} <id> -1, HDEL at 0; else it swallows a later job of this id.`,
  },
} as const satisfies Record<string, Finding>;

type Code = keyof typeof waitingFindings;
type Wrong = ReadonlyMap<Code, ReadonlySet<string>>;

/** What is wrong with an id that has so many entries. */
function verdict(entries: number, job: JobFacts): Code | undefined {
  const live =
    job.bytes !== undefined && statesOf(job).length === 0 && job.scores.expiring !== 0 ? 1 : 0;
  const dead = Number(job.tombstones ?? 0);
  if (Number.isNaN(dead) || entries === live + dead) return undefined;
  if (entries > live + dead) return 'entry-surplus';
  return live === 1 && entries <= dead ? 'entry-missing' : 'tombstone-surplus';
}

/** In which of `count` parts an id is. */
function partOf(id: string, count: number): number {
  if (count === 1) return 0;
  let hash = 2_166_136_261;
  for (let at = 0; at < id.length; at += 1)
    hash = Math.imul(hash ^ id.charCodeAt(at), 16_777_619) >>> 0;
  return hash % count;
}

/** Nothing has come or gone between the two. */
function sameQueue(one: QueueFacts, other: QueueFacts): boolean {
  const { token } = one.marks;
  const still = ['jobs', 'active', 'entries', 'tombstones', 'voids', 'expired', 'delayed'] as const;
  const sets = ['suspects', 'deferred', 'completed', 'failed', 'cancelled'] as const;
  return (
    token === other.marks.token &&
    [...still, ...sets].every((size) => one.sizes[size] === other.sizes[size])
  );
}

/** The count of every id: `still` when the queue did not move meanwhile, so that it is exact. */
interface Census {
  readonly wrong: Wrong;
  readonly still: boolean;
}

async function takeCensus(exam: Exam): Promise<Census> {
  const before = await exam.reckon();
  const wrong = new Map<Code, Set<string>>();
  const parts = Math.max(
    1,
    Math.ceil(Math.max(before.sizes.entries, before.sizes.jobs) / countedIds),
  );
  for (let part = 0; part < parts; part += 1) {
    const counts = await countEntries(exam, (id) => partOf(id, parts) === part);
    const items = [...counts.keys()].map((id): JobItem => ({ id, lease: '' }));
    for (let at = 0; at < items.length; at += 200) {
      const slice = items.slice(at, at + 200);
      const facts = await exam.jobs(slice);
      for (const [i, { id }] of slice.entries()) {
        const code = verdict(counts.get(id) ?? 0, facts[i] as JobFacts);
        if (code === undefined) continue;
        const ids = wrong.get(code) ?? new Set();
        if (ids.size < mostKept) ids.add(id);
        wrong.set(code, ids);
      }
    }
  }
  return { wrong, still: sameQueue(before, await exam.reckon()) };
}

/** How many entries each id of a part has; 0 for one that is stored or has a tombstone. */
async function countEntries(exam: Exam, mine: (id: JobId) => boolean): Promise<Map<JobId, number>> {
  const counts = new Map<JobId, number>();
  for await (const { ids } of exam.pages('waiting'))
    for (const id of ids) if (mine(id)) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const noun of ['tombstones', 'jobs'] as const)
    for await (const { ids } of exam.pages(noun))
      for (const id of ids) if (mine(id) && !counts.has(id)) counts.set(id, 0);
  return counts;
}

function common(one: Wrong, other: Wrong): Wrong {
  return new Map(
    [...one].map(([code, ids]) => [
      code,
      new Set([...ids].filter((id) => other.get(code)?.has(id))),
    ]),
  );
}

export class WaitingWard {
  readonly #exam: Exam;
  #surplus: number | undefined;
  #first: Census | undefined;
  #problems: { code: Code; count: number; ids: readonly string[] }[] = [];

  constructor(exam: Exam) {
    this.#exam = exam;
  }

  /** `thorough`: go through the list even when the numbers are right. */
  async look(thorough: boolean): Promise<void> {
    this.#surplus = await this.#surplusNow();
    if (thorough) this.#first = await takeCensus(this.#exam);
  }

  /** The difference at this moment; undefined when it could not be told, since the queue moves. */
  async #surplusNow(): Promise<number | undefined> {
    const facts = await this.#exam.reckon();
    if (facts.sizes.voids >= 0) return surplusOf(facts);
    let voids = 0;
    for await (const { values } of this.#exam.pages('tombstones', true))
      for (const value of values) voids += Number(value) || 0;
    const after = await this.#exam.reckon();
    return sameQueue(facts, after)
      ? surplusOf({ ...facts, sizes: { ...facts.sizes, voids } })
      : undefined;
  }

  get suspicious(): boolean {
    const found = (this.#first?.wrong.size ?? 0) > 0 && (this.#first?.still ?? false);
    return found || (this.#surplus ?? 0) !== 0;
  }

  /** `trusted`: the numbers are not spoilt by jobs in two states or in none. */
  async again(trusted: boolean): Promise<void> {
    const surplus = await this.#surplusNow();
    let [one, other] = [this.#first, await takeCensus(this.#exam)];
    if (!other.still && !one) [one, other] = [other, await takeCensus(this.#exam)];
    if (other.still) {
      for (const [code, ids] of other.wrong)
        this.#problems.push({ code, count: ids.size, ids: [...ids] });
      return;
    }
    const sign = Math.sign(surplus ?? 0);
    if (!trusted || sign === 0 || sign !== Math.sign(this.#surplus ?? 0)) return;
    const code = sign > 0 ? 'entry-surplus' : 'entry-missing';
    const ids = one ? common(one.wrong, other.wrong).get(code) : undefined;
    this.#problems.push({ code, count: Math.abs(surplus ?? 0), ids: [...(ids ?? [])] });
  }

  problems(key: KeyNamer): Problem[] {
    return this.#problems.map(({ code, count, ids }) =>
      problemOf(waitingFindings[code], count, ids, key),
    );
  }
}
