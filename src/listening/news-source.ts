// Where `QueueEvents` hears of news: live, by the channel alone, or from the queue's stream, where nothing is lost as long as the stream
// has it. The channel says when there is something to read; in case a message of it is lost, one looks every few seconds.
import { Audience } from './audience.js';
import type { Connection } from '../connection.js';
import { asError, isPassing, QueueError } from '../errors.js';
import { executeOne } from '../execute.js';
import { nameOf, type QueueKeys } from '../keys.js';
import { parseNews, type News } from './news.js';
import { callOf } from '../script.js';
import * as scripts from '../scripts.js';
import type { Position } from '../scripts.js';

/** ms that a closing reader waits for a server that is not there. */
const farewell = 2_000;
/** ms between two looks at the stream without a message of the channel. */
const lookInterval = 3_000;
/** Most messages of one page. */
const pageMessages = 128;

/** Who is told. */
export interface Reader {
  /** True: from now on nothing is missed. */
  onReady(ready: boolean): void;
  onNews(news: News, id: string): void;
  /** Messages may have been missed behind `id`. */
  onMissed(id: string): void;
  onError(error: Error): void;
}

/** Something that is read until it is closed. */
export interface Source {
  /** Position up to which news were told, if there are positions. */
  readonly position: Position | undefined;
  open(): void;
  close(): Promise<void>;
}

/** News as they happen. */
export class LiveSource implements Source {
  readonly position = undefined;
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #reader: Reader;
  /** Server's time (ms) of the last message, as text. */
  #last = '';
  /** The last message before some may have been missed, until that was told. */
  #gap: string | undefined;
  #leave: (() => void) | undefined;

  constructor(connection: Connection, keys: QueueKeys, reader: Reader) {
    this.#connection = connection;
    this.#keys = keys;
    this.#reader = reader;
  }

  open(): void {
    this.#leave ??= Audience.join(this.#connection, this.#keys, {
      onNews: (news) => {
        this.#tellGap();
        this.#last = String(news.time);
        this.#reader.onNews(news, this.#last);
      },
      onHealth: (healthy) => {
        this.#reader.onReady(healthy);
        if (healthy) this.#tellGap();
        else this.#gap ??= this.#last;
      },
      onError: (error) => this.#reader.onError(error),
    });
  }

  #tellGap(): void {
    const gap = this.#gap;
    this.#gap = undefined;
    if (gap !== undefined) this.#reader.onMissed(gap);
  }

  async close(): Promise<void> {
    this.#leave?.();
  }
}

/** News from a position of the stream on. */
export class StreamSource implements Source {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #reader: Reader;
  #position: Position;
  /** A stream is kept, as far as it is known. */
  #kept = true;
  #closed = false;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #leave: (() => void) | undefined;

  constructor(connection: Connection, keys: QueueKeys, position: Position, reader: Reader) {
    this.#connection = connection;
    this.#keys = keys;
    this.#position = position;
    this.#reader = reader;
  }

  get position(): Position {
    return this.#position;
  }

  open(): void {
    this.#timer = setInterval(() => this.#look(), lookInterval);
    this.#leave = Audience.join(this.#connection, this.#keys, {
      onNews: (news) => {
        // The stream goes with the queue, so its last message is not in it.
        const events = news.events.filter(({ word }) => word === 'obliterated');
        if (events.length > 0) this.#reader.onNews({ ...news, events }, this.#position);
        this.#look();
      },
      onHealth: (healthy) => {
        if (healthy) this.#look();
      },
      onError: (error) => this.#reader.onError(error),
    });
    this.#look();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#leave?.();
    const over = new AbortController();
    await Promise.race([this.#looking, this.#connection.gone(farewell, over.signal)]);
    over.abort();
  }

  /** Reads what is new. One look at a time; what comes meanwhile is looked at behind it. */
  #look(): void {
    if (this.#closed) return;
    this.#lookAgain = true;
    this.#looking ??= this.#readAll()
      .catch((thrown: unknown) => {
        const error = asError(thrown);
        // Without a connection: the next look reads on. That there is none is told by the connection.
        if (!isPassing(error) && !this.#closed) this.#reader.onError(error);
      })
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async #readAll(): Promise<void> {
    while (this.#lookAgain && !this.#closed) {
      this.#lookAgain = false;
      const args = { after: this.#position, limit: pageMessages };
      const page = await executeOne(this.#connection, callOf(scripts.replay, this.#keys, args));
      if (this.#closed) return;
      if (page.found === 'none') return this.#noStream();
      this.#kept = true;
      if (page.found === 'missed') this.#reader.onMissed(this.#position);
      this.#reader.onReady(true);
      for (const { position, text } of page.messages) {
        // A message that was begun is told whole, so that nothing of it is told again from this position.
        if (this.#closed) return;
        this.#reader.onNews(parseNews(text), position);
        this.#position = position;
      }
      if (page.messages.length > 0) this.#lookAgain = true;
      else this.#position = page.position;
    }
  }

  #noStream(): void {
    if (!this.#kept) return;
    this.#kept = false;
    const queue = nameOf(this.#keys);
    const message = `queue ${queue} keeps no stream of events: call keepEvents(maxLength) first`;
    this.#reader.onError(new QueueError('NO_STREAM', message));
  }
}
