// What must hold of each job. The facts of a job are taken at one moment, so a healthy queue never shows one of these, however busy
// it is.
import { smallRecordBytes } from '../options.js';
import type { JobFacts } from '../scripts.js';
import { isCount, overdueAfter, some, type Check } from './check.js';
import { partsOf, type TokenParts } from './tokens.js';

const stateSets = ['delayed', 'deferred', 'suspects', 'completed', 'failed', 'cancelled'] as const;
const finishedSets = ['completed', 'failed', 'cancelled'] as const;
/** Those of jobs that may not have started. */
const unstartedSets = ['delayed', 'deferred', 'suspects'] as const;
/** Longest time (ms) until a deferred job is looked at again; the rest is how often, kept in its fraction. */
const longestCheck = 600_000 + 1;

/** The keys that give a job its state; a waiting job is in none, or among the suspects. */
export function statesOf(job: JobFacts): string[] {
  const sets: string[] = stateSets.filter((set) => job.scores[set] !== undefined);
  return job.token === undefined ? sets : ['active', ...sets];
}

/** Keys that name a job, but for its entries in waiting. */
function namedBy(job: JobFacts): string[] {
  const { expiring, evicting } = job.scores;
  return [
    ...statesOf(job),
    ...(expiring === undefined ? [] : ['expiring']),
    ...(evicting === undefined ? [] : ['evicting']),
    ...(job.releasing === undefined ? [] : ['releasing']),
    ...job.strays,
  ];
}

function hasEnded({ scores }: JobFacts): boolean {
  return finishedSets.some((set) => scores[set] !== undefined);
}

const isParent = ({ watched }: JobFacts): boolean => watched?.startsWith('parent') ?? false;

/** Whether a job that is active has what it takes, told of its token's parts. */
function ofToken({ token }: JobFacts, finds: (parts: TokenParts) => boolean): string | undefined {
  const parts = token === undefined ? undefined : partsOf(token);
  return parts && finds(parts) ? token : undefined;
}

/** More than a minute in the past. */
function overdue(job: JobFacts, set: keyof JobFacts['scores']): string | undefined {
  const score = job.scores[set];
  return score !== undefined && job.now - score > overdueAfter ? String(score) : undefined;
}

