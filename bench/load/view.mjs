// What is seen while a load test runs: a table whose newest rows are drawn in place on a terminal, and printed elsewhere.
import { styleText } from 'node:util';
import { duration, figure, percent, size } from './text.mjs';

/** Most rows that stand on a terminal. */
const mostRows = 12;

/** @type {[title: string, width: number, text: (interval: import('./progress.mjs').Interval) => string][]} */
const columns = [
  ['time', 7, ({ seconds }) => `${figure(seconds, 1)} s`],
  ['offered/s', 10, ({ offered }) => figure(offered)],
  ['added/s', 9, ({ added }) => figure(added)],
  ['done/s', 9, ({ done }) => figure(done)],
  ['waiting', 10, ({ waiting }) => (waiting === null ? '-' : figure(waiting))],
  ['start p50', 10, ({ start }) => duration(start.p50)],
  ['start p99', 10, ({ start }) => duration(start.p99)],
  ['Redis CPU', 10, ({ redis }) => (redis.isAway ? 'away' : percent(redis.cpu))],
  ['ops/s', 9, ({ redis }) => (redis.ops === null ? '-' : figure(redis.ops))],
  ['memory', 9, ({ redis }) => size(redis.memory)],
  ['errors', 7, ({ errors }) => figure(errors)],
];

function row(texts) {
  return texts.map((text, at) => text.padStart(columns[at][1])).join(' ');
}

export class View {
  #json;
  #isTerminal;
  #colour;
  #rows = [];
  #drawn = 0;
  #count = 0;
  #hide;

  /**
   * @param {{ json: boolean }} options
   * @param {(text: string) => string} hide takes the password out of a text
   */
  constructor({ json }, hide) {
    this.#json = json;
    this.#hide = hide;
    this.#isTerminal = !json && process.stdout.isTTY && process.env.TERM !== 'dumb';
    this.#colour = this.#isTerminal && !process.env.NO_COLOR;
  }

  /**
   * Something to mind, on stderr.
   *
   * @param {string} text
   */
  warn(text) {
    this.#leave();
    process.stderr.write(`load: ${this.#hide(text)}\n`);
  }

  /**
   * Lines for people; where programs read JSON, nothing.
   *
   * @param {string} text
   */
  print(text) {
    this.#leave();
    if (!this.#json) process.stdout.write(`${text}\n`);
  }

  /**
   * A document on one line; only with `--json`.
   *
   * @param {object} value
   */
  document(value) {
    if (this.#json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /**
   * @param {import('./progress.mjs').Interval} interval
   * @param {string} phase what is being done
   */
  show(interval, phase) {
    this.document({ interval: { ...interval, phase } });
    if (this.#json) return;
    const text = row(columns.map(([, , cell]) => cell(interval)));
    if (this.#isTerminal) this.#draw(this.#style(interval, text), phase);
    else {
      if (this.#count % 20 === 0) process.stdout.write(`${row(columns.map(([title]) => title))}\n`);
      process.stdout.write(`${text}\n`);
    }
    this.#count += 1;
  }

  #style({ errors, redis }, text) {
    return this.#colour && (errors > 0 || redis.isAway) ? styleText('red', text) : text;
  }

  #draw(text, phase) {
    const most = Math.max(1, Math.min(mostRows, (process.stdout.rows || 24) - 4));
    this.#rows = [...this.#rows, text].slice(-most);
    const head = row(columns.map(([title]) => title));
    const bold = this.#colour ? styleText('bold', head) : head;
    const lines = [bold, ...this.#rows, phase];
    // Lines are cut at the edge meanwhile: a wrapped one would count twice on the way up.
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
    process.stdout.write(`${up}\r\u001b[J\u001b[?7l${lines.join('\n')}\n\u001b[?7h`);
    this.#drawn = lines.length;
  }

  /** What was drawn stays; the next drawing begins below. */
  #leave() {
    this.#drawn = 0;
    this.#rows = [];
  }
}
