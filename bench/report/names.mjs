// What the series are called and which colour and mark each has, the same in all tables and charts.

/** In the order of tables and legends. Each colour is told apart on a white and on a black page. */
const libraries = {
  lunaq: { title: 'Lunaq', colour: '#e8590c', mark: 'circle' },
  bullmq: { title: 'BullMQ', colour: '#4c7ef3', mark: 'square' },
  bee: { title: 'Bee-Queue', colour: '#b08900', mark: 'diamond' },
  groupmq: { title: 'GroupMQ', colour: '#2f9e44', mark: 'triangle' },
  graphile: { title: 'Graphile Worker', colour: '#a84fc4', mark: 'square' },
  rq: { title: 'RQ', colour: '#0c8599', mark: 'diamond' },
  floor: { title: 'floor', colour: '#868e96', mark: 'cross' },
};

/** For series that are no libraries, in the order in which they come. */
const colours = ['#e8590c', '#4c7ef3', '#2f9e44', '#a84fc4', '#0c8599', '#b08900', '#d6336c'];
const marks = ['circle', 'square', 'diamond', 'triangle', 'cross'];

/**
 * @typedef {object} Look
 * @property {string} colour
 * @property {string} mark
 * @property {string} [dash] of the line, where there are more series than colours
 */

/** @param {string} series */
export function isLibrary(series) {
  return Object.hasOwn(libraries, series);
}

/** @param {string} series a library, or `<peer> <name>`, or a name */
export function titleOf(series) {
  const [first, ...rest] = series.split(' ');
  return [libraries[first]?.title ?? first, ...rest].join(' ');
}

/** Whose figure a ratio is of. @param {string} series */
export function possessive(series) {
  return series === 'floor' ? "the floor's" : `${titleOf(series)}'s`;
}

/**
 * All series of the points, libraries in their order, others as they come.
 *
 * @param {readonly { series: Record<string, unknown> }[]} points
 */
export function seriesNames(points) {
  const names = [...new Set(points.flatMap(({ series }) => Object.keys(series)))];
  const order = Object.keys(libraries);
  const place = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  return names.toSorted((a, b) => place(a) - place(b));
}

/**
 * @param {readonly string[]} names of all series of a question
 * @returns {Record<string, Look>}
 */
export function looksOf(names) {
  const others = names.filter((name) => !isLibrary(name));
  const looks = names.map((name) => {
    const at = others.indexOf(name);
    return [name, at === -1 ? libraries[name] : lookAt(at)];
  });
  return Object.fromEntries(looks);
}

/** @returns {Look} */
function lookAt(place) {
  const look = { colour: colours[place % colours.length], mark: marks[place % marks.length] };
  return place < colours.length ? look : { ...look, dash: '6 3' };
}
