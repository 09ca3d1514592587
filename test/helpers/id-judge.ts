// Holds what caches have told of ids against what was true of them. Times are of the machine's monotonic clock (ms), one for all processes.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { IdCacheStats } from '../../src/knowing/id-cache.js';
import type { Live } from './live.js';

/** From when on, once it was acknowledged, until when, before the next change was sent, an id was certainly there, or certainly not. */
export interface Period {
  readonly id: string;
  readonly present: boolean;
  readonly from: number;
  readonly to: number;
}

/** What was told of an id, as of `from` at the earliest by the clock of who asked, and when he heard of it. */
export interface AnswerTold {
  readonly id: string;
  readonly present: boolean;
  readonly from: number;
  readonly to: number;
}

export interface Asked {
  readonly answers: readonly AnswerTold[];
  readonly failures: Readonly<Record<string, number>>;
  readonly stats: IdCacheStats;
}

/** By how many ms an answer is late that contradicts what has been true all the time since; 0 for one that was true when it was told. */
export function judge(periods: readonly Period[], answers: readonly AnswerTold[]): number[] {
  const byId = new Map<string, Period[]>();
  for (const period of periods) byId.set(period.id, [...(byId.get(period.id) ?? []), period]);
  return answers.map(({ id, present, from, to }) => {
    const wrong = byId
      .get(id)
      ?.find((period) => period.present !== present && period.from < from && period.to >= to);
    return wrong ? from - wrong.from : 0;
  });
}

/** A process of processes/ that works until it is told to stop, and tells then what it did. */
export class Witness<Told> {
  readonly #process: ChildProcess;
  readonly #ready: Promise<unknown>;
  readonly #told: Promise<Told>;

  constructor(live: Live, script: 'id-changer' | 'id-asker', settings: object) {
    const file = fileURLToPath(new URL(`processes/${script}.mjs`, import.meta.url));
    const child = fork(file, [JSON.stringify({ queue: live.name, ...settings })], { execArgv: [] });
    this.#process = child;
    live.after(() => child.kill('SIGKILL'));
    const hears = (kind: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        child.on('message', (message: { kind: string }) => {
          if (message.kind === kind) resolve(message);
        });
        // Not its exit, which may be heard of before what it said last.
        child.on('disconnect', () => reject(new Error(`${script} has ended without ${kind}`)));
      });
    this.#ready = hears('ready');
    this.#told = hears(script === 'id-changer' ? 'ledger' : 'answers') as Promise<Told>;
    for (const promise of [this.#ready, this.#told]) promise.catch(() => undefined);
  }

  async ready(): Promise<this> {
    await this.#ready;
    return this;
  }

  async stop(): Promise<Told> {
    this.#process.send('stop');
    return await this.#told;
  }

  /** How it ended, by itself. */
  async ended(): Promise<number | null> {
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    return this.#process.exitCode;
  }
}
