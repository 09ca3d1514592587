// Tells Redis, now and then, what a client has counted of a queue. Reports are numbered, so they are sent again until answered, and
// nothing is counted twice; what a client has not told when its process dies is not counted.
import type { Caller } from '../caller.js';
import type { Connection } from '../connection.js';
import type { Deadline } from '../deadline.js';
import { asError, isPassing } from '../errors.js';
import { execute } from '../execute.js';
import type { QueueKeys } from '../keys.js';
import { registrationIfKnown } from '../registry.js';
import { callOf, type LeaseId, type WorkerText } from '../script.js';
import * as scripts from '../scripts.js';
import { difference, type Tally } from './tally.js';

/** ms between two reports of a producer. */
const reportInterval = 5_000;

/** What a worker tells under its lease. */
export interface Row {
  readonly lease: LeaseId;
  readonly row: WorkerText | '';
  /** Its lease before, if that was lost. */
  readonly former: LeaseId | '';
}

const noRow = { lease: '', row: '', former: '' } as const;

export class Reports {
  readonly #connection: Connection;
  readonly #keys: QueueKeys;
  readonly #tally: Tally;
  /** The sums that were told last. */
  #told: readonly number[] = [];
  /** Reports go one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** An unanswered copy may still arrive, so rows of `calls` must stay. */
  echoes = false;

  constructor(connection: Connection, keys: QueueKeys, tally: Tally) {
    this.#connection = connection;
    this.#keys = keys;
    this.#tally = tally;
  }

  /** Whether something was counted that was not told. */
  get news(): boolean {
    return difference(this.#tally.sums(), this.#told) !== '';
  }

  /** Sends what was counted since the last report, and the row; `dead` when nothing was done. */
  send(caller: Caller, row?: Row, deadline?: Deadline): Promise<scripts.ReportWord> {
    const sent = this.#turn.then(() => this.#send(caller, row ?? noRow, deadline));
    this.#turn = sent.catch(() => undefined);
    return sent;
  }

  async #send(
    caller: Caller,
    row: Row | typeof noRow,
    deadline: Deadline | undefined,
  ): Promise<scripts.ReportWord> {
    const sums = this.#tally.sums();
    const counts = difference(sums, this.#told);
    if (counts === '' && row.row === '') return 'reported';
    const args = { ...caller.next('report'), ...row, counts };
    const calls = registrationIfKnown(this.#connection, this.#keys);
    const [answer] = await execute(
      this.#connection,
      [callOf(scripts.report, this.#keys, args), ...calls],
      deadline,
    );
    // What may have been counted is not told again.
    if ('error' in answer) {
      this.echoes ||= answer.error.code === 'UNKNOWN_OUTCOME';
      if (answer.error.code !== 'UNAVAILABLE') this.#told = sums;
      throw answer.error;
    }
    this.echoes ||= answer.resent;
    if (answer.reply !== 'dead' || answer.resent) this.#told = sums;
    return answer.reply;
  }
}

/** The reports of a producer: some seconds after it has counted something, and when it closes. */
export class ProducerReports {
  readonly #reports: Reports;
  readonly #caller: Caller;
  readonly #onError: (error: Error) => void;
  readonly #tally: Tally;
  #timer: NodeJS.Timeout | undefined;

  constructor(reports: Reports, tally: Tally, caller: Caller, onError: (error: Error) => void) {
    this.#reports = reports;
    this.#caller = caller;
    this.#onError = onError;
    this.#tally = tally;
    tally.onCount = () => this.#later();
  }

  get echoes(): boolean {
    return this.#reports.echoes;
  }

  #later(): void {
    this.#timer ??= setTimeout(() => void this.#send(), reportInterval).unref();
  }

  async #send(deadline?: Deadline): Promise<void> {
    try {
      await this.#reports.send(this.#caller, undefined, deadline);
    } catch (error) {
      // What was not counted now is counted by the next report, or lost with the server.
      if (!isPassing(error)) this.#onError(asError(error));
    }
    this.#timer = undefined;
    if (!deadline && this.#reports.news) this.#later();
  }

  /** Tells what is left, until the deadline. */
  async close(deadline: Deadline): Promise<void> {
    this.#tally.onCount = undefined;
    clearTimeout(this.#timer);
    await this.#send(deadline);
  }
}
