// One run of a scenario: its queues and workers behind a cutter, a look from outside, and what must hold however it was cut.
import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import { parseNews } from '../../src/listening/news.js';
import { queueKeys } from '../../src/keys.js';
import type { QueueOptions, WorkerOptions } from '../../src/options.js';
import { Queue } from '../../src/queue.js';
import { states } from '../../src/scripts.js';
import { Worker, type Handler } from '../../src/worker.js';
import { checkInvariants } from '../helpers/invariants.js';
import { scanKeys } from '../helpers/keyspace.js';
import { pause } from '../helpers/live.js';
import type { Cutter } from './cutter.js';

/** Where a scenario runs. */
export interface Place {
  readonly redis: Redis;
  readonly server: { host: string; port: number };
  readonly cutter: Cutter;
  /** Of this run alone. */
  readonly name: string;
}

/** What handlers do, by the id of the job. */
export type Acts = Readonly<Record<string, Handler<string>>>;

type Closable = { close: (force?: boolean) => Promise<void> };

/** Short enough for what a cut delays; a lease that nobody cuts lives on under any load. */
const timing = { lockDuration: 5_000, lockRenewTime: 150, stalledInterval: 50, closeTimeout: 10_000 }; // prettier-ignore

/** As `until`, but looking less often, since many runs go on at the same time. */
export async function comesTrue(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `not within 15 s: ${condition.toString()}`);
    await pause(20);
  }
}

export class Play {
  readonly redis: Redis;
  readonly #place: Place;
  readonly #queues = new Map<string, Queue<string>>();
  readonly #outside = new Map<string, Queue<string>>();
  readonly #closables: Closable[] = [];
  /** Runs of handlers: queue, id and token. */
  readonly #runs: string[] = [];
  /** Jobs that workers told as ended: what, queue and id. */
  readonly #told: string[] = [];
  readonly #errors: Error[] = [];
  /** Jobs that may run more often than in peace, since the scenario takes them from their workers. */
  readonly mayRepeat = new Set<string>();
  /** Errors that its workers may report beside those of the connection. */
  readonly mayBeTold: RegExp[] = [/Connection is closed|ECONNRESET|ECONNREFUSED|EPIPE/];

  constructor(place: Place) {
    this.#place = place;
    this.redis = place.redis;
  }

  nameOf(label: string): string {
    return `${this.#place.name}-${label}`;
  }

  keysOf(label: string) {
    return queueKeys(this.nameOf(label));
  }

