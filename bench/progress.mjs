// What is told while a run goes on: a line for each point of a round, and how long the rest will take.
import { figureOf } from './figures.mjs';
import { titleOf } from './report/names.mjs';
import { duration, short } from './report/numbers.mjs';
import { seriesIn } from './results.mjs';

/** So many of a question's columns are told while it runs. */
const columnsWhileRunning = 2;

/**
 * @typedef {object} Step a point in a round: one sample of each library
 * @property {number} round 0 is the warm-up
 * @property {number} part of the jobs
 * @property {import('./questions/index.mjs').Question} question
 * @property {import('./sample.mjs').Point} point
 */

/** Expects each step to take as long as the same point took before, or else as long as others took. */
export class Countdown {
  #steps;
  #done = 0;
  #start = performance.now();
  #before = this.#start;
  /** Seconds that a point takes with all of its jobs, by id. */
  #known = new Map();

  /** @param {readonly Step[]} steps all of the run, in order */
  constructor(steps) {
    this.#steps = steps;
  }

  /** The next step is done; tells `[12/240, 3 min, about 14 min left]`. */
  step() {
    const now = performance.now();
    const { point, part } = this.#steps[this.#done];
    this.#known.set(point.id, (now - this.#before) / 1_000 / share(part));
    this.#before = now;
    this.#done += 1;
    const passed = duration((now - this.#start) / 1_000);
    const left = duration(this.#left());
    return `[${this.#done}/${this.#steps.length}, ${passed}, about ${left} left]`;
  }

  #left() {
    const known = [...this.#known.values()];
    const usual = known.reduce((sum, seconds) => sum + seconds, 0) / known.length;
    return this.#steps
      .slice(this.#done)
      .reduce(
        (sum, { point, part }) => sum + (this.#known.get(point.id) ?? usual) * share(part),
        0,
      );
  }
}

/** Part of the time that a part of the jobs takes: starting and ending a process does not get shorter. */
function share(part) {
  return 0.2 + 0.8 * part;
}

/**
 * @param {Step} step
 * @param {number} rounds of its question
 * @param {readonly import('./results.mjs').Sample[]} samples
 */
export function stepLine({ round, question, point }, rounds, samples) {
  const label = round === 0 ? 'warm-up' : `${round} of ${rounds}`;
  const parts = samples.map(({ library, outcome }) =>
    `${titleOf(library)} ${figuresOf(question.columns, library, outcome)}`.padEnd(30),
  );
  return `${label.padEnd(8)}${point.label.padEnd(24)} ${parts.join('  ')}`.trimEnd();
}

function figuresOf(columns, library, outcome) {
  const series = seriesIn(library, outcome);
  if (series.length !== 1) return `${series.length} series`;
  const [[, figures]] = series;
  const shown = columns.filter((figure) => figure in figures).slice(0, columnsWhileRunning);
  const texts = shown.map((figure) => {
    const { unit, digits } = figureOf(figure);
    return short(Number(figures[figure]), digits) + shortUnit(unit);
  });
  return texts.join(' ') + (figures.saturated ? ', could not follow' : '');
}

function shortUnit(unit) {
  return unit === 'jobs/s' ? '/s' : ` ${unit.replace('/job', '')}`;
}
