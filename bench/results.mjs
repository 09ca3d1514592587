// From the samples of all rounds to figures: medians with their spread, ratios round by round, goals reached or missed. Pure.

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {(number | null)[]} samples by round; null where this round did not measure it
 *
 * @typedef {Record<string, Spread>} Figures
 *
 * @typedef {Record<string, number | boolean>} Measured flat figures, as a sample prints them
 * @typedef {Measured | { series: Record<string, Measured> }} Outcome
 *
 * @typedef {object} Sample what one process measured
 * @property {number} round from 0
 * @property {string} point
 * @property {string} library
 * @property {Outcome} outcome
 *
 * @typedef {object} PointResult
 * @property {string} id
 * @property {string} label
 * @property {number} [x]
 * @property {Record<string, Figures>} series
 * @property {Record<string, Figures>} ratios Lunaq's figures as multiples of this series', of the same round
 *
 * @typedef {object} QuestionResult
 * @property {string} id
 * @property {string} title
 * @property {string} ask
 * @property {{ title: string, scale?: 'log' | 'linear' }} [axis]
 * @property {readonly string[]} columns figures of the table
 * @property {readonly Chart[]} charts
 * @property {string} limits Markdown
 * @property {PointResult[]} points
 *
 * @typedef {{ figure: string, title: string, scale?: 'log' | 'linear' }} Chart
 * @typedef {Omit<QuestionResult, 'points'> & { points: readonly { id: string, label: string, x?: number }[] }} Question
 *
 * @typedef {object} Results what results/latest.json holds
 * @property {Record<string, unknown>} environment
 * @property {number} rounds
 * @property {boolean} quick
 * @property {string} started
 * @property {number} seconds
 * @property {string[]} [leftOut] what was not measured, with the reason
 * @property {{ library: string, point: string, reason: string }[]} [failures] whose figures are missing
 * @property {QuestionResult[]} questions
 * @property {import('./micro/run-cases.mjs').MicroFigure[]} [micro] what small things cost alone
 * @property {Verdict[]} verdicts
 *
 * @typedef {object} Place
 * @property {string} point
 * @property {string} [series] Lunaq's if absent; with a `*` all of the point that are named so, judged by the worst
 * @property {string} figure
 *
 * @typedef {object} Goal a figure, or with `against` its ratio to another one in the same round
 * @property {string} title
 * @property {Place} of
 * @property {Partial<Place>} [against] the rest as in `of`
 * @property {number} [atLeast]
 * @property {number} [atMost]
 *
 * @typedef {Goal & { value?: Omit<Spread, 'samples'>, worst?: string, reached?: boolean, missing?: string }} Verdict without
 *   `value` it could not be judged, and `missing` tells what was not measured
 */

/** The library that all others are compared with. */
export const own = 'lunaq';

/**
 * @param {readonly (number | null)[]} samples by round; at least one of them a number
 * @returns {Spread}
 */
export function spreadOf(samples) {
  const sorted = samples.filter((sample) => sample !== null).toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), samples: [...samples] };
}

/**
 * The samples of a question as its results, points in the question's order. Points without a sample stay, empty.
 *
 * @param {Question} question
 * @param {readonly Sample[]} samples of this question
 * @returns {QuestionResult}
 */
export function questionResult(question, samples) {
  const { id, title, ask, axis, columns, charts, limits } = question;
  const points = question.points.map((point) => {
    const series = seriesOf(samples.filter((sample) => sample.point === point.id));
    const { x } = point;
    return {
      id: point.id,
      label: point.label,
      ...(x !== undefined && { x }),
      series,
      ratios: ratiosOf(series),
    };
  });
  return {
    id,
    title,
    ask,
    ...(axis && { axis }),
    columns,
    charts,
    limits,
    points,
  };
}

/**
 * A sample of several series: Lunaq's have their own names, those of a peer its name before them.
 *
 * @param {string} library
 * @param {Outcome} outcome
 * @returns {[string, Measured][]}
 */
export function seriesIn(library, outcome) {
  if (typeof outcome.series !== 'object') return [[library, outcome]];
  const prefix = library === own ? '' : `${library} `;
  return Object.entries(outcome.series).map(([name, figures]) => [prefix + name, figures]);
}

/**
 * Lunaq's counterpart of a peer's series.
 *
 * @param {string} series
 * @param {Record<string, unknown>} among
 */
function counterpart(series, among) {
  const name = series.slice(series.indexOf(' ') + 1);
  const ours = name === series ? own : name;
  return ours !== series && ours in among ? ours : undefined;
}

