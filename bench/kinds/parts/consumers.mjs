// Consumers in processes of their own, side by side at one queue.
import { Child } from './child.mjs';

export class Consumers {
  #children;
  #completed = [];
  #jobs = Infinity;
  #over;
  #done;
  #broken;

  /** @param {number} processes */
  constructor(processes) {
    this.#children = Array.from(
      { length: processes },
      (_, n) => new Child('consumer.mjs', (note) => this.#hear(n, note)),
    );
  }

  async end() {
    await Promise.all(this.#children.map((child) => child.end()));
  }

  async #ask(order, settings) {
    return await Promise.all(this.#children.map((child) => child.ask(order, settings)));
  }

  /** They get ready to work at a queue: see `open` in children/consumer.mjs. */
  async open(settings) {
    await this.#ask('open', settings);
    this.#completed = this.#children.map(() => 0);
    this.#jobs = Infinity;
    this.#over = new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#broken = reject;
    });
    this.#over.catch(() => undefined);
  }

  /** They begin to work. */
  async run() {
    await this.#ask('run');
  }

  #hear(n, { completed, broken }) {
    if (broken !== undefined) this.#broken?.(new Error(broken));
    else this.#completed[n] = completed;
    this.#look();
  }

  #look() {
    const all = this.#completed.reduce((sum, completed) => sum + completed, 0);
    if (all >= this.#jobs) this.#done();
  }

  /** Resolves when so many completions were acknowledged to all of them. */
  reached(jobs) {
    this.#jobs = jobs;
    this.#look();
    return this.#over;
  }

  /** Ends their work; throws unless each job was delivered to one of them, and once. */
  async reports(jobs) {
    const reports = await this.#ask('report');
    exactlyOnce(reports, jobs);
    return reports;
  }
}

function exactlyOnce(reports, jobs) {
  const seen = Buffer.alloc(Math.ceil(jobs / 8));
  let found = 0;
  for (const report of reports)
    for (const [at, bits] of Buffer.from(report.jobs, 'base64').entries()) {
      if ((seen[at] & bits) !== 0) throw new Error('a job was delivered to two processes');
      seen[at] |= bits;
      for (let rest = bits; rest > 0; rest &= rest - 1) found += 1;
    }
  if (found !== jobs) throw new Error(`${found} of ${jobs} jobs were delivered`);
}
