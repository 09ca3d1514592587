// Sending the numbered calls of one client to one queue. What the numbers make harmless is told in ARCHITECTURE.md.
import type { Caller } from './caller.js';
import type { Connection } from './connection.js';
import { QueueError } from './errors.js';
import { execute } from './execute.js';
import type { QueueKeys } from './keys.js';
import { callOf, type Script } from './script.js';

type Numbers = ReturnType<Caller['next']>;
type Values = Record<string, string | number>;

export class NumberedCalls {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #caller: Caller;
  /** The last of those that go in turn. */
  #turn: Promise<unknown> = Promise.resolve();
  /** An unanswered copy of a call may still arrive, so rows of `calls` must stay. */
  echoes = false;

  constructor(connection: Connection, keys: QueueKeys, caller: Caller) {
    this.#connection = connection;
    this.#keys = keys;
    this.#caller = caller;
  }

  /** The reply to the next call of a script. One of each is in flight at a time; the user of this method sees to it. */
  async send<Args extends Values & Numbers, Each extends Values, Reply>(
    script: Script<Args, Each, Reply | 'stale'>,
    args: NoInfer<Omit<Args, keyof Numbers>>,
    items: readonly NoInfer<Each>[] = [],
  ): Promise<Reply> {
    const numbered = { ...this.#caller.next(script.name), ...args } as Args;
    const [sent] = await execute(this.#connection, [callOf(script, this.#keys, numbered, items)]);
    if ('error' in sent) {
      this.echoes ||= sent.error.code === 'UNKNOWN_OUTCOME';
      throw sent.error;
    }
    this.echoes ||= sent.resent;
    if (sent.reply === 'stale')
      throw new QueueError('UNKNOWN_OUTCOME', `${script.name}: a later call was answered first`);
    return sent.reply;
  }

  /** As `send`, one call after the other. */
  sendInTurn<Args extends Values & Numbers, Each extends Values, Reply>(
    script: Script<Args, Each, Reply | 'stale'>,
    args: NoInfer<Omit<Args, keyof Numbers>>,
    items: readonly NoInfer<Each>[] = [],
  ): Promise<Reply> {
    const sent = this.#turn.then(() => this.send(script, args, items));
    this.#turn = sent.catch(() => undefined);
    return sent;
  }

  /** Resolves when none of those that go in turn is under way. */
  async idle(): Promise<void> {
    await this.#turn;
  }
}
