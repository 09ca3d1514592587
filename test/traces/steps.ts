// What can happen next in a queue of two workers: each step with what should come of it, and the call that does it.
import type { QueueKeys } from '../../src/keys.js';
import * as scripts from '../../src/scripts.js';
import { acts, claimTold, failure, joined, script, type Act, type Sent } from './calls.js';
import {
  clone,
  expire,
  lapse,
  produce,
  promote,
  reclaim,
  remember,
  settle,
  take,
  takeMarker,
  type Ending,
} from './effects.js';
import { defer, deferred, familySteps } from './family.js';
import { holds, leaseOf, type Claim, type Job, type Model, type Worker } from './model.js';

export interface Step {
  readonly title: string;
  /** What is then, and what is answered; a token as `#` and its number. */
  readonly next: Model;
  readonly reply: string;
  readonly send: (keys: QueueKeys, tokenOf: (serial: number) => string) => Sent;
}

/** The bounds of a world: its jobs, how many one claim takes, and how often one may be lost. */
export interface World {
  readonly ids: readonly string[];
  readonly want: number;
  readonly losses: number;
  /** How often each call of a producer may be made. */
  readonly most: number;
  /** What a producer does to the first job. */
  readonly acts: readonly Act[];
  /** Whether a job b depends on a job a. */
  readonly related?: boolean;
  /** Whether jobs may be delayed, or have a ttl: then a sweeper looks for them, too. */
  readonly timed?: boolean;
}

const endings = ['complete', 'fail', 'stop', 'retry', 'handback'] as const;
const timedEndings = [...endings, 'delay'] as const;

/** The steps that can follow; each works on a copy of the model. */
export class Steps {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  of(model: Model): Step[] {
    const steps: Step[] = [];
    for (const worker of ['A', 'B'] as const) steps.push(...this.#ofWorker(model, worker));
    if (this.#world.related) steps.push(...this.#ofFamily(model));
    steps.push(...this.#ofTime(model), ...this.#ofSweeper(model), ...this.#ofProducer(model));
    return steps;
  }

  /** One step: what it does to a copy of the model, and what it answers. */
  #step(model: Model, title: string, change: (next: Model) => string, send: Step['send']): Step {
    const next = clone(model);
    return { title, reply: change(next), next, send };
  }

  *#ofWorker(model: Model, worker: Worker): Generator<Step> {
    const { leases, claims } = model.workers[worker];
    if (leases.length < 2) yield this.#open(model, worker, `${worker}${leases.length + 1}`, true);
    for (const lease of leases) {
      yield this.#renew(model, lease);
      yield* this.#claimCopies(model, worker, lease);
    }
    const lease = leases.at(-1);
    if (lease !== undefined) {
      yield this.#open(model, worker, lease, false);
      yield this.#claim(model, worker, lease);
      yield this.#close(model, lease);
    }
    for (const claim of claims) {
      const title = `${worker} ends ${claim.id} #${claim.serial}`;
      for (const how of this.#world.timed ? timedEndings : endings)
        yield this.#settle(model, `${title} by ${how}`, claim, how);
    }
  }

  #open(model: Model, worker: Worker, lease: string, isNew: boolean): Step {
    const title = isNew ? `${worker} opens ${lease}` : `a copy of open ${lease} arrives`;
    const change = (next: Model): string => {
      if (isNew) next.workers[worker].leases.push(lease);
      if (next.leases[lease]) return 'used';
      next.leases[lease] = 'live';
      return 'opened';
    };
    const args = { lease, period: 3_600_000, schema: 1 };
    return this.#step(model, title, change, script(scripts.open, args, [], joined));
  }

  #renew(model: Model, lease: string): Step {
    const change = (next: Model): string => {
      if (!next.leases[lease] || next.leases[lease] === 'dead') return 'dead';
      next.leases[lease] = 'live';
      const asked = Object.keys(next.jobs).filter((id) => next.jobs[id]?.asked && leaseOf(next, id) === lease); // prettier-ignore
      return ['alive', holds(next, lease), ...asked.toSorted()].join(' ');
    };
    const send = script(scripts.renew, { lease, period: 3_600_000 }, [], (reply) =>
      reply.word === 'dead' ? 'dead' : ['alive', reply.held, ...reply.stops].join(' '),
    );
    return this.#step(model, `renew ${lease}`, change, send);
  }

