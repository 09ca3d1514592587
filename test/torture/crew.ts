// The processes of a run, each with a proxy of its own to Redis: three workers and the producer.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { workerName, type Place } from './ledger.js';
import { queues as ownQueues } from './load.js';
import { startProxy, type Proxy } from '../helpers/proxy.js';
import type { ProducerSettings, Request } from './producer.js';
import { producerSlot, workers } from './schedule.js';
import type { WorkerSettings } from './worker.js';

const files = {
  worker: fileURLToPath(new URL('worker.js', import.meta.url)),
  producer: fileURLToPath(new URL('producer.js', import.meta.url)),
};

/** ms that a closing worker may take on a machine that does much else: its grace time, and a lease for what can't be given back. */
const longestClose = 60_000;

type Hire = Pick<WorkerSettings, 'queues' | 'options'>;

export interface CrewSettings {
  readonly library: string;
  readonly redis: Place;
  readonly ledger: Place;
  readonly seed: number;
  readonly rate: number;
  /** Where the processes' output goes. */
  readonly folder: string;
  /** A process has ended that nobody has ended. */
  readonly crashed: (who: string, how: string) => void;
}

/** A process that is started, watched, and ended. */
class Member {
  readonly process: ChildProcess;
  /** Resolves when it can be spoken to, or has ended. */
  readonly ready: Promise<unknown>;
  readonly #exit: Promise<unknown>;
  /** Whether somebody has told it to end. */
  #told = false;

