import { describe, expect, test } from 'vitest';
import { chartsOf } from '../../bench/report/svg.mjs';
import { linear, logarithmic, through } from '../../bench/report/scale.mjs';
import { questionResult } from '../../bench/results.mjs';
import type { Chart } from '../../bench/results.mjs';
import { axis, categories, latency, rounds, throughput } from './made-up.js';

function chartOf(question: typeof throughput): string {
  const [chart] = chartsOf(question);
  if (!chart) throw new Error('there is no chart');
  return chart.svg;
}

/** What tags stay open, or are closed that were not open. */
function unbalanced(markup: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = '', rest = ''] of markup.matchAll(/<(\/?)([\w-]+)([^>]*)>/g))
    if (slash === '') {
      if (!rest.endsWith('/')) open.push(name);
    } else if (open.pop() !== name) return [`</${name}>`];
  return open;
}

const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
const colourOfLunaq = (svg: string) => /fill="(#\w+)"[^<]*\/><text[^>]*>Lunaq</.exec(svg)?.[1];
const bars = (svg: string) => [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)"/g)];

describe('an axis', () => {
  test('from 0 has round ticks and reaches beyond the highest value', () => {
    expect(linear(34_100, [0, 100]).ticks).toEqual([0, 10_000, 20_000, 30_000, 40_000]);
    expect(linear(0.9, [0, 100]).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linear(40, [0, 100]).at(10)).toBe(25);
    expect(linear(40, [200, 100]).at(0)).toBe(200);
  });

  test('of nothing but zeros still has an end', () => {
    expect(linear(0, [0, 100]).ticks).toEqual([0, 0.2]);
    expect(linear(0, [0, 100]).at(0)).toBe(0);
  });

  test('in powers of ten stands around the values, with ticks between where they are few', () => {
    expect(logarithmic(3, 42, [0, 100]).ticks).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(logarithmic(0.02, 900, [0, 100]).ticks).toEqual([0.01, 0.1, 1, 10, 100, 1_000]);
    expect(logarithmic(1, 100, [0, 100]).at(10)).toBeCloseTo(50);
    expect(logarithmic(1, 100, [0, 100]).at(0)).toBe(0);
  });

  test('through the points has those ticks for which there is room', () => {
    expect(through([1, 10, 100, 10], 'log', [0, 100], 20).ticks).toEqual([1, 10, 100]);
    expect(through([1, 10, 100], 'linear', [0, 100], 20).ticks).toEqual([10, 100]);
    expect(through([7], 'linear', [0, 100], 20).at(7)).toBe(50);
  });
});

describe('bars', () => {
  const svg = chartOf(throughput);

  test('are as long as their figures', () => {
    const [[, lunaq] = [], [, bullmq] = []] = bars(svg);
    expect(Number(lunaq) / Number(bullmq)).toBeCloseTo(14_000 / 6_300, 2);
  });

  test('tell category, figure, library, unit and axis', () => {
    expect(texts(svg)).toEqual(
      expect.arrayContaining([
        'Jobs per second',
        'add, one by one',
        '14,000 · Lunaq',
        '6,300 · BullMQ',
        'throughput, jobs/s',
        'throughput, jobs/s · more is better · median; thin line: lowest to highest round',
        '15,000',
      ]),
    );
  });

  test('leave out what was not measured', () => {
    expect(texts(svg)).not.toContain('process, c = 1');
    expect(bars(svg)).toHaveLength(2);
  });

  test('have a thin line from the lowest to the highest round', () => {
    expect(svg.match(/<line class="chart-spread"/g)).toHaveLength(6);
  });

  test('start at the lowest power of ten on a log axis, if one is asked for', () => {
    const charts: Chart[] = [{ figure: 'jobsPerSecond', title: 'Jobs', scale: 'log' }];
    expect(texts(chartOf({ ...throughput, charts }))).toContain('1,000');
  });
});

describe('lines', () => {
  const svg = chartOf(latency);

  test('are named at their ends, with ticks where the points are', () => {
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['Lunaq · 15.0', 'BullMQ · 100', '100', '1,000', '10,000']),
    );
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['jobs offered per second', 'latency p99, ms']),
    );
  });

  test('have a band from the lowest to the highest round, where there is more than one', () => {
    expect(svg.match(/fill-opacity/g)).toHaveLength(1);
    expect(svg).toContain('less is better · median; band: lowest to highest round');
  });

  test('have hollow marks where a side could not follow', () => {
    expect(texts(svg)).toContain('hollow: could not follow');
    expect(svg.match(/class="chart-hollow"/g)).toHaveLength(1);
    expect(svg).toContain('<title>BullMQ, 10000/s: 100 ms, could not follow</title>');
  });

  test('that end before the others say where', () => {
    const samples = [
      ...rounds('latency-100', 'lunaq', { p99: 1 }),
      ...rounds('latency-1000', 'lunaq', { p99: 2 }),
      ...rounds('latency-100', 'bullmq', { p99: 3 }),
    ];
    expect(texts(chartOf(questionResult(axis, samples)))).toEqual(
      expect.arrayContaining(['Lunaq · 2.00', 'BullMQ · 3.00 at 100']),
    );
  });

  test('have names that do not cover each other', () => {
    const names = ['lunaq', 'bullmq', 'bee', 'groupmq'];
    const samples = names.flatMap((name) =>
      [100, 1_000].flatMap((x) => rounds(`latency-${x}`, name, { p99: 5 })),
    );
    const found = chartOf(questionResult(axis, samples));
    const places = [...found.matchAll(/y="([\d.]+)">[\w-]+ · 5\.00</g)].map(([, y]) => Number(y));
    expect(places).toHaveLength(4);
    const gaps = places.toSorted((a, b) => a - b).map((y, at, all) => y - (all[at - 1] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(14.9);
  });
});

describe('a chart', () => {
  test('has title and description for those who do not see it', () => {
    const svg = chartOf(throughput);
    expect(svg).toContain(
      'role="img" aria-labelledby="throughput-jobsPerSecond-title throughput-jobsPerSecond-desc"',
    );
    expect(svg).toContain('<title id="throughput-jobsPerSecond-title">Jobs per second</title>');
    expect(svg).toMatch(/<desc[^>]*>.*Lunaq: add, one by one 14,000\. BullMQ: add, one by one/);
  });

  test('is the same text for the same figures, and whole', () => {
    expect(chartOf(latency)).toBe(chartOf(structuredClone(latency)));
    expect(unbalanced(chartOf(latency))).toEqual([]);
    expect(unbalanced(chartOf(throughput))).toEqual([]);
    expect(chartOf(latency)).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('gives a library one colour everywhere, and suits dark pages', () => {
    expect(colourOfLunaq(chartOf(throughput))).toBe(colourOfLunaq(chartOf(latency)));
    expect(colourOfLunaq(chartOf(latency))).toMatch(/^#/);
    expect(chartOf(latency)).toContain('prefers-color-scheme:dark');
  });

  test('is not drawn where there is nothing to show', () => {
    expect(chartsOf(questionResult(categories, []))).toEqual([]);
    const charts = [{ figure: 'bytesPerJob', title: 'Memory' }];
    expect(chartsOf({ ...throughput, charts })).toEqual([]);
  });

  test('writes signs of markup as text', () => {
    const charts = [{ figure: 'jobsPerSecond', title: 'a < b & "c"' }];
    expect(chartOf({ ...throughput, charts })).toContain('>a &lt; b &amp; &quot;c&quot;</text>');
  });
});
