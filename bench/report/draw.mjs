// The parts that all charts are made of: elements, marks, the card with title and legend. Colours suit a white and a black page.

export const width = 760;
export const margin = 20;
const legendTop = 70;
const legendLine = 20;

const style = `
.chart-card{fill:#fff;stroke:#d9dee3}.chart-text{fill:#1f2328}.chart-soft{fill:#59636e}.chart-grid{stroke:#e4e8ec}.chart-axis{stroke:#8c959f}.chart-spread{stroke:#1f2328}.chart-hollow{fill:#fff}
@media (prefers-color-scheme:dark){.chart-card{fill:#14181d;stroke:#30363d}.chart-text{fill:#e6edf3}.chart-soft{fill:#9aa4af}.chart-grid{stroke:#272d34}.chart-axis{stroke:#6e7681}.chart-spread{stroke:#e6edf3}.chart-hollow{fill:#14181d}}
`.trim();

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** @param {string} text */
export function escaped(text) {
  return text.replaceAll(/[&<>"]/g, (sign) => entities[sign]);
}

/**
 * @param {string} name
 * @param {Record<string, string | number | undefined>} attributes absent ones are left out, places are told to a tenth
 * @param {string} [content]
 */
export function element(name, attributes, content = '') {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escaped(String(rounded(value)))}"`);
  return content === ''
    ? `<${name}${list.join('')}/>`
    : `<${name}${list.join('')}>${content}</${name}>`;
}

/** @param {string} content @param {Record<string, string | number | undefined>} attributes */
export function caption(content, { class: name = 'chart-text', ...attributes }) {
  return element('text', { class: name, ...attributes }, escaped(content));
}

/** @returns {string} a straight line */
export function line(name, x1, y1, x2, y2, more = {}) {
  return element('line', { class: name, x1, y1, x2, y2, ...more });
}

/** How wide a text of this size will be, about. @param {string} content */
export function widthOf(content, size = 12) {
  return content.length * size * 0.56;
}

/**
 * The mark of a series around a place; hollow, where it could not follow.
 *
 * @param {import('./names.mjs').Look} look
 */
export function mark({ colour, mark: shape }, x, y, { hollow = false, hint = '' } = {}) {
  const paint = hollow
    ? { class: 'chart-hollow', stroke: colour, 'stroke-width': 1.5 }
    : { fill: colour, stroke: shape === 'cross' ? colour : undefined };
  const content = hint === '' ? '' : element('title', {}, escaped(hint));
  if (shape === 'circle') return element('circle', { cx: x, cy: y, r: 4, ...paint }, content);
  const [a, b] = [rounded(x), rounded(y)];
  return element('path', { d: `M${a} ${b}${outlines[shape]}`, ...paint }, content);
}

const outlines = {
  square: 'm-3.6 -3.6h7.2v7.2h-7.2z',
  diamond: 'm0 -5l5 5l-5 5l-5 -5z',
  triangle: 'm0 -5l4.8 8.4h-9.6z',
  cross: 'm-4 -1.2h2.8v-2.8h2.4v2.8h2.8v2.4h-2.8v2.8h-2.4v-2.8h-2.8z',
};

/**
 * @param {readonly { title: string, look: import('./names.mjs').Look }[]} entries
 * @param {string} note after them
 * @returns {{ markup: string, bottom: number }}
 */
export function legend(entries, note) {
  const parts = [];
  let x = margin;
  let y = legendTop;
  const place = (needed) => {
    if (x > margin && x + needed > width - margin) {
      x = margin;
      y += legendLine;
    }
  };
  for (const { title, look } of entries) {
    place(widthOf(title) + 16);
    parts.push(mark(look, x + 5, y - 4), caption(title, { x: x + 15, y }));
    x += widthOf(title) + 34;
  }
  if (note !== '') {
    place(widthOf(note));
    parts.push(caption(note, { x, y, class: 'chart-soft' }));
  }
  return { markup: parts.join(''), bottom: y };
}

/**
 * The whole picture.
 *
 * @param {object} card
 * @param {string} card.id unique on a page
 * @param {string} card.title
 * @param {string} card.subtitle
 * @param {string} card.description what one would see
 * @param {number} card.height
 * @param {string} card.content
 */
export function picture({ id, title, subtitle, description, height, content }) {
  const size = { width, height, viewBox: `0 0 ${width} ${rounded(height)}` };
  const names = { role: 'img', 'aria-labelledby': `${id}-title ${id}-desc` };
  const font = {
    'font-family': "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
    'font-size': 12,
  };
  const card = { class: 'chart-card', x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8 };
  const parts = [
    element('title', { id: `${id}-title` }, escaped(title)),
    element('desc', { id: `${id}-desc` }, escaped(description)),
    element('style', {}, style),
    element('rect', card),
    caption(title, { x: margin, y: 30, 'font-size': 16, 'font-weight': 600 }),
    caption(subtitle, { x: margin, y: 49, class: 'chart-soft' }),
    content,
  ];
  const xmlns = 'http://www.w3.org/2000/svg';
  return element('svg', { xmlns, ...size, ...names, ...font }, parts.join('\n'));
}

function rounded(value) {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
}
