// A load test from start to end: look at the server, start the processes, offer for so many seconds, let the rest be worked on, gather
// in, judge, clean up.
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from '../../dist/index.js';
import { clock } from '../clock.mjs';
import { Crew } from './crew.mjs';
import { clean, inspect } from './ground.mjs';
import { judge } from './judge.mjs';
import { Probe } from './probe.mjs';
import { Progress } from './progress.mjs';
import { Schedule } from './schedule.mjs';

/** ms from now in which all processes hear when to start. */
const lead = 300;
/** ms between two looks at whether anything is left to do. */
const glance = 100;
/**
 * ms without any job done after which the rest is given up: longer than the lease of a worker that died, one more after an outage, and
 * the sweeps that find that out.
 */
const patience = 90_000;
/** ms that processes and the server get to tell figures; else they come with the next ones. */
const grace = 250;

/** How many jobs are in the queues, by what is asked. */
async function countOf(queues, ...states) {
  const counts = await Promise.all(queues.map((queue) => queue.getJobCounts(...states)));
  return counts.flatMap(Object.values).reduce((sum, count) => sum + count, 0);
}

/** Resolves when the signal fires. */
function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', resolve, { once: true });
  });
}

export class LoadTest {
  #flags;
  #url;
  #view;
  #interrupted;
  /** Resolves when the test is to end early. */
  #interruption;
  #probe;
  #progress;
  #queues;
  #crew;
  #schedule;
  #start = 0;
  #phase = 'offering';
  #waiting = null;
  #isCounting = false;
  /** Ends what goes on beside the test. */
  #over = new AbortController();

  /**
   * @param {import('./flags.mjs').Flags} flags
   * @param {{ url: string, isPrivate: boolean }} server
   * @param {import('./view.mjs').View} view
   * @param {AbortSignal} interrupted ends the test early
   */
  constructor(flags, { url, isPrivate }, view, interrupted) {
    this.#flags = { ...flags, isPrivate };
    this.#url = url;
    this.#view = view;
    this.#interrupted = interrupted;
    this.#interruption = aborted(interrupted);
    this.#probe = new Probe(url);
    this.#progress = new Progress(this.#probe, flags.rate);
  }

