// What each step does to the model, and what it answers: a token as `#` and its number.
import { holds, leaseOf, type Claim, type Job, type Model, type Worker } from './model.js';

/** How an attempt ends. */
export type Ending = 'complete' | 'fail' | 'stop' | 'retry' | 'handback' | 'delay';

/** A copy to be changed; several times as fast as structuredClone. */
export function clone(model: Model): Model {
  const { A, B } = model.workers;
  const jobs = Object.entries(model.jobs).map(([id, job]) => [id, { ...job }]);
  return {
    ...model,
    jobs: Object.fromEntries(jobs) as Model['jobs'],
    waiting: [...model.waiting],
    suspects: [...model.suspects],
    leases: { ...model.leases },
    calls: { ...model.calls },
    serials: [...model.serials],
    workers: {
      A: { leases: [...A.leases], claims: [...A.claims] },
      B: { leases: [...B.leases], claims: [...B.claims] },
    },
    sent: { ...model.sent },
    family: { ...model.family },
  };
}

/** A claim that is worked on. */
export function take(next: Model, lease: string, want: number): string {
  const life = next.leases[lease];
  if (life !== 'live') return life === 'late' ? 'expired' : 'dead';
  const serial = next.serials.push(lease) - 1;
  const lossesOf = (id: string): number => next.jobs[id]?.losses ?? 0;
  const first = next.suspects.find((id) => lossesOf(id) <= 1) ?? next.suspects[0];
  const popped = first === undefined ? next.waiting.splice(0, want) : [first];
  const ids = popped.filter((id) => next.jobs[id]?.ttl !== 'over');
  for (const id of popped)
    Object.assign(next.jobs[id] as Job, { ttl: ids.includes(id) ? undefined : 'late' });
  next.suspects = next.suspects.filter((id) => id !== first);
  for (const id of ids) Object.assign(next.jobs[id] as Job, { state: 'active', serial });
  if (ids.length > 0) next.newest = serial;
  next.owed = false;
  if (next.waiting.length > 0 || (first !== undefined && next.suspects.length > 0)) next.marker = true; // prettier-ignore
  const none = next.waiting.length > 0 ? 'more' : 'empty';
  return [ids.length > 0 ? 'claimed' : none, `#${serial}`, ...ids].join(' ');
}

/** The marker tells who is idle of the job that is due first. */
function postpone(next: Model, job: Job): void {
  Object.assign(job, { state: 'delayed', due: false });
  next.marker = true;
}

/** What is due waits. */
export function promote(next: Model): string {
  const due = Object.keys(next.jobs).filter((id) => next.jobs[id]?.due);
  for (const id of due) Object.assign(next.jobs[id] as Job, { state: 'waiting', due: false });
  next.waiting.push(...due);
  if (due.length > 0) next.marker = true;
  return String(due.length);
}

/** What has not started by the end of its ttl fails. */
export function expire(next: Model): string {
  const over = Object.entries(next.jobs).filter(([, { ttl }]) => ttl === 'over' || ttl === 'late');
  for (const [id, job] of over) {
    withdraw(next, id);
    Object.assign(job, { state: 'failed', failures: job.failures + 1 });
  }
  return over.map(([id]) => id).join(' ');
}

/** A claim is shown by whoever remembers it, whatever has become of the job. */
export function settle(next: Model, claim: Claim, how: Ending): string {
  const { id, serial } = claim;
  const attempts = claim.attempts + 1;
  const job = next.jobs[id];
  if (job?.state !== 'active' || job.serial !== serial) return 'lost';
  if (job.asked && (how === 'retry' || how === 'handback' || how === 'delay')) return 'stopping';
  Object.assign(job, { asked: false, serial: 0 });
  if (how === 'retry' || how === 'delay') job.timed = false;
  if (how === 'fail' || how === 'retry')
    Object.assign(job, { attempts, failures: job.failures + 1 });
  if (how === 'complete') job.state = 'completed';
  if (how === 'fail') job.state = 'failed';
  if (how === 'stop') job.state = 'cancelled';
  if (how === 'delay') postpone(next, job);
  if (how === 'retry') next.waiting.push(id);
  if (how === 'handback') {
    if (job.timed) job.ttl = 'runs';
    if (job.losses === undefined) next.waiting.unshift(id);
    else next.suspects.push(id);
  }
  if (how === 'retry' || how === 'handback') {
    job.state = 'waiting';
    next.marker = true;
  }
  return isFinished(job) && owes(next, id, job.state) ? 'releasing' : 'settled';
}

