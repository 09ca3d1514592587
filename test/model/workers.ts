// The reference model of workers: leases, claims, how attempts end, and how workers close.
import { moveCounts, noCounts } from './counts.js';
import { Sweeps } from './sweeps.js';
import type { Told } from './moves.js';
import { ageOf, countOf, later, sorted, type Job, type Lease, type QueueState, type Run } from './state.js'; // prettier-ignore

/** How a handler ends. */
export type Ending =
  | { readonly how: 'complete'; readonly value: unknown }
  | { readonly how: 'fail' | 'give up'; readonly reason: string }
  /** `until`: by `moveToDelayed`. */
  | { readonly how: 'put off'; readonly ms: number; readonly until: boolean };

/** A worker of one queue. */
export class WorkerModel {
  readonly queue: string;
  lease: Lease | undefined;
  /** Claims whose handlers run, in order. */
  runs: Run[] = [];
  /** How many jobs that were lost before it may take at once, and those it has. */
  trust = 1;
  fragile = new Map<Run, number>();
  /** What it has counted since it told that last. */
  readonly untold = noCounts();
  /** It closes when its last handler has ended. */
  closing = false;

  constructor(queue: string) {
    this.queue = queue;
  }
}

export class Model extends Sweeps {
  readonly workers = new Set<WorkerModel>();

