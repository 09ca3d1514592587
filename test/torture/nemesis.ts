// The nemesis: does what the schedule says, whatever goes on, and counts what really happened. Each fault is told to the ledger when it
// begins and when it is over.
import { setTimeout as pause } from 'node:timers/promises';
import type { Proxy } from '../helpers/proxy.js';
import { queueKeys } from '../../src/keys.js';
import type { Violation } from './book.js';
import type { Crew } from './crew.js';
import type { Judge } from './judge.js';
import type { Ledger } from './ledger.js';
import type { Master } from './master.js';
import { queues } from './load.js';
import { producerSlot, stageNames, type Act, type FaultKind, type StageName } from './schedule.js';
import { stages } from './stages/index.js';
import { Turns } from './turns.js';

export interface Scene {
  readonly crew: Crew;
  readonly master: Master;
  readonly ledger: Ledger;
  readonly judge: Judge;
  readonly found: (violation: Violation) => void;
  /** A stage has taken place. */
  readonly told: (stage: StageName, what: string) => void;
  readonly signal: AbortSignal;
}

/** What really happened. */
export interface Deeds {
  kills: number;
  freezes: number;
  restarts: number;
  redisKills: number;
  flushes: number;
  clientKills: number;
  drops: number;
  halfOpen: number;
  cuts: number;
  outOfMemory: number;
  pauses: number;
  readonly stages: StageName[];
}

function isStage(act: Act): act is Act & { readonly kind: StageName } {
  return (stageNames as readonly string[]).includes(act.kind);
}

/** How often the marker is looked for in each deserted queue. */
const probes = 3;
/** Most ms that a fault waits for the right moment. */
const longestWait = 6_000;

export class Nemesis {
  readonly #scene: Scene;
  readonly deeds: Deeds = {
    kills: 0,
    freezes: 0,
    restarts: 0,
    redisKills: 0,
    flushes: 0,
    clientKills: 0,
    drops: 0,
    halfOpen: 0,
    cuts: 0,
    outOfMemory: 0,
    pauses: 0,
    stages: [],
  };
  #number = 0;
  /** One fault of Redis itself at a time. */
  readonly #server = new Turns();
  /** One stage at a time. */
  readonly #stage = new Turns();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Resolves when the last act is over, or at once after the signal. */
  async run(acts: readonly Act[]): Promise<void> {
    const { signal } = this.#scene;
    const start = performance.now();
    const under: Promise<void>[] = [];
    for (const act of acts) {
      const rest = start + act.at - performance.now();
      if (rest > 0) await pause(rest, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      under.push(isStage(act) ? this.#stage.take(() => this.#do(act)) : this.#do(act));
    }
    await Promise.all(under);
  }

  async #do(act: Act): Promise<void> {
    const { ledger, found, signal } = this.#scene;
    this.#number += 1;
    const who = act.slot === producerSlot ? 'producer' : `worker ${act.slot}`;
    const name = `${act.kind} ${this.#number} ${who}`;
    // A worker that does something is worth freezing.
    if (act.kind === 'freeze')
      await this.#within(longestWait, () => this.#held(act.slot).length > 0);
    if (act.kind === 'kill' || act.kind === 'restart')
      await this.#within(longestWait, () => this.#scene.crew.worker(act.slot) !== undefined);
    await ledger.note('fault', '', name);
    const struck = () => ledger.note('struck', '', name);
    try {
      if (isStage(act)) await this.#play(act);
      else await this.#acts[act.kind as FaultKind](act, struck);
    } catch (error) {
      if (!signal.aborted)
        found({ kind: 'act-failed', of: name, what: (error as Error).stack ?? '' });
    }
    await ledger.note('fault over', '', name);
  }

  /** As one of the faults that Redis itself has. */
  async #alone(work: () => Promise<void>): Promise<void> {
    await this.#server.take(work);
  }

