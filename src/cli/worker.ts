// `lunaq worker`: one worker in this process, from its file of handlers to the last job in hand.
import { Console } from 'node:console';
import { Worker } from '../worker.js';
import { loadHandlers } from './handler-file.js';
import type { Session } from './session.js';
import { WorkerLog } from './worker-log.js';

export interface WorkOptions {
  readonly burst?: boolean;
  readonly concurrency?: number;
  readonly name?: string;
  readonly weight?: Readonly<Record<string, number>>;
  readonly closeTimeout?: number;
  readonly quiet?: boolean;
}

/** What asks a worker to end, by number. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof signals;

/** Runs until it is asked to end; its exit code. */
export async function work(
  session: Session,
  file: string,
  queues: readonly string[],
  options: WorkOptions,
): Promise<number> {
  const { out } = session;
  // What handlers print must not stand among the JSON.
  if (out.json) globalThis.console = new Console(process.stderr, process.stderr);
  const { handlers, codec } = await loadHandlers(file);
  await session.open();
  const { burst = false, concurrency = 1, name, weight, closeTimeout, quiet = false } = options;
  const worker = new Worker(queues, handlers, {
    ...session.place,
    concurrency,
    autorun: false,
    ...(name === undefined ? {} : { name }),
    ...(weight ? { weights: weight } : {}),
    codec: session.codecs ?? codec,
    ...(closeTimeout === undefined ? {} : { closeTimeout }),
  });
  const log = new WorkerLog(out, quiet);
  log.follow(worker);
  const ending = new Ending(worker, log);
  out.onBroken = () => ending.begin();
  log.tell(
    'started',
    { name, pid: process.pid, queues, concurrency },
    `worker ${name ?? process.pid} listens on ${queues.join(', ')}`,
  );
  await worker.run({ burst });
  await worker.close();
  log.tell('closed', {}, 'closed');
  return ending.code;
}

/** ms within which a second signal is the same wish: terminals and `npx` both pass on Ctrl-C. */
const sameWish = 500;

/**
 * How a worker is asked to end. The first signal lets handlers finish, and has the jobs of those that take longer than `closeTimeout`
 * handed back; the second has all handed back at once; the third ends the process.
 */
class Ending {
  /** Exit code. */
  code = 0;
  readonly #worker: Worker;
  readonly #log: WorkerLog;
  #asked = 0;
  #askedAt = 0;

  constructor(worker: Worker, log: WorkerLog) {
    this.#worker = worker;
    this.#log = log;
    for (const name of Object.keys(signals) as Signal[]) process.on(name, this.#onSignal);
  }

  /** Ends when all in hand is done. */
  begin(signal?: Signal): void {
    if (this.#asked > 0) return;
    this.#asked = 1;
    this.#askedAt = performance.now();
    this.#log.tell('closing', { signal }, 'closing: waits for the jobs in hand');
    void this.#worker.close();
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#asked === 0) {
      this.begin(signal as Signal);
      return;
    }
    if (performance.now() - this.#askedAt < sameWish) return;
    this.#asked += 1;
    this.#askedAt = performance.now();
    this.code = 128 + signals[signal as Signal];
    if (this.#asked > 2) process.exit(this.code);
    this.#log.tell('closing', { signal, force: true }, 'closing: hands the jobs in hand back');
    void this.#worker.close(true);
  };
}
