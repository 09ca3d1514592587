// What a worker prints: a line when a job begins and one when it ends.
import type { Job } from '../job.js';
import type { Worker } from '../worker.js';
import { complain, line, type Output, type Piece } from './output.js';
import { span } from './text.js';

/** ms within which the same trouble is told once. */
const patience = 60_000;

function clockTime(): string {
  const now = new Date();
  return [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

export class WorkerLog {
  readonly #out: Output;
  readonly #quiet: boolean;
  readonly #begins = new WeakMap<Job, number>();
  #trouble: { message: string; at: number } | undefined;

  constructor(out: Output, quiet: boolean) {
    this.#out = out;
    this.#quiet = quiet;
  }

  /** Follows the jobs of a worker. */
  follow(worker: Worker): void {
    worker.on('active', (job) => {
      this.#begins.set(job, performance.now());
      if (!this.#quiet) this.#job('active', job);
    });
    worker.on('completed', (job) => {
      if (!this.#quiet) this.#job('completed', job);
    });
    worker.on('failed', (job, error) => {
      if (job) this.#job('failed', job, error.message);
      else this.tell('failed', { reason: error.message }, error.message);
    });
    worker.on('cancelled', (job, error) => this.#job('cancelled', job, error.message));
    worker.on('stalled', (id) =>
      this.tell('stalled', { id }, line`${id} was lost with its worker and waits again`),
    );
    worker.on('error', (error) => this.#error(error));
  }

  /** Something about the worker itself. */
  tell(event: string, details: object, text: Piece): void {
    this.#out.document({ time: new Date().toISOString(), event, ...details });
    this.#out.print(line`${this.#time()} ${text}`);
  }

  #time(): Piece {
    return this.#out.style('dim', clockTime());
  }

  #job(event: 'active' | 'completed' | 'failed' | 'cancelled', job: Job, reason?: string): void {
    const { queueName: queue, id, name, attemptsMade, opts } = job;
    const begin = this.#begins.get(job);
    const duration =
      begin === undefined || event === 'active' ? undefined : performance.now() - begin;
    if (this.#out.json) {
      const rounded = duration === undefined ? undefined : Math.round(duration * 1_000) / 1_000;
      const about = { queue, name, id, duration: rounded, attemptsMade, reason };
      this.tell(event, about, '');
      return;
    }
    const after = duration === undefined ? '' : ` after ${span(duration)}`;
    const { attempts = 1 } = opts;
    const attempt = attempts > 1 ? ` (attempt ${attemptsMade} of ${attempts})` : '';
    this.#out.print(
      line`${this.#time()} ${this.#out.style('cyan', queue)}: ${name} (${id})${this.#end(event, after, attempt, reason)}`,
    );
  }

  #end(event: string, after: string, attempt: string, reason = ''): Piece {
    if (event === 'active') return '';
    if (event === 'completed') return line` ${this.#out.style('green', 'completed')}${after}`;
    const word = this.#out.style(event === 'failed' ? 'red' : 'yellow', event);
    return line` ${word}${after}${event === 'failed' ? attempt : ''}: ${reason}`;
  }

  /** While Redis is away, each attempt to connect fails alike. */
  #error({ message, name }: Error): void {
    const text = message || name;
    const now = performance.now();
    if (this.#trouble?.message === text && now - this.#trouble.at < patience) return;
    this.#trouble = { message: text, at: now };
    complain(text);
  }
}
