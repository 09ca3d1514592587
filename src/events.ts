// Typed events that can't crash the process: an `error` without a listener is logged, and what a listener
// throws is reported as an error.
import { captureRejectionSymbol, EventEmitter } from 'node:events';
import { asError } from './errors.js';

type EventMap = Record<string, unknown[]> & { error: [error: Error] };

export class SafeEmitter<Events extends EventMap> {
  readonly #emitter = Object.assign(new EventEmitter({ captureRejections: true }), {
    // Node's own way for a rejected listener goes past `emit` below: a listener of `error` that throws would end the process.
    [captureRejectionSymbol]: (error: unknown, event: string | symbol): void => {
      if (event === 'error') console.error(error);
      else this.report(error);
    },
  });

  constructor() {
    this.#emitter.on('error', (error: unknown) => {
      if (!this.listens('error')) console.error(error);
    });
    this.#emitter.setMaxListeners(0);
  }

  on<E extends keyof Events & string>(event: E, listener: (...args: Events[E]) => unknown): this {
    this.#emitter.on(event, listener as (...args: unknown[]) => void);
    return this;
  }

  once<E extends keyof Events & string>(event: E, listener: (...args: Events[E]) => unknown): this {
    this.#emitter.once(event, listener as (...args: unknown[]) => void);
    return this;
  }

  off<E extends keyof Events & string>(event: E, listener: (...args: Events[E]) => unknown): this {
    this.#emitter.off(event, listener as (...args: unknown[]) => void);
    return this;
  }

  /** Whether somebody listens, our own guard not counted. */
  protected listens(event: keyof Events & string): boolean {
    return this.#emitter.listenerCount(event) > (event === 'error' ? 1 : 0);
  }

  protected emit<E extends keyof Events & string>(event: E, ...args: Events[E]): void {
    if (event !== 'error' && !this.listens(event)) return;
    try {
      this.#emitter.emit(event, ...args);
    } catch (thrown) {
      if (event === 'error') console.error(thrown);
      else this.report(thrown);
    }
  }

  /** Tells the listeners of `error`, or the log. */
  protected report(thrown: unknown): void {
    const args: EventMap['error'] = [asError(thrown)];
    this.emit('error', ...(args as Events['error']));
  }
}