  /** @returns what the report is made of, or undefined when it was interrupted before it began */
  async run(onReady) {
    const { prefix, queues, keep, isPrivate } = this.#flags;
    try {
      await this.#probe.open();
      const warnings = await inspect(this.#probe, { prefix, isPrivate, url: this.#url });
      onReady(this.#probe.fields, warnings);
      const names = Array.from({ length: queues }, (_, at) => `load-${at + 1}`);
      this.#queues = names.map((name) => {
        const queue = new Queue(name, { connection: this.#url, prefix });
        // What a call can't do, it rejects with.
        queue.on('error', () => undefined);
        return queue;
      });
      const settings = { ...this.#flags, names, redis: undefined };
      this.#crew = new Crew(settings, this.#url, (message) => this.#progress.heard(message));
      this.#progress.follow(this.#crew);
      const report = await Promise.race([this.#work(), this.#crew.broken()]);
      return report && { ...report, warnings };
    } finally {
      this.#over.abort();
      await this.#crew?.end();
      if (this.#queues) await this.#cleanUp(keep, prefix);
      this.#probe.close();
    }
  }

  async #cleanUp(keep, prefix) {
    const trouble = keep ? undefined : await clean(this.#probe.redis, this.#queues, prefix);
    await Promise.all(this.#queues.map((queue) => queue.close()));
    if (trouble) this.#view.warn(trouble);
    if (keep) this.#view.print(`kept: ${this.#queues.length} queues under ${prefix}:`);
  }

  async #work() {
    await Promise.race([this.#crew.ready(), this.#interruption]);
    if (this.#interrupted.aborted) return undefined;
    await this.#probe.look();
    const before = { ...this.#probe.usage };
    this.#start = clock() + lead;
    this.#schedule = new Schedule(this.#start, this.#flags);
    this.#crew.start(this.#start);
    const watching = this.#watch();
    const { producers, workers } = this.#crew;

    const end = this.#start + this.#flags.seconds * 1_000;
    await Promise.race([this.#sleep(end - clock()), this.#interruption]);
    const offered = await this.#atTheEndOfOffering(Math.min(clock(), end));
    this.#phase = 'waiting for the last adds';
    await Promise.race([this.#crew.finals(producers), this.#interruption]);
    const made = await this.#crew.stop(producers);
    this.#phase = 'working on the rest';
    await this.#drained();
    this.#phase = 'closing';
    const done = await this.#crew.stop(workers);
    this.#over.abort();
    await watching;
    return await this.#report({ before, offered, made, done });
  }

  async #sleep(ms) {
    // Only the end of the test aborts it.
    await sleep(Math.max(0, ms), undefined, { signal: this.#over.signal }).catch(() => undefined);
  }

  /** How much was done while jobs were offered, and whether that was too much. */
  async #atTheEndOfOffering(time) {
    const seconds = Math.max(0, time - this.#start) / 1_000;
    await Promise.race([this.#crew.ask(), this.#sleep(grace)]);
    this.#progress.mark(seconds, this.#schedule.dueBy(time));
    return { seconds, completed: this.#progress.counts.completed, ...this.#progress.saturation };
  }

  /** Shows figures each interval. */
  async #watch() {
    for (let interval = 1; ; interval += 1) {
      const end = this.#start + interval * this.#flags.interval * 1_000;
      await this.#sleep(end - clock());
      if (this.#over.signal.aborted) return;
      const due = this.#schedule.dueBy(end);
      const asked = Promise.all([this.#crew.ask(), this.#probe.look(), this.#count()]);
      await Promise.race([asked, this.#sleep(Math.min(grace, this.#flags.interval * 500))]);
      const waiting = this.#probe.isAway || this.#isCounting ? null : this.#waiting;
      const seconds = (clock() - this.#start) / 1_000;
      this.#view.show(this.#progress.interval(seconds, { due, waiting }), this.#phase);
    }
  }

  /** Asks how many jobs wait, unless an answer is still to come. */
  async #count() {
    if (this.#isCounting) return;
    this.#isCounting = true;
    try {
      this.#waiting = await countOf(this.#queues, 'waiting');
    } catch {
      // The server is away; the probe tells.
      this.#waiting = null;
    } finally {
      this.#isCounting = false;
    }
  }

  get #stopping() {
    return this.#interrupted.aborted || this.#over.signal.aborted;
  }

  /** Resolves when no job is left to work on, when nothing was done for long, or when the test was interrupted. */
  async #drained() {
    let last = -1;
    let changed = clock();
    while (!this.#stopping && clock() - changed < patience) {
      await Promise.race([this.#crew.ask(), this.#sleep(grace)]);
      const { completed } = this.#progress.counts;
      if (completed !== last) changed = clock();
      last = completed;
      const left = await Promise.race([
        countOf(this.#queues, 'waiting', 'delayed', 'active').catch(() => undefined),
        this.#interruption,
      ]);
      if (left === 0) return;
      await sleep(glance);
    }
  }

  async #report({ before, offered, made, done }) {
    const counts = this.#progress.counts;
    const left = await countOf(this.#queues, 'waiting', 'delayed', 'active').catch(() => null);
    await this.#probe.look();
    const seconds = (clock() - this.#start) / 1_000;
    const used = Object.fromEntries(
      Object.entries(this.#probe.usage).map(([name, sum]) => [name, sum - before[name]]),
    );
    const found = { runs: counts.started, left: left ?? 0 };
    return {
      flags: this.#flags,
      interrupted: this.#interrupted.aborted,
      seconds,
      offered,
      counts,
      left,
      verdict: judge(this.#schedule.jobs, made, done, found),
      latency: this.#progress,
      server: { used, peakMemory: this.#probe.peakMemory, outages: this.#probe.outages },
    };
  }
}