export const jobChecks: readonly Check<JobFacts>[] = [
  {
    code: 'two-states',
    severity: 'broken',
    message: (count) => `${some(count, 'job')} in more than one state.`,
    remedy: (key) =>
      `Find out which state is the true one and take the ids out of the other key (${key('<state>')}) by ZREM, or by HDEL if it is active.`,
    finds: (job) => {
      const states = statesOf(job);
      return states.length > 1 ? states.join() : undefined;
    },
  },
  {
    code: 'orphan',
    severity: 'broken',
    message: (count) => `${some(count, 'id')} named by keys of the queue, without a record.`,
    remedy: (key) =>
      `Take the ids out of the keys that name them (${key('*')}): by ZREM out of states, by HDEL out of columns.`,
    finds: (job) => {
      const keys = job.bytes === undefined ? namedBy(job) : [];
      return keys.length > 0 ? keys.join() : undefined;
    },
  },
  {
    code: 'tombstones-malformed',
    severity: 'broken',
    message: (count) => `${some(count, 'tombstone')} no count.`,
    remedy: (key) => `Erase them: HDEL ${key('tombstones')} <id>.`,
    finds: ({ tombstones }) =>
      tombstones !== undefined && !isCount(tombstones) ? tombstones : undefined,
  },
  {
    code: 'token-malformed',
    severity: 'broken',
    message: (count) => `${some(count, 'active job')} held under a token that no claim has made.`,
    remedy: (key) =>
      `Take the ids out of ${key('active')} by HDEL and put them back by RPUSH ${key('waiting')} <id>: no worker can settle them.`,
    finds: ({ token }) => (token !== undefined && !partsOf(token) ? token : undefined),
  },
  {
    code: 'token-ahead',
    severity: 'broken',
    message: (count) => `${some(count, 'token')} newer than the newest that the queue knows of.`,
    remedy: (key) =>
      `Set the field token of ${key('meta')} to the greatest number in ${key('active')}, so that numbers go on rising.`,
    finds: (job) => ofToken(job, ({ number }) => number > Number(job.newest ?? 0)),
  },
  {
    code: 'lease-missing',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'active job')} held under no lease that exists, so nobody reclaims any.`,
    remedy: (key) =>
      `Declare the lease dead, ZADD ${key('leases')} 0 <lease>, with its number of jobs in ${key('held')}: the next sweep makes the jobs claimable.`,
    finds: (job) => ofToken(job, () => job.deadline === undefined),
  },
  {
    code: 'stopping-mismatched',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'id')} asked to stop by the token or by the key stopping, not by both.`,
    remedy: (key) =>
      `Cancel active jobs among them anew after taking what is behind ! off their tokens (${key('active')}); take the others out of ${key('stopping')} by ZREM.`,
    finds: (job) => {
      const { token = '', stopping } = job;
      const parts = partsOf(token);
      if (token !== '' && !parts) return undefined;
      const asked = parts?.asked === true && (job.lease ?? parts.lease) === parts.lease;
      return asked === stopping ? undefined : token;
    },
  },
  {
    code: 'deferred-stuck',
    severity: 'broken',
    message: (count) => `${some(count, 'job')} deferred without an open edge to a parent.`,
    remedy: () => `Cancel them and put them back: queue.cancel(id), then queue.retryJob(id).`,
    finds: (job) => (job.scores.deferred !== undefined && !job.awaits ? 'no edge' : undefined),
  },
  {
    code: 'edge-astray',
    severity: 'broken',
    message: (count) => `${some(count, 'id')} said to wait for parents without being deferred.`,
    remedy: (key) => `Take the edges that begin with the id out of ${key('awaiting')} by ZREM.`,
    finds: (job) => (job.awaits && job.scores.deferred === undefined ? 'edges' : undefined),
  },
  {
    code: 'check-too-far',
    severity: 'broken',
    message: (count) => `${some(count, 'deferred job')} not looked at again within 10 min.`,
    remedy: (key) => `Make its check due: ZADD ${key('deferred')} 0 <id>.`,
    finds: ({ scores: { deferred }, now }) =>
      deferred !== undefined && !(deferred - now <= longestCheck) ? String(deferred) : undefined,
  },
  {
    code: 'check-overdue',
    severity: 'broken',
    heals: true,
    message: (count) => `${some(count, 'deferred job')} overdue for a check of its parents.`,
    remedy: () => `Look at the error events of the workers: their sweeps break off.`,
    finds: (job) => overdue(job, 'deferred'),
  },
  {
    code: 'parent-unpinned',
    severity: 'broken',
    message: (count) => `${some(count, 'id')} waited for without being marked as a parent.`,
    remedy: (key) =>
      `Mark those that are stored: HSET ${key('watched')} <id> parent; take the edges of the others out of ${key('dependents')} by ZREM.`,
    finds: (job) => (job.dependents > 0 && !isParent(job) ? 'edges' : undefined),
  },
  {
    code: 'watched-malformed',
    severity: 'broken',
    message: (count) => `${some(count, 'mark')} in watched no word that scripts know.`,
    remedy: (key) => `Set them to parent: HSET ${key('watched')} <id> parent.`,
    finds: ({ watched }) =>
      watched === undefined || /^(?:awaited|parent(?:\t(?:cancel|release|removed))?)$/.test(watched)
        ? undefined
        : watched,
  },
  {
    code: 'releasing-astray',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'row', 'has')} no place in releasing: no finished parent, or no known word.`,
    remedy: (key) => `Erase them: HDEL ${key('releasing')} <id>.`,
    finds: (job) => {
      const { releasing } = job;
      if (releasing === undefined || job.bytes === undefined) return undefined;
      const words = /^(?:completed|failed|cancelled|cancel|release|removed|evicted)$/;
      return hasEnded(job) && isParent(job) && words.test(releasing) ? undefined : releasing;
    },
  },
  {
    code: 'releasing-stuck',
    severity: 'broken',
    heals: true,
    message: (count) => `The dependents of ${some(count, 'finished parent')} not told.`,
    remedy: () => `Look at the error events of the workers: telling breaks off.`,
    finds: (job) =>
      job.releasing !== undefined && hasEnded(job)
        ? `${job.releasing} ${job.dependents}`
        : undefined,
  },
  {
    code: 'evicting-astray',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'job')} to be evicted without having finished, or at no time at all.`,
    remedy: (key) => `Take them out: ZREM ${key('evicting')} <id>.`,
    finds: (job) => {
      const { evicting } = job.scores;
      if (evicting === undefined || job.bytes === undefined) return undefined;
      return hasEnded(job) && evicting > 0 ? undefined : String(evicting);
    },
  },
  {
    code: 'expiring-astray',
    severity: 'broken',
    message: (count) => `The ttl of ${some(count, 'job')} still counted after the first start.`,
    remedy: (key) =>
      `Take them out: ZREM ${key('expiring')} <id>; else they fail as expired while they run.`,
    finds: (job) => {
      const { expiring } = job.scores;
      const started = statesOf(job).filter((state) => !unstartedSets.some((set) => set === state));
      return expiring !== undefined && started.length > 0 ? started.join() : undefined;
    },
  },
  {
    code: 'expiring-without-entry',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'job')} delayed, deferred or lost with a worker, yet marked in expiring as taken by a claim.`,
    remedy: (key) => `Set its score to the end of the ttl (ms): ZADD ${key('expiring')} <ms> <id>.`,
    finds: ({ scores }) =>
      scores.expiring === 0 && unstartedSets.some((set) => scores[set] !== undefined)
        ? 'no entry'
        : undefined,
  },
  {
    code: 'expiring-missing',
    severity: 'broken',
    message: (count) => `The ttl of ${some(count, 'job')} not counted before the first start.`,
    remedy: (key) =>
      `Enter the end that the row of ${key('traits')} tells: ZADD ${key('expiring')} <ends> <id>.`,
    finds: (job) => {
      const over = job.token !== undefined || hasEnded(job) || job.bytes === undefined;
      const ends = /"ends":(\d+)/.exec(job.traits ?? '')?.[1];
      return over || job.scores.expiring !== undefined ? undefined : ends;
    },
  },
  {
    code: 'expiry-overdue',
    severity: 'broken',
    heals: true,
    message: (count) => `The ttl of ${some(count, 'job')} over, without failing.`,
    remedy: () => `Look at the error events of the workers: their sweeps break off.`,
    finds: (job) => overdue(job, 'expiring'),
  },
  {
    code: 'delayed-overdue',
    severity: 'broken',
    heals: true,
    message: (count) => `${some(count, 'delayed job')} due, but not promoted.`,
    remedy: () => `Look at the error events of the workers: their sweeps break off.`,
    finds: (job) => overdue(job, 'delayed'),
  },
  {
    code: 'size-wrong',
    severity: 'broken',
    message: (count) =>
      `${some(count, 'record')} over 1 KiB without its size in traits, or of another size.`,
    remedy: (key) =>
      `Write the true size into the row of ${key('traits')}, "size":<bytes>, or remove the job and add it again.`,
    finds: ({ bytes, traits }) => {
      if (bytes === undefined) return undefined;
      const size = /"size":(\d+)/.exec(traits ?? '')?.[1];
      const fits = size === undefined ? bytes <= smallRecordBytes : Number(size) === bytes;
      return fits ? undefined : `${bytes}, ${size ?? 'none'}`;
    },
  },
];
