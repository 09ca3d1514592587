// What workers hold, seen from outside: each entry into and exit from `active` as MONITOR shows it, beside what the workers themselves have
// written down of starts and of times at which the machine kept them from running (processes/holder.mjs).
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WorkerOptions } from '../../src/options.js';
import { quick, type Live } from './live.js';
import { Monitor, type Executed } from './monitor.js';

interface Span {
  readonly from: number;
  readonly to: number;
}

/** One claim of one job; times in the server's ms, which is this machine's. */
export interface Hold {
  readonly id: string;
  readonly token: string;
  readonly lease: string;
  readonly from: number;
  /** When it was settled. */
  to: number;
}

interface Start extends Span {
  readonly id: string;
  readonly token: string;
  readonly worker: number;
}

/** What one process has written down. */
export interface Diary {
  readonly starts: readonly Start[];
  readonly stalls: readonly (Span & { readonly lost: number })[];
  readonly errors: readonly string[];
}

/** Watches the jobs of one queue come and go. */
export class Holds {
  /** In the order of claiming. */
  readonly all: Hold[] = [];
  readonly #current = new Map<string, Hold>();
  #monitor: Monitor | undefined;

  static async watch(live: Live): Promise<Holds> {
    const holds = new Holds();
    const key = `lunaq:{${live.name}}:active`;
    const monitor = await Monitor.of(live.redis, (executed) => {
      if (executed.args[0] === key) holds.#see(executed);
    });
    live.after(() => monitor.destroy());
    holds.#monitor = monitor;
    return holds;
  }

  #see({ time, command, args: [, ...args] }: Executed): void {
    if (command === 'hdel')
      for (const id of args) {
        const hold = this.#current.get(id);
        if (hold) hold.to = time;
        this.#current.delete(id);
      }
    if (command !== 'hset') return;
    for (let at = 0; at < args.length; at += 2) {
      const [id = '', token = ''] = args.slice(at, at + 2);
      const [lease = '', number] = token.split(':');
      const from = Number(number) / 1_000;
      const hold: Hold = { id, token, lease, from, to: Number.POSITIVE_INFINITY };
      this.all.push(hold);
      this.#current.set(id, hold);
    }
  }

  /** When all that has happened so far was seen. */
  async end(): Promise<void> {
    await this.#monitor?.end();
  }
}

const script = fileURLToPath(new URL('processes/holder.mjs', import.meta.url));

/** A process with workers on the queue of this test. */
export class Holder {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;

  private constructor(process: ChildProcess) {
    this.process = process;
    this.ended = once(process, 'exit');
  }

  /** In its `round`, jobs of that round or a later one kill it. */
  static async start(
    live: Live,
    options: WorkerOptions = {},
    { workers = 1, round = 0 } = {},
  ): Promise<Holder> {
    const queue = live.name;
    const settings = {
      queue,
      connection: live.as('worker'),
      options: { ...quick, lockDuration: 5_000, ...options },
      workers,
      round,
    };
    const holder = new Holder(fork(script, [JSON.stringify(settings)], { execArgv: [] }));
    live.after(() => holder.kill());
    await once(holder.process, 'message');
    return holder;
  }

  /** Closes its workers; what it has written down. */
  async stop(): Promise<Diary> {
    const told = once(this.process, 'message') as Promise<[Diary]>;
    this.process.send('stop');
    const [diary] = await told;
    await this.ended;
    return diary;
  }

  async kill(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGKILL');
      await this.ended;
    }
  }
}

function overlap(one: Span, other: Span): number {
  return Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from));
}

/** A claim that waited in its worker for so many ms, before it started or went back. */
export interface Wait {
  readonly hold: Hold;
  readonly started: boolean;
  readonly ms: number;
  /** The same, less the time in which the machine kept the worker from running. */
  readonly own: number;
  /** How much of `own`, at most, another worker had no handler running. */
  readonly idle: number;
}

/** How long jobs waited in workers. */
export function waitsOf(holds: readonly Hold[], diaries: readonly Diary[]): Wait[] {
  const starts = new Map<string, Start>();
  const stallsOf = new Map<string, Diary['stalls']>();
  const workers = new Map<string, Start[]>();
  for (const [at, { starts: all, stalls }] of diaries.entries())
    for (const start of all) {
      starts.set(`${start.id} ${start.token}`, start);
      const lease = start.token.split(':')[0] as string;
      stallsOf.set(lease, stalls);
      const worker = `${at} ${start.worker}`;
      workers.set(worker, [...(workers.get(worker) ?? [])]);
      (workers.get(worker) as Start[]).push(start);
    }
  return holds.map((hold) => {
    const start = starts.get(`${hold.id} ${hold.token}`);
    const span = { from: hold.from, to: start?.from ?? hold.to };
    const ms = span.to - span.from;
    const lost = (stallsOf.get(hold.lease) ?? []).reduce(
      (sum, stall) => sum + Math.min(stall.lost, overlap(stall, span)),
      0,
    );
    const own = Math.max(0, ms - lost);
    const idle = own < 10 ? own : Math.min(own, idleIn(span, hold.lease, [...workers.values()]));
    return { hold, started: start !== undefined, ms, own, idle };
  });
}

/** Longest time within a span that some worker of another lease had no handler running. */
function idleIn(span: Span, lease: string, workers: readonly (readonly Start[])[]): number {
  let most = 0;
  for (const starts of workers) {
    if (starts[0]?.token.startsWith(lease)) continue;
    let from = span.from;
    for (const start of starts.toSorted((a, b) => a.from - b.from)) {
      if (start.to < from) continue;
      most = Math.max(most, Math.min(start.from, span.to) - from);
      from = Math.max(from, start.to);
      if (from >= span.to) break;
    }
    most = Math.max(most, span.to - from);
  }
  return most;
}

/** Jobs that a worker started out of the order in which it had claimed them. */
export function outOfOrder(holds: readonly Hold[], { starts }: Diary): string[] {
  const place = new Map(holds.map(({ id, token }, at) => [`${id} ${token}`, at]));
  const last = new Map<number, number>();
  const found: string[] = [];
  for (const { id, token, worker } of starts) {
    const at = place.get(`${id} ${token}`) ?? -1;
    if (at <= (last.get(worker) ?? -1)) found.push(`${id} of worker ${worker}`);
    last.set(worker, at);
  }
  return found;
}

/** A share of sorted figures. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Random numbers that a seed gives again. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
