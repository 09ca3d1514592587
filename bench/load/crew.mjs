// The producer and worker processes of a load test: started together, asked how it goes, gathered in, and ended whatever happens.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Where each kind of process is. */
const files = {
  producer: join(import.meta.dirname, 'producer.mjs'),
  worker: join(import.meta.dirname, 'worker.mjs'),
};

class Member {
  /** What it told last: sums since the start. */
  figures = {};
  /** Resolves when Redis is there for it. */
  ready;
  /** Resolves to what it tells at the end. */
  final;
  #child;
  /** Resolves when it has ended. */
  #over;
  /** Who waits for figures. */
  #onTold = [];

  /**
   * @param {'producer' | 'worker'} role
   * @param {object} settings with its `number`
   * @param {string} url
   * @param {(message: object) => void} onFigures
   */
  constructor(role, settings, url, onFigures) {
    this.#child = fork(files[role], [JSON.stringify(settings)], {
      serialization: 'advanced',
      env: { ...process.env, REDIS_URL: url },
      // The load test itself tells what it finds wrong with the server.
      execArgv: [
        ...process.execArgv,
        '--disable-warning=LUNAQ_EVICTION',
        '--disable-warning=LUNAQ_LUA_HOLES',
      ],
    });
    const exit = once(this.#child, 'exit');
    this.#over = exit.then(() => undefined);
    const ended = exit.then(([code, signal]) => {
      const how = signal ? `by ${signal}` : `with code ${code}`;
      throw new Error(`${role} process ${settings.number + 1} ended ${how}`);
    });
    const heard = (kind) =>
      new Promise((resolve, reject) => {
        this.#child.on('message', (message) => {
          if (message.kind === kind) resolve(message);
          if (message.kind === 'failed')
            reject(new Error(`${role} process ${settings.number + 1}: ${message.message}`));
        });
        ended.catch(reject);
      });
    this.#child.on('message', (message) => {
      if (message.kind !== 'figures') return;
      this.figures = message;
      onFigures(message);
      for (const told of this.#onTold.splice(0)) told();
    });
    this.ready = heard('ready');
    this.final = heard('final');
    // Who waits for it hears of it.
    this.ready.catch(() => undefined);
    this.final.catch(() => undefined);
  }

  /** @param {object} message */
  tell(message) {
    // One that ends just now has told its last, and needs to hear nothing more.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Resolves when it has told its figures anew, or has ended. */
  async ask() {
    if (!this.#child.connected) return;
    const told = new Promise((resolve) => {
      this.#onTold.push(resolve);
    });
    this.tell({ kind: 'tell' });
    await Promise.race([told, this.#over]);
  }

  async end() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

export class Crew {
  /** @type {readonly Member[]} */
  producers;
  /** @type {readonly Member[]} */
  workers;

  /**
   * @param {object} settings of all processes
   * @param {string} url
   * @param {(message: object) => void} onFigures is told what each process tells when it is asked
   */
  constructor(settings, url, onFigures) {
    const members = (role, count) =>
      Array.from(
        { length: count },
        (_, number) => new Member(role, { ...settings, number }, url, onFigures),
      );
    this.producers = members('producer', settings.producers);
    this.workers = members('worker', settings.workers);
  }

  get #all() {
    return [...this.producers, ...this.workers];
  }

  /** Resolves when Redis is there for all of them. */
  async ready() {
    await Promise.all(this.#all.map((member) => member.ready));
  }

  /** @param {number} start ms by the machine's clock */
  start(start) {
    for (const member of this.#all) member.tell({ kind: 'start', start });
  }

  /** Resolves when all have told their figures anew; those that have ended have told their last. */
  async ask() {
    await Promise.all(this.#all.map((member) => member.ask()));
  }

  /**
   * Rejects when one of them ends before its time.
   *
   * @returns {Promise<never>}
   */
  async broken() {
    return await new Promise((_, reject) => {
      for (const { final } of this.#all) final.catch(reject);
    });
  }

  /**
   * Tells members to stop, and resolves to what they tell at the end.
   *
   * @param {readonly Member[]} members
   */
  async stop(members) {
    for (const member of members) member.tell({ kind: 'stop' });
    return await this.finals(members);
  }

  /** @param {readonly Member[]} members */
  async finals(members) {
    return await Promise.all(members.map((member) => member.final));
  }

  /** Ends those that still run. */
  async end() {
    await Promise.all(this.#all.map((member) => member.end()));
  }
}
