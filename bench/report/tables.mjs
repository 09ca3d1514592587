// The figures of a question as rows of text, for the terminal, PERF.md and the page.
import { figureOf } from '../figures.mjs';
import { own } from '../results.mjs';
import { isLibrary, possessive, seriesNames, titleOf } from './names.mjs';
import { ratio, short, withSpread } from './numbers.mjs';

/** So many of the columns are told as Lunaq's multiple of a peer's, too, the first ones of which that means something. */
const comparedColumns = 2;

/**
 * @typedef {object} Table
 * @property {string[]} head of one or two lines: a title, its unit
 * @property {string[][]} rows a cell is empty where it repeats the one above, or has no meaning
 * @property {number} words so many columns from the left are words, the rest numbers
 */

/**
 * A row for each series of each point, its figures, and what Lunaq's are of them. What is no library (each operation at several
 * sizes) is kept together instead, size below size.
 *
 * @param {import('../results.mjs').QuestionResult} question
 * @returns {Table}
 */
export function questionTable({ points, columns, axis }) {
  const names = seriesNames(points);
  const bySeries = names.length > 0 && !names.some(isLibrary);
  const shown = columns.filter((figure) =>
    points.some(({ series }) => Object.values(series).some((figures) => figure in figures)),
  );
  const compared = shown
    .filter((figure) => figureOf(figure).compared)
    .slice(0, comparedColumns)
    .filter((figure) =>
      points.some(({ ratios }) => Object.values(ratios).some((figures) => figure in figures)),
    );
  const lines = bySeries
    ? names.flatMap((name) =>
        points.filter(({ series }) => name in series).map((point) => ({ point, name })),
      )
    : points.flatMap((point) => seriesNames([point]).map((name) => ({ point, name })));
  const rows = lines.map(({ point, name }, at) => {
    const before = lines[at - 1];
    const words = bySeries
      ? [before?.name === name ? '' : titleOf(name), point.label]
      : [before?.point === point ? '' : point.label, seriesCell(point, name)];
    return [...words, ...figureCells(point, name, shown), ...ratioCells(point, name, compared)];
  });
  const unmeasured = points.filter(({ series }) => Object.keys(series).length === 0);
  for (const { label } of unmeasured)
    rows.push([label, 'not measured', ...[...shown, ...compared].map(() => '')]);
  const varies = points.some(({ series }) =>
    Object.values(series).some(({ [shown[0]]: first }) => first && first.min < first.max),
  );
  const heads = shown.map((figure, column) => {
    const { title, unit } = figureOf(figure);
    return `${title}\n${unit}${column === 0 && varies ? ' (min–max)' : ''}`;
  });
  const owns = compared.map((figure) => `${possessive(own)}\n${figureOf(figure).title}`);
  const first = bySeries ? ['', axis?.title ?? ''] : [axis?.title ?? '', ''];
  return { head: [...first, ...heads, ...owns], rows, words: 2 };
}

/** @param {import('../results.mjs').PointResult} point @param {string} name */
function seriesCell(point, name) {
  return titleOf(name) + (isSaturated(point, name) ? ', could not follow' : '');
}

/** Whether in some round this side could not follow the rate offered. */
export function isSaturated({ series }, name) {
  return (series[name].saturated?.max ?? 0) > 0;
}

function figureCells({ series }, name, shown) {
  return shown.map((figure, column) => {
    const spread = series[name][figure];
    if (!spread) return '';
    const { digits } = figureOf(figure);
    return column === 0 ? withSpread(spread, digits) : short(spread.median, digits);
  });
}

function ratioCells({ ratios }, name, compared) {
  return compared.map((figure) => {
    const spread = ratios[name]?.[figure];
    return spread ? `${ratio(spread.median)} ×` : '';
  });
}
