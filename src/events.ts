// Typed events that can't crash the process: an `error` without a listener is logged, and what a listener
// throws is reported as an error.
import { EventEmitter } from 'node:events';
import { asError } from './errors.js';

type EventMap = Record<string, unknown[]> & { error: [error: Error] };

interface Thenable {
  then(resolved: undefined, rejected: (error: unknown) => void): unknown;
}

function isThenable(value: unknown): value is Thenable {
  return typeof (value as Partial<Thenable> | undefined | null)?.then === 'function';
}

/** Calls every listener of an event, whatever the others throw. */
export class SafeEmitter<Events extends EventMap> {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

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

  /** Whether somebody listens. */
  protected listens(event: keyof Events & string): boolean {
    return this.#emitter.listenerCount(event) > 0;
  }

  protected emit<E extends keyof Events & string>(event: E, ...args: Events[E]): void {
    if (!this.listens(event)) {
      if (event === 'error') console.error(args[0]);
      return;
    }
    for (const listener of this.#emitter.rawListeners(event)) {
      try {
        const returned: unknown = Reflect.apply(listener, this, args);
        if (isThenable(returned)) returned.then(undefined, (error) => this.#failed(event, error));
      } catch (thrown) {
        this.#failed(event, thrown);
      }
    }
  }

  /** A listener has thrown; one of `error` itself is not told again. */
  #failed(event: string, thrown: unknown): void {
    if (event === 'error') console.error(thrown);
    else this.report(thrown);
  }

  /** Tells the listeners of `error`, or the log. */
  protected report(thrown: unknown): void {
    const args: EventMap['error'] = [asError(thrown)];
    this.emit('error', ...(args as Events['error']));
  }
}