  async #play(act: Act & { readonly kind: StageName }): Promise<void> {
    const { signal, told } = this.#scene;
    const what = await stages[act.kind](
      {
        ...this.#scene,
        rest: (ms) => this.#rest(ms),
        alone: (work) => this.#alone(work),
        kill: async (slot) => this.#killed(await this.#scene.crew.killWorker(slot)),
      },
      act,
    );
    if (signal.aborted) return;
    this.deeds.stages.push(act.kind);
    told(act.kind, what);
  }

  async #killed(worker: string | undefined): Promise<void> {
    if (worker === undefined) return;
    this.deeds.kills += 1;
    await this.#scene.ledger.note('killed', '', worker);
  }

  /** Jobs that the worker in this place runs. */
  #held(slot: number): string[] {
    return this.#scene.judge.recovery.heldBy(this.#scene.crew.workerName(slot));
  }

  /** Lets time pass, or ends with the run. */
  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#scene.signal }).catch(() => undefined);
  }

  /** Waits for a state, so long at most. */
  async #within(ms: number, condition: () => boolean): Promise<void> {
    const end = performance.now() + ms;
    while (!condition() && performance.now() < end && !this.#scene.signal.aborted) await pause(20);
  }

  #proxy(slot: number): Proxy {
    return this.#scene.crew.proxy(slot);
  }

  readonly #acts: {
    readonly [K in FaultKind]: (act: Act, struck: () => Promise<void>) => Promise<void>;
  } = {
    kill: async ({ slot, ms }, struck) => {
      const { crew } = this.#scene;
      await this.#killed(await crew.killWorker(slot));
      await struck();
      await this.#rest(ms);
      await crew.startWorker(slot);
    },
    desert: async ({ ms }, struck) => {
      const { crew } = this.#scene;
      await this.#alone(async () => {
        await crew.desert(async (killed) => {
          await Promise.all(killed.map((worker) => this.#killed(worker)));
          await struck();
          await this.#lookForMarkers();
          await this.#rest(ms);
        });
      });
      await Promise.all([0, 1, 2].map((slot) => crew.startWorker(slot)));
    },
    freeze: async ({ slot, ms, part }, struck) => {
      const { crew, judge } = this.#scene;
      const worker = crew.worker(slot);
      if (!worker) return;
      worker.process.kill('SIGSTOP');
      this.deeds.freezes += 1;
      await struck();
      await this.#rest(ms);
      // It wakes while others have its jobs, however busy the machine is.
      const [name, jobs] = [crew.workerName(slot), this.#held(slot)];
      await this.#within(longestWait, () => judge.recovery.isElsewhere(jobs, name));
      await this.#rest(part * 300);
      worker.process.kill('SIGCONT');
    },
    restart: async ({ slot, ms }) => {
      const { crew } = this.#scene;
      if (await crew.closeWorker(slot)) this.deeds.restarts += 1;
      await this.#rest(ms);
      await crew.startWorker(slot);
    },
    'redis-kill': ({ ms }) =>
      this.#alone(async () => {
        const { master } = this.#scene;
        await master.server.kill();
        this.deeds.redisKills += 1;
        await this.#rest(ms);
        await master.restart();
      }),
    flush: () =>
      this.#alone(async () => {
        await this.#scene.master.redis.script('FLUSH');
        this.deeds.flushes += 1;
      }),
    'client-kill': ({ part }) =>
      this.#alone(async () => {
        const { redis } = this.#scene.master;
        const own = await redis.client('ID');
        const list = (await redis.client('LIST')) as string;
        const ids = [...list.matchAll(/^id=(\d+)/gm)].map(([, id]) => Number(id));
        const others = ids.filter((id) => id !== own);
        const victim = others[Math.floor(part * others.length)];
        if (victim === undefined) return;
        // It may have gone by itself.
        this.deeds.clientKills += Number(await redis.client('KILL', 'ID', victim));
      }),
    drop: async ({ slot, ms, match }) => {
      const lost = this.#proxy(slot).dropNextReply(match);
      const hit = lost.then(() => true);
      if (await Promise.race([hit, this.#rest(ms)])) this.deeds.drops += 1;
    },
    'half-open': async ({ slot, ms, part }) => {
      const proxy = this.#proxy(slot);
      if (proxy.connections === 0) return;
      const speak = proxy.halfOpen(part);
      this.deeds.halfOpen += 1;
      await this.#rest(ms);
      speak();
    },
    cut: async ({ slot }) => {
      const proxy = this.#proxy(slot);
      if (proxy.connections > 0) this.deeds.cuts += 1;
      proxy.cut();
    },
    'out-of-memory': ({ ms }) =>
      this.#alone(async () => {
        const { redis } = this.#scene.master;
        await redis.config('SET', 'maxmemory', '1mb');
        this.deeds.outOfMemory += 1;
        await this.#rest(ms);
        await redis.config('SET', 'maxmemory', '0');
      }),
    pause: async ({ slot, ms }) => {
      const queue = queues[slot % queues.length] as string;
      this.deeds.pauses += 1;
      await this.#scene.crew.ask({ kind: 'pause', queue, ms });
    },
  };

  /**
   * In a queue that no worker serves: whoever takes the marker and dies takes it with him, and the next add puts it back.

   */
  async #lookForMarkers(): Promise<void> {
    const { master, crew, found } = this.#scene;
    const { redis } = master;
    while (/blocked_clients:[1-9]/.test(await redis.info('clients'))) await pause(5);
    for (let probe = 0; probe < probes * queues.length; probe += 1) {
      const queue = queues[probe % queues.length] as string;
      const { wake } = queueKeys(queue);
      await redis.lpop(wake);
      const added = await crew.ask({ kind: 'probe', queue, lifo: probe >= 2 * queues.length });
      if (added === true && (await redis.llen(wake)) === 0)
        found({
          kind: 'marker-missing',
          of: queue,
          what: 'a job was added to a queue without workers, and nothing wakes one that comes',
        });
    }
  }
}
