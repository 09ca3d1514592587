// Takes the time of small cases by tinybench.
import { setMaxListeners } from 'node:events';
import { Bench } from 'tinybench';

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {string} title
 * @property {() => unknown} run
 * @property {number} [repeats] how often a synchronous `run` does what is measured; one without it is asynchronous
 * @property {number} [jobs] of one call, where that is told by job too
 * @property {string} [beside] id of the case in this group that it is told as a multiple of
 * @property {() => unknown} [before] each run, not counted
 * @property {() => unknown} [after] each run, not counted
 *
 * @typedef {object} Group
 * @property {string} title
 * @property {'ns' | 'µs'} unit of one call
 * @property {readonly Case[]} cases
 *
 * @typedef {object} MicroFigure
 * @property {string} id
 * @property {string} title
 * @property {string} group
 * @property {'ns' | 'µs'} unit
 * @property {number} median
 * @property {number} p75
 * @property {number} p99 where a run repeats the call, of the means of runs
 * @property {number} samples runs
 * @property {number} [perJob] the median by job
 * @property {number} [relative] the median as a multiple of that of the case beside it
 * @property {string} [beside] title of that case
 */

const perMillisecond = { ns: 1e6, µs: 1e3 };

/**
 * @param {Group} group
 * @param {{ time: number, signal: AbortSignal }} options ms that each case gets at least
 * @returns {Promise<MicroFigure[]>}
 */
export async function runCases({ title: group, unit, cases }, { time, signal }) {
  // Each case listens to it.
  setMaxListeners(0, signal);
  const bench = new Bench({ time, warmupTime: time / 4, signal, throws: true });
  for (const { id, run, repeats, before, after } of cases)
    bench.add(id, run, {
      async: repeats === undefined,
      ...(before ? { beforeEach: before } : {}),
      ...(after ? { afterEach: after } : {}),
    });
  const tasks = await bench.run();
  const figures = cases.map(({ id, title, repeats = 1, jobs }, at) => {
    const { latency } = tasks[at].result;
    if (!latency) throw new Error(`${id}: no figures, the case is ${tasks[at].result.state}`);
    const inUnit = (ms) => (ms * perMillisecond[unit]) / repeats;
    const [median, p75, p99] = [latency.p50, latency.p75, latency.p99].map(inUnit);
    const figure = { id, title, group, unit, median, p75, p99, samples: latency.samplesCount };
    return jobs === undefined ? figure : { ...figure, perJob: median / jobs };
  });
  return figures.map((figure, at) => {
    const floor = figures.find(({ id }) => id === cases[at].beside);
    if (!floor) return figure;
    return { ...figure, relative: figure.median / floor.median, beside: floor.title };
  });
}

/** Does something so often in one run that the clock's grain does not count. */
export function repeated(repeats, act) {
  return {
    repeats,
    run: () => {
      for (let i = 0; i < repeats; i += 1) sink.made = act(i);
      return undefined;
    },
  };
}

/** What a case made: kept, so that it is not optimized away. */
const sink = { made: undefined };
