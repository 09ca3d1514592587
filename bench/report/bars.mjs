// Categories, one below the other, with a bar for each series: names and figures stand where the bars are.
import { caption, element, escaped, legend, line, margin, width, widthOf } from './draw.mjs';
import { linear, logarithmic } from './scale.mjs';

const bar = 14;
const betweenBars = 4;
const betweenGroups = 16;
const axisHeight = 46;
const widestLabel = 320;
const cap = 3;

/**
 * @param {import('./svg.mjs').Drawn} drawn
 * @returns {{ content: string, height: number }}
 */
export function barChart({ series, labels, yTitle, yScale, tick, note }) {
  const { markup, bottom } = legend(series, note);
  const top = bottom + 20;
  const dots = series.flatMap((each) => each.dots);
  const labelled = series.length > 1;
  const left =
    margin + Math.min(widestLabel, Math.max(...labels.map((label) => widthOf(label)))) + 10;
  const endTexts = series.flatMap((each) =>
    each.dots.map(({ value }) => endText(value, each, labelled)),
  );
  const right = width - margin - Math.max(...endTexts.map((content) => widthOf(content))) - 10;
  const highest = Math.max(...dots.map(({ max }) => max));
  const positive = dots.map(({ median }) => median).filter((value) => value > 0);
  const scale =
    yScale === 'log' && positive.length > 0
      ? logarithmic(Math.min(...positive), highest, [left, right])
      : linear(highest, [left, right]);
  const bars = [];
  let y = top;
  for (const label of labels) {
    const members = series.flatMap((each) =>
      each.dots.filter((dot) => dot.label === label).map((dot) => ({ ...each, dot })),
    );
    const group = members.length * (bar + betweenBars) - betweenBars;
    bars.push(caption(label, { x: left - 10, y: y + group / 2 + 4, 'text-anchor': 'end' }));
    for (const { dot, ...each } of members) {
      bars.push(barOf(dot, each, { scale, left, y, labelled }));
      y += bar + betweenBars;
    }
    y += betweenGroups - betweenBars;
  }
  const end = y - betweenGroups / 2;
  const grid = scale.ticks.map((value) => {
    const x = scale.at(value);
    const number = { x, y: end + 16, 'text-anchor': 'middle', class: 'chart-soft' };
    return line('chart-grid', x, top - 8, x, end) + caption(tick(value), number);
  });
  const axis = line('chart-axis', left, top - 8, left, end);
  const place = {
    x: (left + right) / 2,
    y: end + 34,
    'text-anchor': 'middle',
    class: 'chart-soft',
  };
  const content = [markup, ...grid, ...bars, axis, caption(yTitle, place)].join('\n');
  return { content, height: end + axisHeight };
}

function barOf({ median, min, max, hollow, value, hint }, each, { scale, left, y, labelled }) {
  const { colour } = each.look;
  const end = scale.at(median);
  const middle = y + bar / 2;
  const shape = { x: left, y, width: Math.max(1, end - left), height: bar, rx: 1.5 };
  const paint = hollow
    ? { class: 'chart-hollow', stroke: colour, 'stroke-width': 1.5 }
    : { fill: colour };
  const parts = [element('rect', { ...shape, ...paint }, element('title', {}, escaped(hint)))];
  const [from, to] = [scale.at(min), scale.at(max)];
  if (to - from > 1)
    parts.push(
      line('chart-spread', from, middle, to, middle),
      line('chart-spread', from, middle - cap, from, middle + cap),
      line('chart-spread', to, middle - cap, to, middle + cap),
    );
  parts.push(caption(endText(value, each, labelled), { x: Math.max(end, to) + 6, y: middle + 4 }));
  return parts.join('');
}

/** The figure, and whose it is where several stand together. */
function endText(value, { title }, labelled) {
  return labelled ? `${value} · ${title}` : value;
}
