// How a load test goes: what its processes and the server told, summed up, and the difference between two looks.
import { Latencies } from './latencies.mjs';
import { addedUp } from './troubles.mjs';

/** Jobs that are behind, in seconds of the rate, from which on the load is too much; and up to which all is well. */
const tooMuch = 0.5;
const well = 0.25;
/** Fewer jobs than this are never too much. */
const few = 10;

const quantiles = [0.5, 0.9, 0.99, 0.999, 1];
const quantileNames = ['p50', 'p90', 'p99', 'p999', 'max'];

/** @param {Latencies} latencies */
export function quantilesOf(latencies) {
  return Object.fromEntries(
    quantiles.map((q, at) => [quantileNames[at], latencies.quantile(q) ?? null]),
  );
}

/**
 * @typedef {object} Interval
 * @property {number} seconds since the start
 * @property {number} offered jobs per second, as are the next two
 * @property {number} added acknowledged
 * @property {number} done completed
 * @property {number | null} waiting jobs in the queues; null when the server does not tell
 * @property {{ p50: number | null, p99: number | null }} start ms from the moment when jobs were due to their start
 * @property {{ cpu: number | null, ops: number | null, memory: number, isAway: boolean }} redis share of a core; commands
 *   per second; bytes
 * @property {number} errors in this interval
 */

function sum(members, name) {
  return members.reduce((total, { figures }) => total + (figures[name] ?? 0), 0);
}

function sums(members, name) {
  return addedUp(members.map(({ figures }) => figures[name] ?? {}));
}

/** Of the time between the two last answers of the server; null when there is no new one. */
function serverRates(last, { usage, told }) {
  const seconds = (told - last.told) / 1_000;
  if (seconds <= 0) return { cpu: null, ops: null };
  return {
    cpu: (usage.cpu - last.usage.cpu) / 1e6 / seconds,
    ops: (usage.commands - last.usage.commands) / seconds,
  };
}

export class Progress {
  /** Over the whole test. */
  start = new Latencies();
  completed = new Latencies();
  lateness = new Latencies();
  /** Jobs that were due and have neither started nor been refused. */
  #behind = 0;
  /** s at which they began to be behind for good. */
  #behindSince = 0;
  #recent = new Latencies();
  #crew;
  #probe;
  #rate;
  #last;

  /**
   * @param {import('./probe.mjs').Probe} probe
   * @param {number} rate
   */
  constructor(probe, rate) {
    this.#probe = probe;
    this.#rate = rate;
  }

  /** @param {import('./crew.mjs').Crew} crew */
  follow(crew) {
    this.#crew = crew;
    this.#last = this.#sums(0);
  }

  /** Takes what a process recorded in an interval. */
  heard({ startLatency, completedLatency, lateness }) {
    if (lateness) this.lateness.merge(lateness);
    if (!startLatency) return;
    this.#recent.merge(startLatency);
    this.start.merge(startLatency);
    this.completed.merge(completedLatency);
  }

  /** Sums of what the processes told. */
  get counts() {
    const { producers, workers } = this.#crew;
    return {
      offered: sum(producers, 'offered'),
      added: sum(producers, 'added'),
      refused: sums(producers, 'refused'),
      started: sum(workers, 'started'),
      completed: sum(workers, 'completed'),
      failed: sum(workers, 'failed'),
      stalled: sum(workers, 'stalled'),
      troubles: sums([...producers, ...workers], 'troubles'),
      producerCpu: sum(producers, 'cpu'),
      workerCpu: sum(workers, 'cpu'),
    };
  }

  #sums(seconds) {
    const { offered, added, completed, refused, troubles } = this.counts;
    const errors = [refused, troubles].flatMap(Object.values).reduce((a, b) => a + b, 0);
    const { usage, told } = this.#probe;
    return { seconds, offered, added, completed, errors, usage, told };
  }

  /**
   * What happened since the last call.
   *
   * @param {number} seconds since the start
   * @param {{ due: number, waiting: number | null }} now jobs that were due so far, and those in the queues
   * @returns {Interval}
   */
  interval(seconds, { due, waiting }) {
    const current = this.#sums(seconds);
    const last = this.#last;
    this.#last = current;
    const rate = (name) => Math.max(0, (current[name] - last[name]) / (seconds - last.seconds));
    const recent = quantilesOf(this.#recent);
    this.#recent = new Latencies();
    this.mark(seconds, due);
    return {
      seconds,
      offered: rate('offered'),
      added: rate('added'),
      done: rate('completed'),
      waiting,
      start: { p50: recent.p50, p99: recent.p99 },
      redis: {
        ...serverRates(last, current),
        memory: this.#probe.memory,
        isAway: this.#probe.isAway,
      },
      errors: current.errors - last.errors,
    };
  }

  /**
   * Notes how many jobs are behind.
   *
   * @param {number} seconds since the start
   * @param {number} due jobs that were due so far
   */
  mark(seconds, due) {
    const { started, refused } = this.counts;
    this.#behind = Math.max(0, due - started - Object.values(refused).reduce((a, b) => a + b, 0));
    if (this.#behind <= Math.max(few, this.#rate * well)) this.#behindSince = seconds;
  }

  /** Whether the last look found more jobs behind than half a second brings, and since when (s). */
  get saturation() {
    const saturated = this.#behind > Math.max(few, this.#rate * tooMuch);
    return { saturated, since: saturated ? this.#behindSince : null };
  }
}
