// The judge: reads the ledger as it grows, has the doctor look at the queues, and watches leases, all in bounded steps while jobs move.
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { checkQueue } from '../../src/doctor.js';
import { isPassing } from '../../src/errors.js';
import { queueKeys } from '../../src/keys.js';
import { Book, spanOf, type Violation } from './book.js';
import type { Ledger, Place } from './ledger.js';
import { queues } from './load.js';
import { Recovery } from './recovery.js';
import { Turns } from './turns.js';

export interface JudgeOptions {
  readonly connection: Place;
  readonly redis: Redis;
  readonly ledger: Ledger;
  readonly found: (violation: Violation) => void;
  /** ms after which what heals by itself should have. */
  readonly patience: number;
}

/** Most rows of the ledger that are read at once. */
const page = 2_000;
/** ms without any completed job, under load, that are too many; see `#machineTime`. */
const longestStall = 60_000;
/** What the doctor calls broken because it is late. How long it takes to go on is told as a figure; at the end nothing may be late. */
const lateness = new Set([
  'check-overdue',
  'delayed-overdue',
  'expiry-overdue',
  'lease-unreclaimed',
  'marker-missing',
  'releasing-stuck',
]);
/** ms of a step by the machine's time. */
const tick = 100;
const doctorEvery = 2_000;

export class Judge {
  readonly book: Book;
  readonly recovery = new Recovery();
  readonly #options: JudgeOptions;
  readonly #over = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #reading = new Turns();
  /** When each was seen to be dead; undefined while it lives. */
  readonly #leases = new Map<string, number | undefined>();
  #loaded = false;
  #moving = true;
  /** ms that have passed while this process had a core when it wanted one: others are starved when it is. */
  #machineTime = 0;
  #lastProgress = { completions: 0, at: 0 };
  maxScriptMs = 0;
  exams = 0;

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.book = new Book(options.found);
  }

  start(): void {
    this.#loop(50, () => this.read());
    this.#loop(tick, () => {
      this.#machineTime += tick;
      return Promise.resolve();
    });
    this.#loop(100, () => this.#watchLeases());
    this.#loop(1_000, () => this.#readSlowlog());
    this.#loop(1_000, () => this.#lookForStuck());
    this.#loop(doctorEvery, () => this.#examine());
  }

  /** All jobs have ended: what is late now is stuck. */
  atRest(): void {
    this.#moving = false;
  }

  /** Jobs are added all the time between these two. */
  loading(on: boolean): void {
    this.#loaded = on;
    this.#lastProgress = { completions: this.book.completions, at: this.#machineTime };
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#loops);
    await this.read();
  }

  #loop(every: number, work: () => Promise<void>): void {
    const { signal } = this.#over;
    const run = async (): Promise<void> => {
      while (!signal.aborted) {
        try {
          await work();
        } catch (error) {
          // Redis is away now and then; what was to be seen then is seen later.
          if (!signal.aborted && !isPassing(error) && !isConnection(error))
            this.#options.found({
              kind: 'judge-failed',
              of: '',
              what: (error as Error).stack ?? '',
            });
        }
        await pause(every, undefined, { signal }).catch(() => undefined);
      }
    };
    this.#loops.push(run());
  }

  /** Takes in what the ledger has told since the last time. */
  async read(): Promise<void> {
    await this.#reading.take(() => this.#readOn());
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const rows = await this.#options.ledger.rows(this.book.rows.length, page);
      for (const row of rows) {
        this.book.take(row);
        this.recovery.take(row);
        if (row.kind === 'forgotten') this.#forget(spanOf(row).from);
      }
      if (rows.length < page) return;
    }
  }

  /** A dead lease never lives again. */
  async #watchLeases(): Promise<void> {
    for (const queue of queues) {
      const rows = await this.#options.redis.zrange(
        queueKeys(queue).leases,
        '0',
        '-1',
        'WITHSCORES',
      );
      const alive = new Set<string>();
      for (let at = 0; at < rows.length; at += 2)
        if (Number(rows[at + 1]) > 0) alive.add(`${queue}\t${rows[at]}`);
      for (const lease of alive) {
        if (this.#leases.get(lease) !== undefined)
          this.#options.found({
            kind: 'lease-revived',
            of: lease.replace('\t', '/'),
            what: 'this lease was dead or gone, and lives again',
          });
        this.#leases.set(lease, undefined);
      }
      for (const [lease, died] of this.#leases)
        if (died === undefined && lease.startsWith(`${queue}\t`) && !alive.has(lease))
          this.#leases.set(lease, Date.now());
    }
  }

  /** What died since may live again. */
  #forget(since: number): void {
    for (const [lease, died] of this.#leases)
      if (died !== undefined && died >= since) this.#leases.delete(lease);
  }

  /** Only scripts: how long their commands took the server's only thread. */
  async #readSlowlog(): Promise<void> {
    const { redis } = this.#options;
    const entries = (await redis.slowlog('GET', 128)) as [number, number, number, string[]][];
    await redis.slowlog('RESET');
    for (const [, , micros, [command = '']] of entries)
      if (/^evalsha$/i.test(command)) this.maxScriptMs = Math.max(this.maxScriptMs, micros / 1_000);
  }

  async #lookForStuck(): Promise<void> {
    const { found, redis, patience } = this.#options;
    const now = Date.now();
    const { completions } = this.book;
    if (completions !== this.#lastProgress.completions)
      this.#lastProgress = { completions, at: this.#machineTime };
    if (this.#loaded && this.#machineTime - this.#lastProgress.at > longestStall)
      found({
        kind: 'stalled',
        of: '',
        what: `no job was completed for ${longestStall / 1_000} s`,
      });
    for (const { name, plan, outcome, runs, disturbed } of this.book.entries.values()) {
      if (outcome !== 'added' || disturbed || runs.length > 0 || plan.parents.length === 0)
        continue;
      const ends = plan.parents.map((parent) => this.book.entries.get(parent)?.doneAt ?? now);
      if (now - Math.max(...ends, this.book.calmSince) < patience) continue;
      const { queue, id } = plan;
      if ((await redis.zscore(queueKeys(queue).deferred, id)) !== null)
        found({
          kind: 'deferred-stuck',
          of: name,
          what: 'deferred, though all its parents completed',
        });
    }
  }

  async #examine(): Promise<void> {
    for (const queue of queues) await this.examine(queue);
  }

  /** What the doctor finds broken. */
  async examine(queue: string): Promise<void> {
    const { found } = this.#options;
    const { signal } = this.#over;
    const connection = { ...this.#options.connection };
    const report = await checkQueue(queue, {
      connection,
      recheckAfter: 400,
      ...(signal.aborted ? {} : { signal }),
    });
    this.exams += 1;
    for (const { code, severity, message, ids } of report.problems)
      if (severity === 'broken' && !(this.#moving && lateness.has(code)))
        found({
          kind: code,
          of: ids.map((id) => `${queue}/${id}`).join(' ') || queue,
          what: message,
        });
  }
}

function isConnection(error: unknown): boolean {
  const { message } = error as Error;
  return /Connection is closed|ECONNREFUSED|ECONNRESET|LOADING|Stream isn't writeable/.test(
    message,
  );
}
