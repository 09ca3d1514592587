// One examination of a queue: the first look at everything, then looks at what seemed wrong, until it is plain what is.
import { columns, type KeyNamer, type Noun } from '../keys.js';
import type { JobId, LeaseId } from '../script.js';
import type { JobFacts, KeySize, LeaseFacts, QueueFacts } from '../scripts.js';
import type { Problem } from './check.js';
import type { Exam, JobItem, Page } from './exam.js';
import { jobChecks } from './job-checks.js';
import { leaseChecks, type Tenure } from './lease-checks.js';
import { isSwept, queueChecks } from './queue-checks.js';
import { recordChecks, rowChecks, type Row } from './row-checks.js';
import { leaseOf } from './tokens.js';
import { WaitingWard } from './waiting-checks.js';
import { Ward } from './ward.js';

/** Queues up to this size are gone through to the last job and entry. */
const smallQueue = 20_000;
/** Sweeps that maintenance may take to mend something, and the longest time (ms) that they are waited for. */
const sweepsToHeal = 3;
const longestHealing = 60_000;

/** Sets that maintenance works off, the earliest first, and what is told when it does not. */
const backlogs = [
  ['delayed', 'delayed-overdue'],
  ['deferred', 'check-overdue'],
  ['expiring', 'expiry-overdue'],
] as const;

/** Keys whose fields, members or rows are ids of jobs. */
const named: readonly Noun[] = [
  'active',
  'suspects',
  'delayed',
  'deferred',
  'completed',
  'failed',
  'cancelled',
  'expiring',
  'evicting',
  'releasing',
  'tombstones',
  ...columns,
];

/** Keys whose rows are no jobs'. */
const unnamed = ['calls', 'workers', 'counters'] as const satisfies readonly Noun[];

/** Keys whose members have an id in them. */
const idIn: { readonly [N in Noun]?: (member: string) => JobItem } = {
  stopping: (member) => {
    const at = member.indexOf('\t');
    return { id: member.slice(at + 1) as JobId, lease: member.slice(0, at) as LeaseId };
  },
  awaiting: ownerOf,
  dependents: ownerOf,
};

function ownerOf(member: string): JobItem {
  return { id: member.slice(0, member.indexOf('\t')) as JobId, lease: '' };
}

const plain = (id: JobId): JobItem => ({ id, lease: '' });

export class Patient {
  readonly #exam: Exam;
  readonly #sizes: Readonly<Record<Noun, KeySize>>;
  readonly #records: boolean;
  readonly #jobs: Ward<JobItem, JobFacts>;
  readonly #leases: Ward<LeaseId, Tenure>;
  readonly #rows: Ward<Row, Row>;
  readonly #queue: Ward<'', QueueFacts>;
  readonly #waiting: WaitingWard;
  readonly #rowChecks: typeof rowChecks;