  constructor(
    kind: keyof typeof files,
    who: string,
    settings: object,
    { folder, crashed }: CrewSettings,
  ) {
    this.process = fork(files[kind], [JSON.stringify(settings)], {
      execArgv: ['--disable-warning=LUNAQ_EVICTION'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const file = join(folder, `${who.replace(' ', '-')}.txt`);
    const keep = (text: Buffer): void => appendFileSync(file, text);
    this.process.stdout?.on('data', keep);
    this.process.stderr?.on('data', keep);
    this.process.on('error', () => {}); // it has gone while it was spoken to
    this.#exit = once(this.process, 'exit').then(([code, signal]) => {
      if (!this.#told) crashed(who, `ended ${signal ? `by ${signal}` : `with code ${code}`}`);
      else if (code !== 0 && signal !== 'SIGKILL') crashed(who, `closed with ${code ?? signal}`);
      return undefined;
    });
    this.ready = Promise.race([once(this.process, 'message'), this.#exit]);
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  async kill(): Promise<void> {
    this.#told = true;
    this.process.kill('SIGKILL');
    await this.#exit;
  }

  /** SIGTERM; false when it did not end in time, and was killed. */
  async close(): Promise<boolean> {
    this.#told = true;
    this.process.kill('SIGTERM');
    const over = new AbortController();
    const late = pause(longestClose, true, { signal: over.signal }).catch(() => false);
    const ended = await Promise.race([this.#exit.then(() => true), late.then(() => false)]);
    over.abort();
    if (!ended) await this.kill();
    return ended;
  }

  async gone(): Promise<void> {
    this.#told = true;
    await this.#exit;
  }
}

export class Crew {
  readonly #settings: CrewSettings;
  readonly #proxies: Proxy[];
  #workers: (Member | undefined)[] = [];
  #producer: Member | undefined;
  /** ms by which clocks are wrong. */
  readonly #clocks: number[] = [];
  /** What hired workers do, by their places. */
  readonly #hired: Hire[] = [];
  #asked = 0;
  readonly #answers = new Map<number, (result: unknown) => void>();
  /** Nobody starts a worker as long as the queue is to be deserted. */
  #deserted: Promise<unknown> = Promise.resolve();
  #ending = false;

  private constructor(settings: CrewSettings, proxies: Proxy[]) {
    this.#settings = settings;
    this.#proxies = proxies;
  }

  /** Through which the process in this place speaks to Redis. */
  proxy(slot: number): Proxy {
    return this.#proxies[slot] as Proxy;
  }

  static async start(settings: CrewSettings): Promise<Crew> {
    const proxies = Array.from({ length: workers + 1 }, () => startProxy(settings.redis));
    const crew = new Crew(settings, await Promise.all(proxies));
    crew.#startProducer();
    await Promise.all(Array.from({ length: workers }, (_, slot) => crew.startWorker(slot)));
    await crew.#producer?.ready;
    return crew;
  }

  #connection(slot: number): Place {
    const { host, port } = this.proxy(slot);
    return { host, port };
  }

  #startProducer(): void {
    const { library, ledger, seed, rate } = this.#settings;
    const connection = this.#connection(producerSlot);
    const settings: ProducerSettings = { library, ledger, seed, rate, connection };
    this.#producer = new Member('producer', 'producer', settings, this.#settings);
    this.#producer.process.on('message', (message) => {
      const { kind, number, result } = message as { kind: string; number: number; result: unknown };
      if (kind !== 'answer') return;
      this.#answers.get(number)?.(result);
      this.#answers.delete(number);
    });
  }

  async startWorker(slot: number): Promise<void> {
    await this.#deserted;
    if (this.#ending || this.#workers[slot]) return;
    const { library, ledger } = this.#settings;
    const clock = this.#clocks[slot] ?? 0;
    const connection = this.#connection(slot);
    const hire = this.#hired[slot] ?? { queues: ownQueues };
    const settings: WorkerSettings = { library, slot, ledger, connection, clock, ...hire };
    const member = new Member('worker', `worker ${slot}`, settings, this.#settings);
    this.#workers[slot] = member;
    await member.ready;
  }

  /** A further worker, of queues that nobody else serves; the number of its place. No fault is meant for it alone. */
  async hire(hire: Hire): Promise<number> {
    const slot = this.#proxies.length;
    this.#proxies.push(await startProxy(this.#settings.redis));
    this.#hired[slot] = hire;
    await this.startWorker(slot);
    return slot;
  }

  /** The worker that is there; undefined between two of them. */
  worker(slot: number): Member | undefined {
    return this.#workers[slot];
  }

  /** What the worker that is there tells by. */
  workerName(slot: number): string {
    return workerName(slot, this.#workers[slot]?.pid ?? 0);
  }

  /** SIGKILL; what it told by, undefined when there was none. */
  async killWorker(slot: number): Promise<string | undefined> {
    const worker = this.#workers[slot];
    this.#workers[slot] = undefined;
    await worker?.kill();
    return worker && workerName(slot, worker.pid);
  }

  /** SIGTERM; false when there was none. Rejects when it has not ended in time. */
  async closeWorker(slot: number): Promise<boolean> {
    const worker = this.#workers[slot];
    if (!worker) return false;
    this.#workers[slot] = undefined;
    // One that is frozen, or only begins, hears nothing.
    await worker.ready;
    worker.process.kill('SIGCONT');
    if (!(await worker.close())) throw new Error(`worker ${slot} did not close`);
    return true;
  }

  /** The clock of the process in this place is wrong by so many ms, also of the next one there; 0 for right. */
  async setClock(slot: number, ms: number): Promise<void> {
    this.#clocks[slot] = ms;
    if (slot === producerSlot) await this.ask({ kind: 'clock', ms });
    else this.#workers[slot]?.process.send({ clock: ms });
  }

  /** Cuts the connections of all processes. */
  cut(): void {
    for (const proxy of this.#proxies) proxy.cut();
  }

  /** Kills all workers, and does something while there is none. */
  async desert(meanwhile: (killed: readonly string[]) => Promise<void>): Promise<void> {
    await this.#deserted;
    const over = new AbortController();
    this.#deserted = once(over.signal, 'abort');
    try {
      const slots = Array.from({ length: workers }, (_, slot) => slot);
      const killed = await Promise.all(slots.map((slot) => this.killWorker(slot)));
      // What is half open would stay for long.
      for (const slot of slots) this.proxy(slot).cut();
      await meanwhile(killed.filter((worker) => worker !== undefined));
    } finally {
      over.abort();
    }
  }

  /** Asks the producer for something; resolves to its answer. */
  async ask(request: Request): Promise<unknown> {
    if (this.#ending) return undefined;
    this.#asked += 1;
    const number = this.#asked;
    const answer = new Promise((resolve) => {
      this.#answers.set(number, resolve);
    });
    this.#producer?.process.send({ number, request });
    return await answer;
  }

  /** Closes all in good order, workers first. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((_, slot) => this.closeWorker(slot)));
    const gone = this.#producer?.gone();
    await this.ask({ kind: 'end' });
    await gone;
  }

  /** Ends whatever still runs. */
  async end(): Promise<void> {
    this.#ending = true;
    for (const resolve of this.#answers.values()) resolve(undefined);
    const members = [...this.#workers, this.#producer].filter((member) => member !== undefined);
    await Promise.all(members.map((member) => member.kill()));
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
  }
}