  /** A worker tells what it has counted. Under a dead lease nothing is taken. */
  #tell(worker: WorkerModel): void {
    if (worker.lease && worker.lease.state !== 'gone')
      moveCounts(worker.untold, this.queue(worker.queue).counts);
  }

  tellAll(name: string): void {
    for (const worker of this.workers) if (worker.queue === name) this.#tell(worker);
  }

  /** A lease that lives, the old one if it does still. */
  #ensureLease(worker: WorkerModel, queue: QueueState): Lease {
    if (worker.lease?.state === 'lapsed') {
      this.happened('a lapsed lease was renewed');
      worker.lease.state = 'live';
      worker.lease.ahead = false;
    }
    if (worker.lease?.state === 'live') return worker.lease;
    if (worker.lease) this.happened('a dead lease was followed by another');
    worker.fragile.clear();
    worker.lease = { state: 'live', ahead: false, id: undefined };
    queue.leases.add(worker.lease);
    return worker.lease;
  }

  /**
   * A worker with `free` slots claims until it has no slot free, or nothing is claimable. `promoted`: whether what is due was found to be
   * promoted though the worker had what it wanted: it may do so, and a sweep will.
   */
  claim(worker: WorkerModel, free: number, promoted: () => boolean): Run[] {
    this.actor = worker;
    this.workers.add(worker);
    const queue = this.queue(worker.queue);
    const lease = this.#ensureLease(worker, queue);
    const runs = queue.paused ? [] : this.#claim(worker, lease, free, promoted);
    this.#tell(worker);
    return runs;
  }

  #claim(worker: WorkerModel, lease: Lease, free: number, promoted: () => boolean): Run[] {
    const queue = this.queue(worker.queue);
    const runs: Run[] = [];
    const take = (ids: readonly string[]): void => {
      for (const id of ids) {
        const job = queue.jobs.get(id) as Job;
        this.move(queue, job, 'active');
        queue.expiring.delete(id);
        const run: Run = { queue: queue.name, id, job, lease, attempts: job.attempts ?? 0, claimedAt: this.now, cancelled: false, token: undefined }; // prettier-ignore
        job.run = run;
        this.count(queue, 'started');
        if (!job.attempts && !job.losses) this.count(queue, 'firstStarts');
        if (job.losses !== undefined) {
          this.happened(`claimed after ${job.losses} losses`);
          worker.fragile.set(run, job.losses);
        }
        runs.push(run);
        worker.runs.push(run);
      }
    };
    while (runs.length < free) {
      const suspects = this.#suspects(worker, queue, free - runs.length);
      for (const id of suspects) queue.suspects.delete(id);
      const popped = suspects.length > 0 ? suspects : queue.waiting.splice(0, free - runs.length);
      const isLate = (id: string): boolean => this.past(queue.expiring.get(id) ?? later(this.now, 1)); // prettier-ignore
      for (const id of popped.filter(isLate)) {
        if (suspects.length > 0) this.happened('a claim found that the ttl of a suspect had ended');
        queue.late.add(id);
      }
      take(popped.filter((id) => !isLate(id)));
      if (popped.length > 0) continue;
      if (!this.hasDue(queue)) break;
      this.happened('promoted by a claim');
      this.promote(queue);
    }
    if (this.hasDue(queue) && promoted()) this.promote(queue);
    if (queue.late.size > 0) {
      this.happened('expired at a claim');
      this.expire(queue);
      // Children that may run now wake a worker that has free slots.
      if (runs.length < free && queue.waiting.length > 0)
        runs.push(...this.#claim(worker, lease, free - runs.length, promoted));
    }
    return runs;
  }

  /** Which of those that were lost with a worker this one may take: those lost twice one by one, with no other. */
  #suspects(worker: WorkerModel, queue: QueueState, want: number): string[] {
    const held = [...worker.fragile.values()];
    const most = held.some((losses) => losses > 1) ? 0 : Math.max(0, Math.min(want, worker.trust - held.length)); // prettier-ignore
    if (most === 0) return [];
    const all = sorted(queue.suspects);
    const lostOnce = all.filter((id) => (queue.jobs.get(id)?.losses ?? 0) < 2).slice(0, most);
    return lostOnce.length > 0 || held.length > 0 ? lostOnce : all.slice(0, 1);
  }

  #drop(worker: WorkerModel, run: Run, well: boolean): void {
    worker.runs = worker.runs.filter((other) => other !== run);
    if (run.lease === worker.lease && worker.fragile.delete(run) && well) worker.trust *= 2;
  }

  /** A handler ends. Returns '' or, when the claim is void, the error that its worker reports. */
  settle(worker: WorkerModel, run: Run, ending: Ending, timedOut: boolean): string {
    this.actor = worker;
    const queue = this.queue(run.queue);
    const { job } = run;
    const { opts } = job.spec;
    const held = this.isHeld(run);
    const ends = ending.how === 'complete' && !timedOut ? 'complete' : this.#failure(run, ending, timedOut); // prettier-ignore
    this.#drop(worker, run, held);
    const told: Told[] = [];
    if (held) {
      const fate = job.asked ?? 'cancelled';
      this.letGo(run);
      const reason = timedOut ? `the attempt took longer than ${opts.timeout} ms` : 'reason' in ending ? ending.reason : ''; // prettier-ignore
      if (ends === 'complete') {
        const value = 'value' in ending ? ending.value : undefined;
        const kept = this.finish(queue, job, { fate: 'completed', age: ageOf(opts.removeOnComplete), value }, told); // prettier-ignore
        if (kept === 'kept') job.result = { value, claimedAt: run.claimedAt };
      } else if (ends === 'stop') {
        this.finish(queue, job, { fate, age: ageOf(opts.removeOnFail) }, told);
      } else if (ends === 'fail') {
        job.attempts = run.attempts + 1;
        job.blame(reason);
        this.finish(queue, job, { fate: 'failed', age: ageOf(opts.removeOnFail), ran: true }, told);
      } else {
        if ('failed' in ends) {
          job.attempts = run.attempts + 1;
          job.blame(reason);
          this.count(queue, 'retried');
        }
        this.#putOff(queue, job, ends.ms, 'until' in ends && ends.until);
      }
    }
    const count = ends === 'complete' ? countOf(opts.removeOnComplete) : ends === 'fail' ? countOf(opts.removeOnFail) : undefined; // prettier-ignore
    if (count !== undefined) {
      queue.keep[ends === 'complete' ? 'completed' : 'failed'] = count;
      this.evict(queue);
    }
    this.release(told);
    if (!held) this.happened('a settle was refused');
    if (worker.closing && worker.runs.length === 0) this.close(worker);
    return held ? '' : 'LeaseLostError';
  }

  /** `until`: the ms are those from somewhere within the step to its end. */
  #putOff(queue: QueueState, job: Job, ms: number, until: boolean): void {
    if (until) this.happened('put off until a time');
    job.ends = undefined;
    if (ms === 0) return this.push(queue, job);
    this.move(queue, job, 'delayed');
    const [from, to] = later(this.now, ms);
    queue.delayed.set(job.spec.id, [until ? 2 * from - to - 1 : from, to]);
  }

  /** What follows an attempt that did not complete. */
  #failure(run: Run, ending: Ending, timedOut: boolean) {
    const { attempts = 1, backoff } = run.job.spec.opts;
    if (run.cancelled) return 'stop' as const;
    if (ending.how === 'put off' && !timedOut) return { ms: ending.ms, until: ending.until };
    const failed = run.attempts + 1;
    if ((ending.how === 'give up' && !timedOut) || failed >= attempts) return 'fail' as const;
    if (typeof backoff === 'object' && 'type' in backoff)
      return { failed, ms: (backoff.delay ?? 0) * 2 ** (failed - 1) };
    return { failed, ms: Array.isArray(backoff) ? (backoff.slice(0, failed).at(-1) as number) : ((backoff as number | undefined) ?? 0) }; // prettier-ignore
  }

  /** A worker claims no more, and closes when its last handler has ended. */
  shut(worker: WorkerModel): void {
    worker.closing = true;
    if (worker.runs.length === 0) this.close(worker);
    else this.happened('closes with jobs in hand');
  }

  /** A worker is closed by force: what it holds goes back to the head of the queue. */
  close(worker: WorkerModel): void {
    this.actor = worker;
    const queue = this.queue(worker.queue);
    const held = worker.runs.filter((run) => this.isHeld(run));
    const told: Told[] = [];
    for (const run of held.toReversed()) {
      const { job } = run;
      if (job.asked) continue;
      this.letGo(run);
      job.ends = undefined;
      this.move(queue, job, 'waiting');
      if (job.losses === undefined) queue.waiting.unshift(run.id);
      else queue.suspects.set(run.id, this.now);
    }
    for (const { job } of held.filter((run) => run.job.run === run)) {
      const fate = job.asked ?? 'cancelled';
      this.letGo(job.run as Run);
      this.finish(queue, job, { fate, age: ageOf(job.spec.opts.removeOnFail) }, told);
    }
    this.release(told);
    if (worker.lease) queue.leases.delete(worker.lease);
    moveCounts(worker.untold, queue.counts);
    this.workers.delete(worker);
  }
}