  /** Options that say the same share a connection: so that producers and workers have their own. */
  #connection(connectionName: string) {
    const { host, port } = this.#place.cutter;
    return { host, port, connectionName };
  }

  /** Behind the cutter. */
  queue(label = 'q', options: QueueOptions = {}): Queue<string> {
    let queue = this.#queues.get(label);
    if (!queue) {
      queue = new Queue<string>(this.nameOf(label), {
        connection: this.#connection('producer'),
        ...options,
      });
      this.#queues.set(label, queue);
      this.track(queue);
    }
    return queue;
  }

  /** Not behind the cutter. */
  outside(label = 'q'): Queue<string> {
    let queue = this.#outside.get(label);
    if (!queue) {
      queue = new Queue<string>(this.nameOf(label), { connection: this.#place.server });
      this.#outside.set(label, queue);
    }
    return queue;
  }

  track<C extends Closable & { on(event: 'error', listener: (error: Error) => void): unknown }>(
    closable: C,
  ): C {
    closable.on('error', (error) => void this.#errors.push(error));
    this.#closables.push(closable);
    return closable;
  }

  get connection() {
    return this.#connection('listener');
  }

  /** A worker behind the cutter, of one queue or several. */
  worker(
    acts: Acts = {},
    options: WorkerOptions & { labels?: readonly string[] } = {},
  ): Worker<string> {
    const { labels = ['q'], ...rest } = options;
    const names = labels.map((label) => this.nameOf(label));
    const handler: Handler<string> = async (job, token, signal) => {
      this.#runs.push(`${job.queueName} ${job.id} ${token}`);
      const act = acts[job.id];
      return act ? await act(job, token, signal) : `did ${job.id}`;
    };
    const worker = new Worker<string>(names, handler, {
      connection: this.#connection('worker'),
      concurrency: 3,
      ...timing,
      ...rest,
    });
    worker.on('completed', (job) => this.#told.push(`completed ${job.queueName} ${job.id}`));
    worker.on('cancelled', (job) => this.#told.push(`cancelled ${job.queueName} ${job.id}`));
    return this.track(worker);
  }

  /** How often handlers have run a job. */
  runsOf(id: string): number {
    return this.#runs.filter((run) => run.split(' ')[1] === id).length;
  }

  async reaches(id: string, state: string, label = 'q'): Promise<void> {
    let last = '';
    const isThere = async (): Promise<boolean> =>
      (last = await this.outside(label).getJobState(id)) === state;
    await comesTrue(isThere).catch((cause: unknown) => {
      throw new Error(`${id} is ${last}, not ${state}`, { cause });
    });
  }

  /** The workers of these queues work on: a job that is added now runs. */
  async worksOn(...labels: string[]): Promise<void> {
    for (const label of labels) {
      await this.queue(label).add('job', '', { jobId: 'afterwards' });
      await this.reaches('afterwards', 'completed', label);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#closables.splice(0).map((closable) => closable.close()));
  }

  async closeOutside(): Promise<void> {
    await Promise.all([...this.#outside.values()].map((queue) => queue.close()));
  }

  /** All that is known of the jobs of all queues, but times. */
  async ends(): Promise<Record<string, unknown>> {
    const ends: Record<string, unknown> = {};
    for (const label of this.#queues.keys()) {
      const queue = this.outside(label);
      for (const state of states) {
        for (const id of await queue.getJobIds(state)) {
          const job = await queue.getJob(id);
          const { logs } = await queue.getJobLogs(id);
          const { attemptsMade, returnvalue, failedReason, data, progress, meta } = job ?? {};
          const parents = (await job?.parents())?.map((parent) => `${parent.id} ${parent.state}`);
          ends[`${label} ${id}`] = { state, attemptsMade, returnvalue, failedReason, data, progress, meta, logs, parents: parents?.toSorted() }; // prettier-ignore
        }
      }
      ends[`${label} ends`] = await this.#accepted(label);
      ends[`${label} runs`] = this.#runCounts(label);
      // The marker may stay, and counts of a minute that is not the same.
      const kept = new Set(['wake', 'counters', 'workers', 'calls']);
      const nouns = (await scanKeys(this.redis, `lunaq:{${this.nameOf(label)}}:`)).map((key) => key.slice(key.lastIndexOf(':') + 1)); // prettier-ignore
      ends[`${label} keys`] = nouns.filter((noun) => !kept.has(noun));
    }
    // Failures name queues.
    return JSON.parse(JSON.stringify(ends).replaceAll(this.#place.name, 'run')) as typeof ends;
  }

  /** Ends of jobs that the server has accepted, if the queue's stream tells. */
  async #accepted(label: string): Promise<string[]> {
    const ends: string[] = [];
    for (const [, [, message = '']] of await this.redis.xrange(this.keysOf(label).stream, '-', '+'))
      for (const { word, id } of parseNews(message).events)
        if (/^(completed|failed|cancelled|removed)$/.test(word)) ends.push(`${word} ${id}`);
    return ends.toSorted();
  }

  #runCounts(label: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const run of this.#runs) {
      const [queue, id = ''] = run.split(' ');
      if (queue === this.nameOf(label) && !this.mayRepeat.has(id))
        counts[id] = (counts[id] ?? 0) + 1;
    }
    return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What must hold whatever happened; all is closed. */
  async check(): Promise<void> {
    assert.deepEqual(this.#runs.length, new Set(this.#runs).size, 'one claim was run twice');
    assert.equal(
      this.#told.length,
      new Set(this.#told).size,
      `told twice: ${this.#told.join(', ')}`,
    );
    const strange = this.#errors.filter(
      ({ message }) => !this.mayBeTold.some((known) => known.test(message)),
    );
    assert.deepEqual(strange.map(String), []);
    for (const label of this.#queues.keys()) {
      assert.deepEqual(await checkInvariants(this.redis, this.nameOf(label)), []);
      const { leases, held, active } = this.keysOf(label);
      const left = await this.redis.exists(leases, held, active);
      assert.equal(left, 0, `${label}: leases, held or active remain`);
    }
  }
}
