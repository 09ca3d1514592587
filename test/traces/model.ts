// A queue as one would tell it to somebody: what jobs there are, who holds them under which lease, and what its callers know. No key, no
// script; the steps are in steps.ts.

export type Worker = 'A' | 'B';

export interface Job {
  state: 'waiting' | 'delayed' | 'deferred' | 'active' | 'completed' | 'failed' | 'cancelled';
  /** Delayed, and its time has come. */
  due: boolean;
  /** Scripts must know something of it: it is a child. */
  flagged: boolean;
  /** It was added with a ttl, and is not known to have started. */
  timed: boolean;
  /** Of one that has not started: its ttl runs, or is over; `late`: a claim has found that. */
  ttl: 'runs' | 'over' | 'late' | undefined;
  /** Of the claim that it is held under; 0 for none. */
  serial: number;
  /** Was asked to stop. */
  asked: boolean;
  attempts: number;
  /** Times lost with a worker; undefined when it never was. */
  losses: number | undefined;
  /** How many failures are told of it. */
  failures: number;
}

/** A claim of one job, as its worker, or a sweeper, remembers it. */
export interface Claim {
  readonly id: string;
  readonly serial: number;
  readonly attempts: number;
}

export interface Model {
  /** Stored jobs by id. */
  jobs: Record<string, Job>;
  /** Ids in the order in which they will be claimed. */
  waiting: string[];
  /** Jobs that were lost, in the order of loss. They wait too. */
  suspects: string[];
  /** `late`: past its deadline, which nobody has noticed. A lease that is not here has gone. */
  leases: Record<string, 'live' | 'late' | 'dead'>;
  /** Last answer to each caller and script. */
  calls: Record<string, { number: number; reply: string }>;
  marker: boolean;
  /** The marker was taken by somebody who has not claimed since. */
  owed: boolean;
  /** Claims are numbered as they come; which lease each was under. */
  serials: string[];
  /** The newest claim that held a job. */
  newest: number;
  /** What workers remember: their leases, how often they claimed under each, and their last claims. */
  workers: Record<Worker, { leases: string[]; claims: Claim[] }>;
  sent: Record<string, number>;
  /** Of a job b that depends on a job a. */
  family: {
    /** a was told that somebody depends on it, and by whom. */
    pinned: boolean;
    stands: boolean;
    /** What a has to tell. */
    releasing: string | undefined;
    /** b waits for a. */
    open: boolean;
    /** What b keeps of a. */
    heard: string;
    /** What whoever tells b was answered, and whether b has heard of it since. */
    known: { readonly word: string; readonly text: string } | undefined;
    answered: boolean;
  };
  /** What a sweeper was told to end. */
  over: (Claim & { readonly how: 'fail' | 'stop' })[];
}

export function empty(): Model {
  return {
    jobs: {},
    waiting: [],
    suspects: [],
    leases: {},
    calls: {},
    marker: false,
    owed: false,
    serials: [''],
    newest: 0,
    workers: { A: { leases: [], claims: [] }, B: { leases: [], claims: [] } },
    sent: {},
    family: { pinned: false, stands: false, releasing: undefined, open: false, heard: '', known: undefined, answered: false }, // prettier-ignore
    over: [],
  };
}

/** The lease that a job is held under. */
export function leaseOf(model: Model, id: string): string | undefined {
  const job = model.jobs[id];
  return job?.state === 'active' ? model.serials[job.serial] : undefined;
}

/** Whether anything is told of why a job failed. */
export function holdsFailure(model: Model, id: string): boolean {
  return (model.jobs[id]?.failures ?? 0) > 0;
}

export function holds(model: Model, lease: string): number {
  return Object.keys(model.jobs).filter((id) => leaseOf(model, id) === lease).length;
}

/** How it looks when the workers change their names. */
function mirrored(text: string): string {
  return text.replaceAll(/\b[AB](?=\d|\b)/g, (name) => (name === 'A' ? 'B' : 'A'));
}

function sorted(rows: object): unknown {
  return Object.entries(rows).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The same for states that will go on in the same way: of serial numbers only the order counts, of numbers of calls only whether there
 * was none, one, or more, and it does not matter which worker is which.
 */
export function canonical(model: Model): string {
  const used = new Set<number>([model.newest]);
  const text = JSON.stringify(model, (key, value: unknown) => {
    if (key === 'serial') used.add(value as number);
    if (key === 'reply')
      for (const [, digits] of (value as string).matchAll(/#(\d+)/g)) used.add(Number(digits));
    return value;
  });
  const ranks = new Map([...used].toSorted((a, b) => a - b).map((serial, rank) => [serial, rank]));
  const ordered = (workers: readonly [Worker, Worker]): string => {
    const plain = JSON.parse(text, (key, value: unknown) => {
      if (key === 'serial' || key === 'newest') return ranks.get(value as number);
      if (key === 'reply')
        return (value as string).replaceAll(/#(\d+)/g, (_, digits: string) => `#${ranks.get(Number(digits))}`); // prettier-ignore
      if (key === 'number') return Math.min(value as number, 2);
      return value;
    }) as Model;
    const serials = [...ranks].map(([serial]) => model.serials[serial]);
    const sent = Object.entries(plain.sent).map(([name, count]) => [name, Math.min(count, 2)]);
    const view = {
      ...plain,
      serials,
      sent: sorted(Object.fromEntries(sent)),
      jobs: sorted(plain.jobs),
      workers: workers.map((worker) => plain.workers[worker]),
    };
    const named = { ...view, leases: undefined, calls: undefined };
    const leases = workers.flatMap((worker) => Object.entries(plain.leases).filter(([lease]) => lease.startsWith(worker)).toSorted(([a], [b]) => (a < b ? -1 : 1))); // prettier-ignore
    const calls = ['P', ...workers].flatMap((caller) => Object.entries(plain.calls).filter(([row]) => row.startsWith(caller)).toSorted(([a], [b]) => (a < b ? -1 : 1))); // prettier-ignore
    return JSON.stringify({ named, leases, calls });
  };
  const here = ordered(['A', 'B']);
  const there = mirrored(ordered(['B', 'A']));
  return here < there ? here : there;
}
