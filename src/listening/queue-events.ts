// Listening to the events of a queue, in whichever process its jobs are added and run.
import { queueNameOf, shown, yesOrNo, knownOptions } from '../checks.js';
import { codecList, Codecs } from '../codec.js';
import { Connection } from '../connection.js';
import { QueueError } from '../errors.js';
import { tellEvent, type Emit, type QueueEventMap } from './event-args.js';
import { SafeEmitter } from '../events.js';
import { defaultPrefix, queueKeys } from '../keys.js';
import type { News } from './news.js';
import type { QueueEventsOptions } from '../options.js';
import { LiveSource, StreamSource, type Reader, type Source } from './news-source.js';

function positionOf(value: unknown): string {
  if (typeof value !== 'string')
    throw new TypeError(`lastEventId: expected a string, got ${shown(value)}`);
  if (!/^(?:\$|\d{1,19}(?:-\d{1,19})?)$/.test(value))
    throw new RangeError(`lastEventId: expected $, 0 or a position, got ${shown(value)}`);
  return value;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Events of all jobs of a queue. Without `lastEventId` one hears what happens from now on; with it, what the queue's stream has kept
 * behind that position (see `queue.keepEvents`).
 */
export class QueueEvents<Result = unknown, Progress = unknown> extends SafeEmitter<
  QueueEventMap<Result, Progress>
> {
  readonly name: string;
  readonly #connection: Connection;
  readonly #open: () => Source;
  readonly #codecs: Codecs;
  #source: Source | undefined;
  readonly #from: string | undefined;
  readonly #unlisten: () => void;
  /** Ends `run`. */
  #running: Waiter | undefined;
  #isReady = false;
  /** Why the last run ended. */
  #failure: Error | undefined;
  #waiters: Waiter[] = [];
  #closing: Promise<void> | undefined;

  /** Throws TypeError or RangeError for a name or option that can't be. */
  constructor(name: string, options: QueueEventsOptions = {}) {
    super();
    knownOptions(options, ['connection', 'prefix', 'autorun', 'lastEventId', 'codec']);
    this.name = queueNameOf('name', name);
    const { prefix = defaultPrefix, autorun = true, lastEventId } = options;
    const keys = queueKeys(this.name, queueNameOf('prefix', prefix));
    yesOrNo('autorun', autorun);
    this.#codecs = new Codecs(this.name, codecList(options.codec));
    this.#from = lastEventId === undefined ? undefined : positionOf(lastEventId);
    const connection = Connection.acquire(options.connection);
    this.#connection = connection;
    this.#open = () => {
      const from = this.lastEventId;
      const reader = this.#reader();
      return from === undefined
        ? new LiveSource(connection, keys, reader)
        : new StreamSource(connection, keys, from, reader);
    };
    this.#unlisten = connection.listen({ onError: (error) => this.report(error) });
    if (autorun) void this.run().catch((error: unknown) => this.report(error));
  }

  /** Position in the stream up to which all listeners were called; undefined without a stream. */
  get lastEventId(): string | undefined {
    return this.#source?.position ?? this.#from;
  }

  /**
   * Listens until `close()`. Rejects with NO_STREAM when there is a `lastEventId` but the queue keeps no stream; CLOSED; TypeError when it
   * listens already.
   */
  async run(): Promise<void> {
    if (this.#closing) throw this.#closedError();
    if (this.#running) throw new TypeError(`events of ${this.name} are listened to already`);
    this.#failure = undefined;
    await new Promise<void>((resolve, reject) => {
      this.#running = { resolve, reject };
      this.#source = this.#open();
      this.#source.open();
    });
  }

  /**
   * Resolves when it listens: nothing that happens from then on is missed. Waits for `run()` and for the connection. Rejects with
   * NO_STREAM, CLOSED.
   */
  async waitUntilReady(): Promise<void> {
    if (this.#closing) throw this.#closedError();
    if (this.#isReady) return;
    if (this.#failure) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** Listens no more; nothing is told once it has resolved. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#closedError());
    await this.#source?.close();
    this.#unlisten();
    this.#connection.release();
    this.#running?.resolve();
    this.#running = undefined;
  }

  #reader(): Reader {
    return {
      onReady: (ready) => {
        this.#isReady = ready;
        if (ready) for (const waiter of this.#waiters.splice(0)) waiter.resolve();
      },
      onNews: (news, id) => this.#tell(news, id),
      onMissed: (id) => this.emit('missed', {}, id),
      onError: (error) => this.#trouble(error),
    };
  }

  #tell(news: News, id: string): void {
    const emit: Emit<Result, Progress> = (event, ...args) => this.emit(event, ...args);
    for (const event of news.events) {
      try {
        tellEvent(event, id, emit, this.#codecs);
      } catch (thrown) {
        this.report(thrown);
      }
    }
  }

  /** Without a stream from the start there is nothing to run on. */
  #trouble(error: Error): void {
    if (this.#isReady || !(error instanceof QueueError) || error.code !== 'NO_STREAM')
      return this.report(error);
    this.#failure = error;
    const running = this.#running;
    this.#running = undefined;
    void this.#source?.close();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    running?.reject(error);
  }

  #closedError(): QueueError {
    return new QueueError('CLOSED', `events of ${this.name} were closed`);
  }
}