/** Somebody who blocks takes the marker, and owes a look. */
export function takeMarker(next: Model): string {
  next.marker = false;
  next.owed = true;
  return '1';
}

/** Late leases are dead; dead ones that hold nothing go. */
export function lapse(next: Model): string {
  let holding = 0;
  for (const [lease, life] of Object.entries(next.leases)) {
    if (life === 'live') continue;
    next.leases[lease] = 'dead';
    if (holds(next, lease) > 0) {
      holding += 1;
      continue;
    }
    delete next.leases[lease];
    delete next.calls[`${lease}:claim`];
  }
  return String(holding);
}

/** Jobs under dead leases are claimable again; those that were lost too often, or asked to stop, are for the sweeper to end. */
export function reclaim(next: Model, most: number): string {
  const lost: string[] = [];
  const over: Model['over'] = [];
  for (const [id, job] of Object.entries(next.jobs)) {
    const lease = leaseOf(next, id);
    if (lease === undefined || next.leases[lease] !== 'dead') continue;
    const losses = (job.losses ?? 0) + 1;
    if (job.asked || losses > most) {
      over.push({ id, serial: job.serial, attempts: job.attempts, how: job.asked ? 'stop' : 'fail' }); // prettier-ignore
      continue;
    }
    Object.assign(job, { state: 'waiting', serial: 0, timed: false, losses });
    lost.push(id);
  }
  next.over = over;
  next.suspects.push(...lost.toSorted());
  if (lost.length > 0) next.marker = true;
  const told = over.map(({ id, serial, attempts, how }) => `${id}/#${serial}/${attempts}/${how}`); // prettier-ignore
  return [...lost.toSorted(), ...told.toSorted()].join(' ');
}

/** The worker knows its claims, the last two of them. */
export function remember(next: Model, worker: Worker, reply: string): void {
  const [, serial = '', ...ids] = reply.split(' ');
  const known = next.workers[worker];
  for (const id of ids)
    known.claims.push({
      id,
      serial: Number(serial.slice(1)),
      attempts: next.jobs[id]?.attempts ?? 0,
    });
  known.claims = known.claims.slice(-2);
}

function withdraw(next: Model, id: string): void {
  next.waiting = next.waiting.filter((other) => other !== id);
  next.suspects = next.suspects.filter((other) => other !== id);
  if (next.jobs[id]) Object.assign(next.jobs[id], { due: false, ttl: undefined });
}

function isFinished({ state }: Job): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

/** Whether somebody is to be told of this end. */
function owes({ family }: Model, id: string, word: string): boolean {
  if (id !== 'a' || !family.pinned) return false;
  family.releasing = word;
  return true;
}

const fresh = { state: 'waiting', due: false, flagged: false, timed: false, ttl: undefined, serial: 0, asked: false, attempts: 0, losses: undefined, failures: 0 } as const; // prettier-ignore

/** What a producer's call does to a job. */
export function produce(
  next: Model,
  name: 'enqueue' | 'enqueue with a ttl' | 'schedule' | 'cancel' | 'remove' | 'requeue',
  id: string,
): string {
  const job = next.jobs[id];
  const isOver = job && isFinished(job);
  if (name === 'enqueue' || name === 'enqueue with a ttl' || name === 'schedule') {
    if (job) return 'duplicate';
    const timed = name === 'enqueue with a ttl';
    const added: Job = { ...fresh, timed, ttl: timed ? 'runs' : undefined };
    next.jobs[id] = added;
    if (name === 'schedule') postpone(next, added);
    else next.waiting.push(id);
    next.marker = true;
    return 'added';
  }
  if (!job) return 'unknown';
  if (name === 'requeue') {
    if (!isOver) return 'unfinished';
    next.jobs[id] = { ...fresh, flagged: job.flagged };
    next.waiting.push(id);
    next.marker = true;
    if (id === 'a') next.family.releasing = undefined;
    return 'requeued';
  }
  if (name === 'remove') {
    if (job.state === 'active') return 'active';
    withdraw(next, id);
    delete next.jobs[id];
    return 'removed';
  }
  if (isOver) return 'finished';
  if (job.state === 'active') {
    if (!job.asked) job.failures += 1;
    job.asked = true;
    return 'stopping';
  }
  withdraw(next, id);
  Object.assign(job, { state: 'cancelled', failures: job.failures + 1 });
  return owes(next, id, 'cancelled') ? 'releasing' : 'cancelled';
}
