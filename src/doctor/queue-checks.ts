// What must hold of the queue as a whole, and what somebody should look at.
import { schemaVersion, type QueueFacts } from '../scripts.js';
import { overdueAfter, some, type Check } from './check.js';

/** ms for which a queue may be paused with a backlog before somebody is told. */
const longPause = 600_000;
/** Failed jobs that are many. */
const manyFailed = 10_000;

/** Jobs that wait in the list, by what the other keys leave over. */
function waitingOf({ sizes }: QueueFacts): number {
  const { jobs, active, suspects, delayed, deferred, completed, failed, cancelled, expired } =
    sizes;
  return jobs - active - suspects - delayed - deferred - completed - failed - cancelled - expired;
}

/** Entries in the list less those that there should be; undefined when tombstones are too many to be added up at once. */
export function surplusOf(facts: QueueFacts): number | undefined {
  const { entries, voids } = facts.sizes;
  return voids < 0 ? undefined : entries - waitingOf(facts) - voids;
}

const isPaused = ({ marks }: QueueFacts): boolean => marks.paused !== undefined;

/** Whether a sweep was begun within the last minute. */
export function isSwept({ marks, now }: QueueFacts): boolean {
  return marks.swept !== undefined && Math.abs(now - Number(marks.swept)) <= overdueAfter;
}

/** Maintenance that waits for a sweep, as words; what has a time only when it is overdue. */
function undone({ sizes, due, now }: QueueFacts): string[] {
  const times = Object.entries(due).filter(([, at]) => at !== undefined && now - at > overdueAfter);
  return [
    ...times.map(([set]) => set),
    ...(sizes.releasing > 0 ? ['releasing'] : []),
    ...(sizes.lapsed > 0 ? ['leases'] : []),
  ];
}

const claimable = (facts: QueueFacts): number =>
  Math.max(0, Math.min(waitingOf(facts), facts.sizes.entries));

const isNumber = (text: string | undefined): boolean =>
  text === undefined || (/^\d+$/.test(text) && Number.isSafeInteger(Number(text)));

/** Nothing else can be told of a queue of which these are found. */
export const firstChecks: readonly Check<QueueFacts>[] = [
  {
    code: 'schema-newer',
    severity: 'broken',
    message: () => `The queue belongs to a newer major version of Lunaq.`,
    remedy: () => `Look at it with that version, and upgrade this program.`,
    finds: ({ marks: { schema } }) => (Number(schema ?? 0) > schemaVersion ? schema : undefined),
  },
];

export const queueChecks: readonly Check<QueueFacts>[] = [
  {
    code: 'meta-malformed',
    severity: 'broken',
    message: () => `A field of meta that scripts read is no number.`,
    remedy: (key) =>
      `Mend it: HSET ${key('meta')} schema ${schemaVersion}; token to the greatest number in ${key('active')}; HDEL any other.`,
    finds: ({ marks }) => {
      const bad = Object.entries(marks).filter(([, value]) => !isNumber(value));
      return bad.length > 0 ? bad.map(([mark]) => mark).join() : undefined;
    },
  },
  {
    code: 'held-missummed',
    severity: 'broken',
    message: () => `Leases are said to hold another number of jobs than are active.`,
    remedy: (key) =>
      `Look again when the queue is at rest: then it is told of which leases (${key('held')}).`,
    finds: ({ sizes: { active, held } }) =>
      held >= 0 && held !== active ? String(held - active) : undefined,
  },
  {
    code: 'markers-many',
    severity: 'broken',
    message: () => `There is more than one marker to wake workers by.`,
    remedy: (key) => `Leave one: LTRIM ${key('wake')} 0 0.`,
    finds: ({ sizes: { markers } }) => (markers > 1 ? 'many' : undefined),
  },
  {
    code: 'marker-missing',
    severity: 'broken',
    heals: true,
    message: () => `Jobs wait, and no marker wakes an idle worker.`,
    remedy: (key) => `Put it there: RPUSH ${key('wake')} 1.`,
    // A claim that takes jobs moves the token: then workers look, and it is none of these.
    finds: (facts) =>
      facts.sizes.markers === 0 && claimable(facts) > 0 && !isPaused(facts)
        ? (facts.marks.token ?? 'none')
        : undefined,
  },
  {
    code: 'unserved',
    severity: 'warning',
    message: () => `Jobs wait, and no worker serves the queue.`,
    remedy: () => `Start a Worker of this name and prefix.`,
    finds: (facts) =>
      facts.sizes.alive === 0 && claimable(facts) + facts.sizes.suspects > 0 && !isPaused(facts)
        ? 'no lease'
        : undefined,
  },
  {
    code: 'unswept',
    severity: 'warning',
    message: () => `Nobody has swept the queue for a minute, though there is something to do.`,
    remedy: () =>
      `Start a Worker of this name and prefix: workers promote, expire, evict, reclaim and tell dependents.`,
    finds: (facts) =>
      !isSwept(facts) && undone(facts).length > 0 ? undone(facts).join() : undefined,
  },
  {
    code: 'paused',
    severity: 'warning',
    message: () => `The queue has been paused for more than 10 min, and jobs wait.`,
    remedy: () => `Call queue.resume() if that is not what you want.`,
    finds: (facts) =>
      isPaused(facts) &&
      facts.now - Number(facts.marks.paused) > longPause &&
      claimable(facts) + facts.sizes.suspects > 0
        ? 'paused'
        : undefined,
  },
  {
    code: 'many-failed',
    severity: 'warning',
    message: () => `${some(manyFailed, 'failed job')} kept, or more.`,
    remedy: () =>
      `Put them back, queue.retryJobs(), or remove them, queue.clean(0, 0, 'failed'); removeOnFail keeps their number down.`,
    finds: ({ sizes: { failed } }) => (failed >= manyFailed ? 'many' : undefined),
  },
];
