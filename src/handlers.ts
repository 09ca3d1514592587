// Which handler runs a job, and whether it can see a signal.
import { isObject, shown } from './checks.js';
import { QueueError } from './errors.js';
import type { Job } from './job.js';

/** Runs one job. What it returns is kept as JSON; what it throws fails the attempt. */
export type Handler<Data = unknown, Result = unknown, Name extends string = string> = (
  job: Job<Data, Result, Name>,
  token: string,
  signal: AbortSignal,
) => Promise<Result> | Result;

/** A handler for each job name; a job without one fails. */
export type Handlers<Data = unknown, Result = unknown, Name extends string = string> = {
  readonly [N in Name]?: Handler<Data, Result, N>;
};

/** Ways to a third argument that a function's `length` does not count: a rest, `arguments`, what is bound or native. */
const otherArguments = /\.\.\.|\barguments\b|\[native code\]/;
/** What ends a parameter list. */
const listEnd = /=>|\)\s*\{/;

function mayTakeSignal(handler: (...args: never[]) => unknown): boolean {
  if (handler.length > 2) return true;
  const text = Function.prototype.toString.call(handler);
  const [parameters = ''] = text.split(listEnd, 1);
  // `length` stops before a default.
  return otherArguments.test(text) || parameters.includes('=');
}

function checkTable(handlers: unknown): void {
  if (!isObject(handlers))
    throw new TypeError(
      `handler: expected a function, or an object of functions by job name, got ${shown(handlers)}`,
    );
  for (const [name, handler] of Object.entries(handlers))
    if (handler !== undefined && typeof handler !== 'function')
      throw new TypeError(`handler[${shown(name)}]: expected a function, got ${shown(handler)}`);
}

export class HandlerTable<Data, Result, Name extends string> {
  readonly #handlers: Handler<Data, Result, Name> | Handlers<Data, Result, Name>;
  readonly #signalled = new WeakMap<object, boolean>();
  /** The handler that was asked for last, which nearly every job asks for again. */
  #last: object | undefined;
  #lastTakes = false;

  /** Throws TypeError for what can't be a handler. */
  constructor(handlers: Handler<Data, Result, Name> | Handlers<Data, Result, Name>) {
    if (typeof handlers !== 'function') checkTable(handlers);
    this.#handlers = handlers;
  }

  /** Throws NO_HANDLER. */
  of(job: Job<Data, Result, Name>): Handler<Data, Result, Name> {
    if (typeof this.#handlers === 'function') return this.#handlers;
    const handler = Object.hasOwn(this.#handlers, job.name) ? this.#handlers[job.name] : undefined;
    if (handler) return handler;
    throw new QueueError('NO_HANDLER', `no handler for jobs named ${JSON.stringify(job.name)}`, {
      ids: [job.id],
    });
  }

  /** Whether the handler may look at its signal. Making one costs more than all else that a worker does for a job. */
  takesSignal(handler: Handler<Data, Result, Name>): boolean {
    if (handler === this.#last) return this.#lastTakes;
    const takes = this.#signalled.get(handler) ?? mayTakeSignal(handler);
    this.#signalled.set(handler, takes);
    this.#last = handler;
    this.#lastTakes = takes;
    return takes;
  }
}
