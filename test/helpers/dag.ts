// What tests of dependencies have in common: several queues of one test, and jobs that end as they are told.
import assert from 'node:assert/strict';
import type { JobOptions } from '../../src/job-options.js';
import type { Queue } from '../../src/queue.js';
import { UnrecoverableError } from '../../src/errors.js';
import type { JobState } from '../../src/scripts.js';
import type { Worker } from '../../src/worker.js';
import type { WorkerOptions } from '../../src/options.js';
import { gate, until, type Live } from './live.js';

/** How a job is to end, as its data. */
export type Way = 'complete' | 'fail' | 'hold';

/** Several queues of one test, whose jobs end as their data says, and who ran in which order. */
export class Stage {
  readonly #live: Live;
  readonly #queues = new Map<string, Queue<Way>>();
  /** Ids in the order in which they started. */
  readonly ran: string[] = [];
  readonly #held = gate();

  constructor(live: Live) {
    this.#live = live;
  }

  /** Full name of a queue of this test. */
  nameOf(label: string): string {
    return `${this.#live.name}-${label}`;
  }

  queue(label = 'child'): Queue<Way> {
    let queue = this.#queues.get(label);
    if (!queue) this.#queues.set(label, (queue = this.#live.queue({ name: this.nameOf(label) })));
    return queue;
  }

  /** A worker for each of these queues. */
  work(labels: readonly string[], options: WorkerOptions = {}): void {
    for (const label of labels) this.worker(label, options);
  }

  worker(label: string, options: WorkerOptions = {}): Worker<Way> {
    return this.#live.worker<Way>(
      async (job) => {
        this.ran.push(job.id);
        if (job.data === 'fail') throw new UnrecoverableError(`${job.id} is to fail`);
        if (job.data === 'hold') await this.#held.opened;
        return `result of ${job.id}`;
      },
      { name: this.nameOf(label), concurrency: 20, ...options },
    );
  }

  /** Lets jobs that hold complete. */
  letGo(): void {
    this.#held.open();
  }

  async add(label: string, jobId: string, way: Way = 'complete', opts: JobOptions = {}) {
    return await this.queue(label).add('job', way, { jobId, ...opts });
  }

  /** A child in queue `child` that depends on the job `parent` of queue `parent`. */
  async child(jobId: string, opts: JobOptions = {}) {
    const dependsOn = { queue: this.nameOf('parent'), id: 'parent' };
    return await this.add('child', jobId, 'complete', { dependsOn, ...opts });
  }

  async reaches(label: string, id: string, state: JobState | 'unknown', ms = 8_000): Promise<void> {
    const queue = this.queue(label);
    let last = '';
    await until(
      async () => (last = await queue.getJobState(id)) === state,
      ms,
      `${id} is ${state}`,
    ).catch((cause: unknown) => {
      throw new Error(`${id} is ${last}, not ${state}`, { cause });
    });
  }

  async reasonOf(label: string, id: string): Promise<string | undefined> {
    return (await this.queue(label).getJob(id))?.failedReason;
  }

  async isDeferred(id: string): Promise<void> {
    assert.equal(await this.queue('child').getJobState(id), 'deferred');
  }

  /** A waiting job is held by a worker that has died, as a claim would have left it. */
  async loseWithWorker(label: string, id: string): Promise<void> {
    const prefix = `lunaq:{${this.nameOf(label)}}`;
    const lease = 'dead-lease-dead-lease-dead-lease-dead-lease-1234';
    await this.#live.redis
      .multi()
      .lrem(`${prefix}:waiting`, 1, id)
      .hset(`${prefix}:active`, id, `${lease}:1`)
      .hset(`${prefix}:held`, lease, 1)
      .zadd(`${prefix}:leases`, 0, lease)
      .hset(`${prefix}:meta`, 'token', 1)
      .exec();
  }
}

/** Makes all children of a queue due for their next check, as if time had passed. */
export async function checkNow(live: Live, name: string): Promise<void> {
  const key = `lunaq:{${name}}:deferred`;
  for (const id of await live.redis.zrange(key, '0', '-1')) await live.redis.zadd(key, 1, id);
}

/** Makes all that is kept for a while due to go, as if time had passed. */
export async function evictNow(live: Live, name: string): Promise<void> {
  const key = `lunaq:{${name}}:evicting`;
  for (const id of await live.redis.zrange(key, '0', '-1')) await live.redis.zadd(key, 1, id);
}
