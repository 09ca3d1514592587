// Child processes of a sample: they take orders one after the other, may send notes meanwhile, and end with their parent.
import { fork } from 'node:child_process';
import { join } from 'node:path';

/** ms that a child has to end by itself. */
const patience = 5_000;

export class Child {
  #process;
  #name;
  #listen;
  /** The order under way. */
  #asked;
  #ended;
  #ending = false;

  /**
   * @param {string} program file in `kinds/children`
   * @param {(note: any) => void} [listen] hears its notes, and `{ broken }` when it ends while it has no order
   */
  constructor(program, listen = () => undefined) {
    this.#name = program;
    this.#listen = listen;
    const file = join(import.meta.dirname, '../children', program);
    // The parent's standard output is for its result alone.
    this.#process = fork(file, { stdio: ['ignore', 2, 'inherit', 'ipc'] });
    this.#process.on('message', (message) => this.#hear(message));
    this.#process.on('error', (error) => this.#fail(error));
    this.#ended = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        this.#fail(new Error(`${program} has ended with ${signal ?? code}`));
        resolve();
      });
    });
  }

  #hear({ note, reply, error }) {
    if (note !== undefined) this.#listen(note);
    else if (error !== undefined) this.#fail(new Error(`${this.#name}: ${error}`));
    else {
      this.#asked?.resolve(reply);
      this.#asked = undefined;
    }
  }

  #fail(error) {
    if (this.#asked) this.#asked.reject(error);
    else if (!this.#ending) this.#listen({ broken: error.stack });
    this.#asked = undefined;
  }

  /**
   * Gives an order and waits until it was carried out; one at a time.
   *
   * @param {string} order
   * @param {object} [settings]
   * @returns {Promise<any>}
   */
  ask(order, settings = {}) {
    if (this.#asked) throw new Error(`${this.#name}: it has not carried out the last order yet`);
    if (!this.#process.connected)
      return Promise.reject(new Error(`${this.#name}: it runs no more`));
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#process.send({ order, settings });
    });
  }

  /** Ends it, and waits for that. */
  async end() {
    this.#ending = true;
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), patience);
    await this.#ended;
    clearTimeout(timer);
  }
}

/**
 * The child's side: carries out the orders by name. It ends when the parent has gone or lets it go.
 *
 * @param {Record<string, (settings: any) => unknown>} orders
 */
export function obey(orders) {
  process.once('disconnect', () => process.exit());
  const carryOut = async ({ order, settings }) => {
    try {
      const reply = await orders[order](settings);
      process.send({ reply: reply ?? null });
    } catch (error) {
      process.send({ error: error.stack });
    }
  };
  process.on('message', (message) => void carryOut(message));
}

/** Tells the parent something that it did not ask for; one that has gone hears nothing. */
export function tell(note) {
  if (process.connected) process.send({ note });
}
