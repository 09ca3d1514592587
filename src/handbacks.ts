// How jobs leave a worker other than by the end of their attempt: handed back, or stopped before they began.
import type { Claims } from './claims.js';
import { retentionOf, type JobOptions } from './job-options.js';
import { optionsOf, stopped, type Run } from './run.js';
import type { JobId, Token } from './script.js';
import type { Settles } from './settles.js';

export class Handbacks {
  readonly #settles: Settles;
  readonly #claims: Claims;
  readonly #kick: () => void;

  constructor(settles: Settles, claims: Claims, kick: () => void) {
    this.#settles = settles;
    this.#claims = claims;
    this.#kick = kick;
  }

  /** Of a job that has not started: it keeps its ttl. */
  unstarted(run: Run): void {
    this.#claims.suspicion.ended(run.id, false);
    this.#claims.lookAgain();
    void this.#handBack(run.id, run.token, run.row.ends, () => optionsOf(run));
  }

  /** Of a job that was claimed without this worker knowing. */
  stray(id: JobId, token: Token): void {
    this.#claims.lookAgain();
    void this.#handBack(id, token, undefined, () => undefined);
  }

  /** Of a job whose handler runs on in vain. */
  started(run: Run): void {
    void this.#handBack(run.id, run.token, undefined, () => optionsOf(run));
  }

  /** One that was asked to stop in the meantime is not handed back: it has stopped. */
  async #handBack(
    id: JobId,
    token: Token,
    ends: number | undefined,
    opts: () => JobOptions | undefined,
  ): Promise<void> {
    this.#kick();
    const answer = await this.#settles.handback({ id, token, ends: ends ?? '' });
    if (answer !== 'stopping') return;
    const retention = retentionOf(opts()?.removeOnFail);
    this.#settles.add({ kind: 'stop', item: { id, token }, retention });
    this.#kick();
  }

  /** A job was asked to stop; true when it had been claimed ahead, and will not start. Its token, where it is known. */
  stopAhead(id: JobId, token?: Token): boolean {
    const run = this.#claims.ahead.remove(id, token);
    if (!run) return false;
    this.#claims.suspicion.ended(id, false);
    this.#settles.add(stopped(run, optionsOf(run)));
    this.#kick();
    return true;
  }
}
