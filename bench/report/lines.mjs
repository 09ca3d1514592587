// Points over an axis, joined series by series, with a band from the lowest to the highest round and the name at the end.
import { caption, element, legend, line, margin, mark, width, widthOf } from './draw.mjs';
import { linear, logarithmic, through } from './scale.mjs';

const plotHeight = 260;
const axisHeight = 52;
const labelHeight = 15;
/** Between the plot and the names at its end: each has its mark, since it may stand beside its line. */
const endRoom = 34;
/** For the turned title of the axis. */
const titleRoom = 16;
/** From this ratio of the highest to the lowest value on, a linear axis would hide the low ones. */
const logFrom = 40;

/**
 * @param {import('./svg.mjs').Drawn} drawn
 * @returns {{ content: string, height: number }}
 */
export function lineChart(drawn) {
  const { series, xTitle, yTitle, xScale = 'linear', tick, note } = drawn;
  const { markup, bottom } = legend(series, note);
  const top = bottom + 24;
  const end = top + plotHeight;
  const dots = series.flatMap((each) => each.dots);
  const xs = dots.map(({ x }) => x);
  const last = Math.max(...xs);
  const ends = series.map(({ title, dots: all }) => {
    const { x, value } = all.at(-1);
    return `${title} · ${value}${x === last ? '' : ` at ${tick(x)}`}`;
  });
  const right = width - margin - Math.max(...ends.map((content) => widthOf(content))) - endRoom;
  const up = upAxis(drawn, dots, [end, top]);
  const left = margin + titleRoom + Math.max(...up.ticks.map((value) => widthOf(tick(value)))) + 8;
  const tickRoom = 14 + Math.max(...xs.map((x) => widthOf(tick(x))));
  const across = through(xs, xScale, [left + 10, right - 4], tickRoom);
  const place = ({ x, median }) => [across.at(x), up.at(median)];

  const rows = up.ticks.map((value) => {
    const y = up.at(value);
    const number = { x: left - 8, y: y + 4, 'text-anchor': 'end', class: 'chart-soft' };
    return line('chart-grid', left, y, right, y) + caption(tick(value), number);
  });
  const columns = across.ticks.map((value) => {
    const x = across.at(value);
    const number = { x, y: end + 18, 'text-anchor': 'middle', class: 'chart-soft' };
    return line('chart-axis', x, end, x, end + 4) + caption(tick(value), number);
  });
  const bands = series.map(({ look, dots: all }) => band(all, look, across, up));
  const joined = series.map(({ look, dots: all }) => {
    const path = all.map((dot) => coordinates(place(dot))).join('L');
    const marks = all.map((dot) => mark(look, ...place(dot), dot));
    const stroke = {
      fill: 'none',
      stroke: look.colour,
      'stroke-width': 2,
      'stroke-dasharray': look.dash,
    };
    return element('path', { d: `M${path}`, ...stroke }) + marks.join('');
  });
  const names = apart(series.map(({ dots: all }) => place(all.at(-1))[1])).map((y, at) => {
    const named = mark(series[at].look, right + 16, y);
    return named + caption(ends[at], { x: right + 26, y: y + 4 });
  });
  const soft = { 'text-anchor': 'middle', class: 'chart-soft' };
  const xName = caption(xTitle, { x: (left + right) / 2, y: end + 38, ...soft });
  const middle = (top + end) / 2;
  const turned = { x: 22, y: middle, transform: `rotate(-90 22 ${middle})`, ...soft };
  const base = line('chart-axis', left, end, right, end);
  const parts = [markup, ...rows, base, ...columns, ...bands, ...joined, ...names, xName];
  return { content: [...parts, caption(yTitle, turned)].join('\n'), height: end + axisHeight };
}

/** @param {import('./svg.mjs').Drawn} drawn @param {readonly import('./svg.mjs').Dot[]} dots @param {[number, number]} range */
function upAxis({ yScale }, dots, range) {
  const lowest = Math.min(...dots.map(({ min }) => min));
  const highest = Math.max(...dots.map(({ max }) => max));
  const wide = lowest > 0 && highest / lowest >= logFrom;
  const isLog = yScale === undefined ? wide : yScale === 'log' && lowest > 0;
  return isLog ? logarithmic(lowest, highest, range) : linear(highest, range);
}

function band(dots, { colour }, across, up) {
  if (dots.every(({ min, max }) => min === max)) return '';
  const over = dots.map(({ x, max }) => coordinates([across.at(x), up.at(max)]));
  const under = dots.toReversed().map(({ x, min }) => coordinates([across.at(x), up.at(min)]));
  return element('path', { d: `M${[...over, ...under].join('L')}Z`, fill: colour, 'fill-opacity': 0.16 }); // prettier-ignore
}

/** Places of labels, moved so that none covers another, in the order given. @param {readonly number[]} places */
function apart(places) {
  const order = places.map((y, at) => ({ y, at })).toSorted((a, b) => a.y - b.y || a.at - b.at);
  const moved = [...places];
  // Labels that would touch make a stack, whose middle is where they would have been.
  /** @type {{ members: number[], middle: number }[]} */
  const stacks = [];
  for (const { y, at } of order) {
    let stack = { members: [at], middle: y };
    for (let above = stacks.at(-1); above && touches(above, stack); above = stacks.at(-1)) {
      stacks.pop();
      const members = [...above.members, ...stack.members];
      const sum = above.middle * above.members.length + stack.middle * stack.members.length;
      stack = { members, middle: sum / members.length };
    }
    stacks.push(stack);
  }
  for (const { members, middle } of stacks)
    for (const [row, at] of members.entries())
      moved[at] = middle + (row - (members.length - 1) / 2) * labelHeight;
  return moved;
}

function touches(above, below) {
  return below.middle - above.middle < ((above.members.length + below.members.length) / 2) * labelHeight; // prettier-ignore
}

function coordinates([x, y]) {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