  constructor(exam: Exam, sizes: Readonly<Record<Noun, KeySize>>, records: boolean) {
    this.#exam = exam;
    this.#sizes = sizes;
    this.#records = records;
    this.#rowChecks = records ? [...rowChecks, ...recordChecks] : rowChecks;
    this.#jobs = new Ward({
      checks: jobChecks,
      keyOf: ({ id, lease }) => `${lease}\t${id}`,
      idOf: ({ id }) => id,
      look: (items) => exam.jobs(items),
    });
    this.#leases = new Ward({
      checks: leaseChecks,
      keyOf: (lease) => lease,
      idOf: (lease) => lease,
      look: (leases) => this.#tenures(leases),
    });
    this.#rows = new Ward({
      checks: this.#rowChecks,
      keyOf: ({ noun, id }) => `${noun}\t${id}`,
      idOf: ({ id }) => id,
      look: (rows) => this.#reread(rows),
    });
    this.#queue = new Ward({
      checks: queueChecks,
      keyOf: () => '',
      idOf: () => '',
      look: async () => [await exam.reckon()],
    });
    this.#waiting = new WaitingWard(exam);
  }

  get #thorough(): boolean {
    const { jobs, waiting } = this.#sizes;
    return this.#records || jobs.size + waiting.size <= smallQueue;
  }

  async diagnose(facts: QueueFacts, recheckAfter: number, key: KeyNamer): Promise<Problem[]> {
    this.#queue.judge([''], [facts]);
    await this.#walk();
    await this.#waiting.look(this.#thorough);
    const wards = [this.#jobs, this.#leases, this.#rows, this.#queue];
    if (wards.some((ward) => ward.has()) || this.#waiting.suspicious) {
      await this.#exam.rest(recheckAfter);
      for (const ward of wards) if (ward.has()) await ward.again();
      const trusted = !this.#jobs.has('two-states') && !this.#jobs.has('orphan');
      if (this.#waiting.suspicious) await this.#waiting.again(trusted);
      await this.#heal(facts, recheckAfter);
    }
    // Whose leases they are says more than that there are some.
    if (this.#leases.has()) this.#queue.drop('held-missummed');
    return [...wards.slice(0, 3), this.#waiting, this.#queue].flatMap((ward) => ward.problems(key));
  }

  /** The first look: every key that names jobs or leases, page by page. */
  async #walk(): Promise<void> {
    const leases = new Set<LeaseId>();
    const ofJobs: readonly Noun[] = [...named, ...(Object.keys(idIn) as Noun[])];
    for (const noun of [...ofJobs, ...unnamed]) {
      if (this.#sizes[noun].size === 0 || (noun === 'jobs' && !this.#thorough)) continue;
      const read = this.#rowChecks.some((check) => check.noun === noun);
      for await (const page of this.#exam.pages(noun, read || noun === 'active')) {
        if (read) this.#judgeRows(noun, page);
        if (noun === 'active') for (const token of page.values) leases.add(leaseOf(token));
        if (ofJobs.includes(noun)) await this.#jobs.look(page.ids.map(idIn[noun] ?? plain));
      }
    }
    for (const noun of ['leases', 'held'] as const)
      for await (const { ids } of this.#exam.pages(noun))
        for (const id of ids) leases.add(id as string as LeaseId);
    await this.#leases.look([...leases]);
  }

  #judgeRows(noun: Noun, { ids, values }: Page): void {
    const rows = ids.map((id, at): Row => ({ noun, id, value: values[at] }));
    this.#rows.judge(rows, rows);
  }

  async #reread(rows: readonly Row[]): Promise<Row[]> {
    const values = new Map<Row, string | undefined>();
    for (const noun of new Set(rows.map((row) => row.noun))) {
      const own = rows.filter((row) => row.noun === noun);
      const found = await this.#exam.values(
        noun,
        own.map(({ id }) => id as JobId),
      );
      for (const [at, row] of own.entries()) values.set(row, found[at]);
    }
    return rows.map((row) => ({ ...row, value: values.get(row) }));
  }

  /** Leases among the others. When too many jobs are active to be counted at once, they are counted if none is claimed or settled meanwhile. */
  async #tenures(leases: readonly LeaseId[]): Promise<Tenure[]> {
    const before = await this.#exam.reckon();
    const few = await this.#exam.leases(leases);
    const counts = few.some(({ jobs }) => jobs === undefined) ? await this.#count() : undefined;
    const facts = counts ? await this.#exam.leases(leases) : few;
    const after = await this.#exam.reckon();
    const still =
      before.marks.token === after.marks.token && before.sizes.active === after.sizes.active;
    const longest = Math.max(0, after.sizes.farthest - after.now);
    return facts.map((lease: LeaseFacts, at): Tenure => {
      const counted = still ? (counts?.get(leases[at] as LeaseId) ?? 0) : undefined;
      return { ...lease, longest, jobs: lease.jobs ?? (counts ? counted : undefined) };
    });
  }

  /** How many active jobs there are under each lease. */
  async #count(): Promise<Map<LeaseId, number>> {
    const seen = new Set<JobId>();
    const counts = new Map<LeaseId, number>();
    for await (const { ids, values } of this.#exam.pages('active', true)) {
      for (const [at, id] of ids.entries()) {
        const lease = leaseOf(values[at]);
        if (!seen.has(id)) counts.set(lease, (counts.get(lease) ?? 0) + 1);
        seen.add(id);
      }
    }
    return counts;
  }

  /** Looks at what maintenance mends until it is mended, or several sweeps have gone by. */
  async #heal(first: QueueFacts, recheckAfter: number): Promise<void> {
    const wards = [this.#jobs, this.#leases, this.#queue];
    const end = performance.now() + longestHealing;
    let { swept } = first.marks;
    let pause = Math.max(20, recheckAfter / 4);
    for (let sweeps = 0; sweeps < sweepsToHeal && performance.now() < end;) {
      if (!wards.some((ward) => ward.healing)) return;
      const facts = await this.#exam.reckon();
      if (!isSwept(facts)) {
        // That nobody sweeps is a warning of its own.
        this.#jobs.dropHealing();
        this.#leases.dropHealing();
        return;
      }
      if (facts.marks.swept !== swept) sweeps += 1;
      ({ swept } = facts.marks);
      await this.#exam.rest(pause);
      pause = Math.min(1_000, pause * 1.5);
      for (const ward of wards) if (ward.healing) await ward.again();
      // What is behind, but moves on, is a matter of time.
      for (const [set, code] of backlogs)
        if (facts.due[set] !== first.due[set]) this.#jobs.drop(code);
    }
  }
}