  #claimed(
    model: Model,
    lease: string,
    number: number,
    title: string,
    change: (next: Model) => string,
  ): Step {
    const args = { call: `${lease}:claim`, number, schema: 1, lease, want: this.#world.want, allowance: 1, alone: 1 as const, begun: '' }; // prettier-ignore
    return this.#step(model, title, change, script(scripts.claim, args, [], claimTold));
  }

  #claim(model: Model, worker: Worker, lease: string): Step {
    const row = `${lease}:claim`;
    const number = (model.sent[row] ?? 0) + 1;
    return this.#claimed(model, lease, number, `${worker} claims under ${lease}`, (next) => {
      next.sent[row] = number;
      const reply = take(next, lease, this.#world.want);
      next.calls[row] = { number, reply };
      if (reply.startsWith('claimed')) remember(next, worker, reply);
      return reply;
    });
  }

  /** Copies of the last claim under a lease, and of the one before. */
  *#claimCopies(model: Model, worker: Worker, lease: string): Generator<Step> {
    const row = `${lease}:claim`;
    const last = model.sent[row] ?? 0;
    for (const number of [last - 1, last].filter((n) => n > 0)) {
      const title = `a copy of claim ${number} under ${lease} arrives`;
      yield this.#claimed(model, lease, number, title, (next) => {
        const before = next.calls[row];
        if (before && before.number > number) return 'stale';
        if (before?.number === number) return before.reply;
        // The row went with the lease: then it is claimed anew, under a lease that is not there.
        const reply = take(next, lease, this.#world.want);
        next.calls[row] = { number, reply };
        if (reply.startsWith('claimed')) remember(next, worker, reply);
        return reply;
      });
    }
  }

  #close(model: Model, lease: string): Step {
    const change = (next: Model): string => {
      const holding = holds(next, lease) > 0;
      if (!holding) delete next.leases[lease];
      else if (next.leases[lease]) next.leases[lease] = 'dead';
      // What it holds may not have started: reclaim asks its claims.
      if (!holding) delete next.calls[`${lease}:claim`];
      const isDelayed = Object.values(next.jobs).some(({ state }) => state === 'delayed');
      if (next.waiting.length + next.suspects.length > 0 || isDelayed) next.marker = true;
      return holding ? 'dead' : 'closed';
    };
    const send = script(scripts.close, { lease }, [{ call: `${lease}:claim` }], joined);
    return this.#step(model, `close ${lease}`, change, send);
  }

  /** A claim is shown by whoever remembers it, whatever has become of the job. */
  #settle(model: Model, title: string, claim: Claim, how: Ending): Step {
    const { id, serial } = claim;
    const attempts = claim.attempts + 1;
    const change = (next: Model): string => settle(next, claim, how);
    const send: Step['send'] = (keys, tokenOf) => {
      const shown = { id, token: tokenOf(serial) };
      const calls = {
        complete: () => script(scripts.complete, { age: '' }, [{ ...shown, outcome: '1' }], joined),
        fail: () => script(scripts.fail, { age: '' }, [{ ...shown, attempts, failure }], joined),
        stop: () => script(scripts.stop, { age: '' }, [shown], joined),
        retry: () => script(scripts.retry, {}, [{ ...shown, attempts, delay: 0, failure }], joined),
        delay: () => script(scripts.delay, {}, [{ ...shown, delay: 3_600_000 }], joined),
        handback: () => script(scripts.handback, {}, [{ ...shown, ran: 0 }], joined),
      };
      return calls[how]()(keys);
    };
    return this.#step(model, title, change, send);
  }

  /** Time passes, as the keys tell it; and somebody who blocks takes the marker. */
  *#ofTime(model: Model): Generator<Step> {
    for (const [lease, life] of Object.entries(model.leases)) {
      if (life !== 'live') continue;
      const change = (next: Model): string => {
        next.leases[lease] = 'late';
        return '0';
      };
      const send = (keys: QueueKeys): Sent => ({
        words: ['ZADD', keys.leases, 1, lease],
        told: String,
      });
      yield this.#step(model, `the deadline of ${lease} passes`, change, send);
    }
    for (const [id, { state, due, ttl }] of Object.entries(model.jobs)) {
      if (state === 'delayed' && !due) yield this.#passes(model, id, 'delayed', { due: true });
      if (ttl === 'runs') yield this.#passes(model, id, 'expiring', { ttl: 'over' });
    }
    if (!model.marker) return;
    yield this.#step(model, 'the marker is taken', takeMarker, (keys) => ({ words: ['LPOP', keys.wake], told: String })); // prettier-ignore
  }

  #passes(model: Model, id: string, noun: 'delayed' | 'expiring', then: Partial<Job>): Step {
    const change = (next: Model): string => {
      Object.assign(next.jobs[id] as Job, then);
      return '0';
    };
    const send = (keys: QueueKeys): Sent => ({ words: ['ZADD', keys[noun], 1, id], told: String });
    return this.#step(model, `the time of ${id} in ${noun} comes`, change, send);
  }

  *#ofSweeper(model: Model): Generator<Step> {
    if (this.#world.timed) {
      const promoting = script(scripts.promote, { limit: 100, timer: '' }, [], ({ moved }) =>
        String(moved),
      );
      yield this.#step(model, 'a sweep promotes', promote, promoting);
      const expiring = script(scripts.expire, { limit: 100, failure }, [], ({ expired }) => expired.join(' ')); // prettier-ignore
      yield this.#step(model, 'a sweep expires', expire, expiring);
    }
    yield this.#step(model, 'late leases lapse', lapse, script(scripts.lapse, { latest: Number.MAX_SAFE_INTEGER }, [], ({ holding }) => String(holding))); // prettier-ignore
    yield this.#reclaim(model);
    for (const claim of model.over) {
      const title = `the sweeper ends ${claim.id} #${claim.serial} by ${claim.how}`;
      yield this.#settle(model, title, { ...claim, attempts: claim.attempts - 1 }, claim.how);
    }
  }

  #reclaim(model: Model): Step {
    const change = (next: Model): string => reclaim(next, this.#world.losses);
    const args = { cursor: '0', losses: this.#world.losses };
    const send = script(scripts.reclaim, args, [], ({ suspects, over }) => {
      const told = over.map(({ id, token, attempts, settle: how }) => `${id}/${token}/${attempts}/${how}`); // prettier-ignore
      return [...suspects.toSorted(), ...told.toSorted()].join(' ');
    });
    return this.#step(model, 'a sweep reclaims', change, send);
  }

  *#ofFamily(model: Model): Generator<Step> {
    yield* familySteps(model, (title, change, send) => this.#step(model, title, change, send));
    const { known } = model.family;
    if (known === undefined) return;
    for (const number of this.#numbers(model, 'Pb:defer'))
      yield this.#called(model, 'Pb:defer', number, `defer b, a being ${known.word}`, defer, (keys) => deferred(model, keys, { call: 'Pb:defer', number })); // prettier-ignore
  }

  /** A producer adds any job, and acts on the first; copies of its last call of each script, and of the one before, may arrive late. */
  *#ofProducer(model: Model): Generator<Step> {
    for (const id of this.#world.ids) {
      const names = id === this.#world.ids[0] ? this.#world.acts : (['enqueue'] as const);
      for (const name of names) {
        const row = `P${id}:${name}`;
        for (const number of this.#numbers(model, row))
          yield this.#called(model, row, number, `${name} ${id}`, (next) => produce(next, name, id), acts[name](id, { call: row, number })); // prettier-ignore
      }
    }
  }

  /** The next call of a producer, and copies of the last one and of the one before. */
  #numbers(model: Model, row: string): number[] {
    const sent = model.sent[row] ?? 0;
    return [sent - 1, sent, sent + 1].filter((n) => n > 0 && n <= this.#world.most);
  }

  #called(
    model: Model,
    row: string,
    number: number,
    what: string,
    work: (next: Model) => string,
    send: Step['send'],
  ): Step {
    const title = number > (model.sent[row] ?? 0) ? what : `a copy of ${what} ${number} arrives`;
    const change = (next: Model): string => {
      const before = next.calls[row];
      if (before && before.number > number) return 'stale';
      if (before?.number === number) return before.reply;
      next.sent[row] = number;
      const reply = work(next);
      next.calls[row] = { number, reply };
      return reply;
    };
    return this.#step(model, title, change, send);
  }
}
