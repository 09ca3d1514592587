// The reference model of sweeps: what is due, what has expired, what was lost with a worker; and time that passes.
import { ModelOfQueues } from './model.js';
import type { Told } from './moves.js';
import { ageOf, later, sorted, type Job, type Lease, type QueueState, type Run, type Time } from './state.js'; // prettier-ignore

/** Most times that a job may be lost with its worker. */
export const maxStalledCount = 2;

export class Sweeps extends ModelOfQueues {
  /** Jobs whose delay is over wait. */
  protected promote(queue: QueueState): void {
    for (const id of sorted(queue.delayed)) {
      if (!this.past(queue.delayed.get(id) as Time)) continue;
      queue.delayed.delete(id);
      this.push(queue, queue.jobs.get(id) as Job);
    }
  }

  hasDue(queue: QueueState): boolean {
    return [...queue.delayed.values()].some((at) => this.past(at));
  }

  hasExpired(queue: QueueState): boolean {
    return [...queue.expiring.values()].some((at) => this.past(at));
  }

  protected expire(queue: QueueState): void {
    const told: Told[] = [];
    for (const id of sorted(queue.expiring)) {
      if (!this.past(queue.expiring.get(id) as Time)) continue;
      const job = queue.jobs.get(id) as Job;
      queue.waiting = queue.waiting.filter((other) => other !== id);
      if (queue.suspects.has(id)) this.happened('a suspect expired');
      for (const times of [queue.expiring, queue.delayed, queue.deferred, queue.suspects])
        times.delete(id);
      queue.late.delete(id);
      job.open.clear();
      job.blame('expired');
      this.finish(queue, job, { fate: 'failed', age: ageOf(job.spec.opts.removeOnFail) }, told);
    }
    this.release(told);
  }

  isHeld(run: Run): boolean {
    return run.job.run === run && this.queue(run.queue).jobs.get(run.id) === run.job;
  }

  /** A job leaves its worker. */
  protected letGo({ job }: Run): void {
    job.run = undefined;
    job.asked = undefined;
  }

  sweep(name: string): void {
    const queue = this.queue(name);
    const evicts =
      [...queue.evicting.values()].some((at) => this.past(at)) ||
      this.over(queue, 'completed') + this.over(queue, 'failed') > 0;
    const expires = this.hasExpired(queue);
    const rechecks = [...queue.deferred.values()].some((at) => this.past(at));
    this.asking = rechecks;
    this.promote(queue);
    for (const lease of queue.leases) if (lease.state === 'lapsed') this.#reclaim(queue, lease);
    if (expires) this.expire(queue);
    if (rechecks) this.recheck(queue);
    if (evicts) this.evict(queue);
    this.asking = false;
  }

  /** A lease is dead: its jobs are claimable again, or have failed, lost too often. */
  #reclaim(queue: QueueState, lease: Lease): void {
    lease.state = 'gone';
    queue.leases.delete(lease);
    const told: Told[] = [];
    for (const job of queue.jobs.values()) {
      const { run, asked } = job;
      if (run?.lease !== lease) continue;
      const { opts } = job.spec;
      this.letGo(run);
      const starts = !lease.ahead || job.losses !== undefined;
      const losses = starts ? (job.losses ?? 0) + 1 : 0;
      if (asked) this.finish(queue, job, { fate: asked, age: ageOf(opts.removeOnFail) }, told);
      else if (losses > maxStalledCount) {
        this.happened('lost too often');
        job.blame('job stalled more than allowable limit');
        this.finish(queue, job, { fate: 'failed', age: ageOf(opts.removeOnFail) }, told);
      } else {
        job.losses = losses;
        if (starts) job.ends = undefined;
        if (job.ends) queue.expiring.set(job.spec.id, job.ends);
        queue.news.push(['stalled', { jobId: job.spec.id }]);
        this.move(queue, job, 'waiting');
        queue.suspects.set(job.spec.id, this.now);
      }
    }
    this.release(told);
  }

  /** Time passes: what was written before is so much older. Workers keep their leases. */
  pass(ms: number): void {
    for (const queue of this.queues.values()) {
      for (const times of queue.zsets) for (const [id, at] of times) times.set(id, later(at, -ms));
      for (const job of queue.jobs.values()) {
        if (job.due) job.due = later(job.due, -ms);
        if (job.ends) job.ends = later(job.ends, -ms);
      }
    }
  }
}
