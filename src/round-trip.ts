// Calls that travel in one pipeline, each with what is done with its reply. Replies are handed over in the order of the calls; one
// that is an error is told, and its call is made good by later round trips.
import type { Connection } from './connection.js';
import { execute, type Answer } from './execute.js';
import type { Deadline } from './deadline.js';
import type { Call } from './script.js';

/** Is given the reply, or undefined after an error; `resent`: whether the call was sent more than once. */
type Answered<Reply> = (reply: Reply | undefined, resent: boolean) => void | Promise<void>;

export class RoundTrip {
  readonly #calls: Call[] = [];
  readonly #answered: Answered<never>[] = [];

  /** Nothing is sent for a call that is undefined. */
  add<Reply>(call: Call<Reply> | undefined, answered: Answered<Reply>): void {
    if (!call) return;
    this.#calls.push(call);
    this.#answered.push(answered);
  }

  /** Resolves to whether all calls were answered without an error. */
  async make(
    connection: Connection,
    deadline: Deadline,
    tell: (error: unknown) => void,
  ): Promise<boolean> {
    const answers: readonly Answer<unknown>[] = await execute(connection, this.#calls, deadline);
    let well = true;
    for (const [at, answer] of answers.entries()) {
      const answered = this.#answered[at] as Answered<unknown>;
      if ('error' in answer) {
        well = false;
        tell(answer.error);
        await answered(undefined, false);
      } else await answered(answer.reply, answer.resent);
    }
    return well;
  }
}
