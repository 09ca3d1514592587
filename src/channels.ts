// The channels that a process listens to on one connection: each is subscribed to once, whoever listens, and again after each reconnect.
import { denialOf, isDenial } from './access/denials.js';
import { asError } from './errors.js';

/** ms until a refused subscription is asked for again. */
const refusalRest = 5_000;

/** Who listens to a channel. */
export interface Subscriber {
  readonly onMessage: (message: string) => void;
  /** It listens, from now on or again: what was published before may have been missed. */
  readonly onSubscribed: () => void;
  /** The connection that listens was lost: messages are missed until `onSubscribed`. */
  readonly onLost?: () => void;
}

/** The connection that listens, as far as it is needed here. */
export interface ListeningConnection {
  readonly status: string;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  ping(): Promise<unknown>;
  on(event: 'ready' | 'close', listener: () => void): unknown;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
}

export class Channels {
  readonly #redis: ListeningConnection;
  readonly #onError: (error: Error) => void;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  /** Channels that are to be asked for again. */
  readonly #refused = new Set<string>();

  /** `onError`: the server does not allow a subscription. */
  constructor(redis: ListeningConnection, onError: (error: Error) => void) {
    this.#redis = redis;
    this.#onError = onError;
    redis.on('message', (channel, message) => {
      for (const subscriber of this.#subscribers.get(channel) ?? []) subscriber.onMessage(message);
    });
    redis.on('ready', () => {
      for (const [channel, subscribers] of this.#subscribers)
        void this.#listen(channel, subscribers);
    });
    redis.on('close', () => {
      for (const subscribers of this.#subscribers.values())
        for (const subscriber of subscribers) subscriber.onLost?.();
    });
  }

  /** Listens to a channel, across reconnects, until the function returned is called. */
  subscribe(channel: string, subscriber: Subscriber): () => void {
    const subscribers = this.#subscribers.get(channel) ?? new Set();
    subscribers.add(subscriber);
    this.#subscribers.set(channel, subscribers);
    if (this.#redis.status === 'ready') void this.#listen(channel, [subscriber]);
    return () => {
      subscribers.delete(subscriber);
      if (subscribers.size > 0 || this.#subscribers.get(channel) !== subscribers) return;
      this.#subscribers.delete(channel);
      if (this.#redis.status === 'ready') this.#redis.unsubscribe(channel).catch(() => undefined);
    };
  }

  /** Resolves when all that was published before has been handed to the subscribers; rejects when the connection is lost meanwhile. */
  async heard(): Promise<void> {
    await this.#redis.ping();
  }

  async #listen(channel: string, whom: Iterable<Subscriber>): Promise<void> {
    try {
      await this.#redis.subscribe(channel);
    } catch (thrown) {
      // Without a connection: the next one subscribes again. Else the server does not allow it, perhaps not for ever.
      const error = asError(thrown);
      if (error.name === 'ReplyError')
        this.#listenLater(channel, isDenial(error) ? denialOf(error) : error);
      return;
    }
    const subscribers = this.#subscribers.get(channel);
    for (const subscriber of whom) if (subscribers?.has(subscriber)) subscriber.onSubscribed();
  }

  #listenLater(channel: string, error: Error): void {
    this.#onError(error);
    if (this.#refused.has(channel)) return;
    this.#refused.add(channel);
    setTimeout(() => {
      this.#refused.delete(channel);
      const wanted = this.#subscribers.get(channel);
      if (wanted && this.#redis.status === 'ready') void this.#listen(channel, wanted);
    }, refusalRest).unref();
  }
}
