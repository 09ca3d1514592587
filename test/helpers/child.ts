// Worker processes of a test: started from processes/worker.mjs, watched, ended with the test.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WorkerOptions } from '../../src/options.js';
import { quick, until, type Live } from './live.js';

/** What a worker process tells. */
export interface Message {
  readonly kind:
    | 'ready'
    | 'active'
    | 'completed'
    | 'failed'
    | 'stalled'
    | 'aborted'
    | 'error'
    | 'closed'
    | 'unhandled';
  readonly id?: string;
  readonly name?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly result?: unknown;
  readonly ms?: number;
}

const script = fileURLToPath(new URL('processes/worker.mjs', import.meta.url));

export class Child {
  readonly messages: Message[] = [];
  readonly process: ChildProcess;
  ended = false;

  constructor(process: ChildProcess) {
    this.process = process;
    process.on('message', (message) => this.messages.push(message as Message));
    process.on('exit', () => {
      this.ended = true;
    });
  }

  saw(kind: Message['kind'], id?: string): boolean {
    return this.messages.some((m) => m.kind === kind && (id === undefined || m.id === id));
  }

  async sees(kind: Message['kind'], id?: string, ms = 10_000): Promise<void> {
    await until(
      () => this.saw(kind, id),
      ms,
      `${kind} ${id ?? ''} among ${JSON.stringify(this.messages.slice(-10))}`,
    );
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.ended) return;
    const exit = once(this.process, 'exit');
    this.process.kill(signal);
    await exit;
  }
}

/** Starts a worker process on the queue of this test; resolves when its worker runs. */
export async function startWorker(
  live: Live,
  options: Omit<WorkerOptions, 'connection'> & { queue?: string; connection?: object } = {},
): Promise<Child> {
  const { queue = live.name, connection = live.as('worker'), ...rest } = options;
  const settings = {
    queue,
    connection,
    options: { ...quick, ...rest },
  };
  const child = new Child(fork(script, [JSON.stringify(settings)], { execArgv: [] }));
  live.after(() => child.kill());
  await child.sees('ready');
  return child;
}
