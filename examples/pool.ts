// The worker processes of main.ts.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface PoolOptions {
  readonly size: number;
  /** Given to each process. */
  readonly args: readonly string[];
  readonly redisUrl: string;
  readonly stop: AbortSignal;
  readonly lost: (message: string) => void;
}

/** Processes that run worker.ts. They end with this process, however it ends. */
export class WorkerPool {
  readonly #children: ChildProcess[] = [];
  #stopping = false;

  /** Starts the processes; `lost` is told when one has ended by itself. A Ctrl-C reaches them as it does this one. */
  constructor({ size, args, redisUrl, stop, lost }: PoolOptions) {
    const env = { ...process.env, REDIS_URL: redisUrl };
    for (let n = 0; n < size; n++) {
      const child = fork(join(import.meta.dirname, 'worker.js'), args, { env });
      this.#children.push(child);
      child.once('exit', (code, signal) => {
        if (!this.#stopping && !stop.aborted)
          lost(`worker process ${child.pid} has ended (${signal ?? `exit code ${code}`})`);
      });
    }
  }

  get alive(): number {
    return this.#children.filter(isAlive).length;
  }

  /** Lets each process finish what it has in hand; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      this.#children.filter(isAlive).map(async (child) => {
        const exited = once(child, 'exit');
        if (child.connected) child.disconnect();
        await exited;
      }),
    );
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
