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
  /** Jobs that have not started, and of which nobody knows whether they went back: those that have not are found as strays. */
  readonly #unstarted = new Set<string>();

  constructor(settles: Settles, claims: Claims, kick: () => void) {
    this.#settles = settles;
    this.#claims = claims;
    this.#kick = kick;
  }

  /** Of a job that has not started: it keeps its ttl. */
  unstarted(run: Run): void {
    this.#claims.suspicion.ended(run.id, false);
    this.#claims.lookAgain();
    void this.#handBack(run.id, run.token, 0, () => optionsOf(run));
  }

  /**
   * Of a job that this worker does not know of any more, or never did. Of claims that have come here all have run, but for those that were
   * to go back: Redis may have lost how they were settled.
   */
  stray(id: JobId, token: Token): void {
    this.#claims.lookAgain();
    const unstarted = this.#unstarted.delete(`${token} ${id}`) || this.#claims.missed(token);
    void this.#handBack(id, token, unstarted ? 0 : 1, () => undefined);
  }

  /** Of a job whose handler runs on in vain. */
  started(run: Run): void {
    void this.#handBack(run.id, run.token, 1, () => optionsOf(run));
  }

  /** One that was asked to stop in the meantime is not handed back: it has stopped. */
  async #handBack(
    id: JobId,
    token: Token,
    ran: 0 | 1,
    opts: () => JobOptions | undefined,
  ): Promise<void> {
    this.#kick();
    const answer = await this.#settles.handback({ id, token, ran });
    if (answer === 'unknown' && ran === 0) this.#mayStay(id, token);
    if (answer !== 'stopping') return;
    const retention = retentionOf(opts()?.removeOnFail);
    this.#settles.add({ kind: 'stop', item: { id, token }, retention });
    this.#kick();
  }

  #mayStay(id: JobId, token: Token): void {
    const [other = ''] = this.#unstarted;
    const [lease = ''] = token.split(':');
    if (!other.startsWith(lease)) this.#unstarted.clear();
    this.#unstarted.add(`${token} ${id}`);
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