/** @param {readonly Sample[]} samples of one point */
function seriesOf(samples) {
  const rounds = Math.max(0, ...samples.map(({ round }) => round + 1));
  /** @type {Record<string, Record<string, (number | null)[]>>} */
  const columns = {};
  for (const { round, library, outcome } of samples)
    for (const [series, figures] of seriesIn(library, outcome))
      for (const [figure, value] of Object.entries(figures)) {
        columns[series] ??= {};
        columns[series][figure] ??= Array.from({ length: rounds }, () => null);
        columns[series][figure][round] = Number(value);
      }
  return mapValues(columns, (figures) => mapValues(figures, spreadOf));
}

/** @param {Record<string, Figures>} series */
function ratiosOf(series) {
  /** @type {Record<string, Figures>} */
  const ratios = {};
  for (const [peer, theirs] of Object.entries(series)) {
    const ours = counterpart(peer, series);
    if (!ours) continue;
    const found = Object.keys(theirs).flatMap((figure) => {
      const ratio = series[ours][figure] && ratioOf(series[ours][figure], theirs[figure]);
      return ratio ? [[figure, ratio]] : [];
    });
    if (found.length > 0) ratios[peer] = Object.fromEntries(found);
  }
  return ratios;
}

/**
 * One figure as a multiple of another, of each round that has both; undefined if there is none. Two zeros are the same.
 *
 * @param {Spread} of
 * @param {Spread} against
 */
export function ratioOf(of, against) {
  const ratios = of.samples.map((value, round) => {
    const other = against.samples[round] ?? null;
    if (value === null || other === null) return null;
    if (other === 0) return value === 0 ? 1 : null;
    return value / other;
  });
  return ratios.some((ratio) => ratio !== null) ? spreadOf(ratios) : undefined;
}

/**
 * @param {readonly Goal[]} goals
 * @param {readonly QuestionResult[]} questions
 * @returns {Verdict[]}
 */
export function verdictsOf(goals, questions) {
  const points = new Map(
    questions.flatMap((question) => question.points.map((point) => [point.id, point])),
  );
  return goals.map((goal) => verdictOf(goal, points));
}

/**
 * @param {Goal} goal
 * @param {ReadonlyMap<string, PointResult>} points
 * @returns {Verdict}
 */
function verdictOf(goal, points) {
  const { of, against, atLeast = Number.NEGATIVE_INFINITY, atMost = Infinity } = goal;
  const isPattern = of.series?.includes('*') ?? false;
  const places = isPattern ? everySeries(of, points) : [of];
  if (places.length === 0) return { ...goal, missing: nameOf(of) };
  const found = [];
  for (const place of places) {
    const value = figureAt(place, points);
    if (!value) return { ...goal, missing: nameOf(place) };
    if (!against) {
      found.push({ place, value });
      continue;
    }
    const other = { ...place, ...against };
    const reference = figureAt(other, points);
    if (!reference) return { ...goal, missing: nameOf(other) };
    const ratio = ratioOf(value, reference);
    if (!ratio) return { ...goal, missing: `a round with ${nameOf(place)} and ${nameOf(other)}` };
    found.push({ place, value: ratio });
  }
  const short = ({ value }) => Math.max(atLeast - value.median, value.median - atMost);
  const worst = found.reduce((a, b) => (short(b) > short(a) ? b : a));
  const { median, min, max } = worst.value;
  return {
    ...goal,
    value: { median, min, max },
    ...(isPattern && { worst: worst.place.series }),
    reached: short(worst) <= 0,
  };
}

/** Lunaq's series of a point that are named so: peers' are those that are compared. @returns {Place[]} */
function everySeries(of, points) {
  const { series = {}, ratios = {} } = points.get(of.point) ?? {};
  const [start, ...rest] = of.series.split('*');
  const isNamed = (name) => name.startsWith(start) && rest.every((part) => name.includes(part));
  return Object.keys(series)
    .filter((name) => !(name in ratios) && isNamed(name) && of.figure in series[name])
    .map((name) => ({ ...of, series: name }));
}

/** @param {Place} place @param {ReadonlyMap<string, PointResult>} points */
function figureAt({ point, series = own, figure }, points) {
  return points.get(point)?.series[series]?.[figure];
}

/** @param {Place} place */
function nameOf({ point, series = own, figure }) {
  return `${figure} of ${series} in ${point}`;
}

/** @template A, B @param {Record<string, A>} record @param {(value: A) => B} map @returns {Record<string, B>} */
function mapValues(record, map) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
