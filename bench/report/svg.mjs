// A question's charts as SVG: lines over an axis, bars over categories. The same figures give the same text.
import { figureOf } from '../figures.mjs';
import { barChart } from './bars.mjs';
import { lineChart } from './lines.mjs';
import { looksOf, seriesNames, titleOf } from './names.mjs';
import { headOf, short, withSpread } from './numbers.mjs';
import { picture } from './draw.mjs';
import { isSaturated } from './tables.mjs';

/**
 * @typedef {object} Dot
 * @property {string} label of the point
 * @property {number} [x]
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {boolean} hollow could not follow
 * @property {string} value in words
 * @property {string} hint in more of them
 *
 * @typedef {object} Drawn what a chart shows
 * @property {{ title: string, look: import('./names.mjs').Look, dots: Dot[] }[]} series
 * @property {string[]} labels of all points that have a dot
 * @property {string} xTitle
 * @property {string} yTitle
 * @property {'log' | 'linear' | undefined} xScale
 * @property {'log' | 'linear' | undefined} yScale if it was asked for
 * @property {(value: number) => string} tick
 * @property {string} note for the legend
 */

/**
 * @param {import('../results.mjs').QuestionResult} question
 * @returns {{ id: string, title: string, svg: string }[]} those for which there are figures
 */
export function chartsOf(question) {
  return question.charts.flatMap((chart) => {
    const drawn = drawnIn(question, chart);
    if (drawn.series.length === 0) return [];
    const id = `${question.id}-${chart.figure}`;
    const onAxis =
      question.axis && drawn.series.every(({ dots }) => dots.every(({ x }) => x !== undefined));
    const { content, height } = (onAxis ? lineChart : barChart)(drawn);
    const { title } = chart;
    const subtitle = subtitleOf(chart.figure, drawn, onAxis);
    const description = descriptionOf(subtitle, drawn);
    return [{ id, title, svg: picture({ id, title, subtitle, description, height, content }) }];
  });
}

/** @returns {Drawn} */
function drawnIn({ points, axis }, { figure, scale }) {
  const { digits, unit } = figureOf(figure);
  const names = seriesNames(points);
  const looks = looksOf(names);
  const series = names.flatMap((name) => {
    const title = titleOf(name);
    const dots = points
      .filter(({ series: all }) => all[name]?.[figure])
      .map((point) => {
        const { median, min, max } = point.series[name][figure];
        const hollow = isSaturated(point, name);
        const value = withSpread({ median, min, max }, digits);
        const hint = `${title}, ${point.label}: ${value} ${unit}${hollow ? ', could not follow' : ''}`;
        const { label, x } = point;
        return { label, x, median, min, max, hollow, value: short(median, digits), hint };
      });
    return dots.length > 0 ? [{ title, look: looks[name], dots }] : [];
  });
  const dots = series.flatMap((each) => each.dots);
  return {
    series,
    labels: points
      .map(({ label }) => label)
      .filter((label) => dots.some((dot) => dot.label === label)),
    xTitle: axis?.title ?? '',
    yTitle: headOf(figure),
    xScale: axis?.scale,
    yScale: scale,
    tick: (value) => new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value),
    note: dots.some(({ hollow }) => hollow) ? 'hollow: could not follow' : '',
  };
}

/** @param {string} figure @param {Drawn} drawn */
function subtitleOf(figure, { series }, onAxis) {
  const spread = series.some(({ dots }) => dots.some(({ min, max }) => min < max));
  const parts = [headOf(figure), `${figureOf(figure).better} is better`];
  if (spread) parts.push(`median; ${onAxis ? 'band' : 'thin line'}: lowest to highest round`);
  return parts.join(' · ');
}

/** @param {string} subtitle @param {Drawn} drawn */
function descriptionOf(subtitle, { series }) {
  const lines = series.map(
    ({ title, dots }) =>
      `${title}: ${dots.map(({ label, value }) => `${label} ${value}`).join('; ')}.`,
  );
  return [`${subtitle}.`, ...lines].join(' ');
}
