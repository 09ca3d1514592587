import { describe, expect, test } from 'vitest';
import { figureOf } from '../../bench/figures.mjs';
import { goals } from '../../bench/goals.mjs';
import { questions } from '../../bench/questions/index.mjs';
import { questionResult, ratioOf, spreadOf, verdictsOf } from '../../bench/results.mjs';
import type { Goal, Outcome } from '../../bench/results.mjs';
import { axis, categories, rounds, throughput } from './made-up.js';

describe('a spread', () => {
  test('is median, lowest and highest, and keeps the rounds in order', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, samples: [3, 1, 2] });
    expect(spreadOf([4, 1])).toMatchObject({ median: 2.5 });
  });

  test('passes over rounds that did not measure it', () => {
    expect(spreadOf([null, 5, null])).toEqual({
      median: 5,
      min: 5,
      max: 5,
      samples: [null, 5, null],
    });
  });
});

describe('a ratio', () => {
  test('is that of the same rounds', () => {
    const ratio = ratioOf(spreadOf([10, null, 30]), spreadOf([5, 1, 10, 7]));
    expect(ratio).toEqual({ median: 2.5, min: 2, max: 3, samples: [2, null, 3] });
  });

  test('of two zeros is 1; of something to nothing there is none', () => {
    expect(ratioOf(spreadOf([0]), spreadOf([0]))?.median).toBe(1);
    expect(ratioOf(spreadOf([3]), spreadOf([0]))).toBeUndefined();
    expect(ratioOf(spreadOf([3, null]), spreadOf([null, 3]))).toBeUndefined();
  });
});

describe('the result of a question', () => {
  test("has each library's figures, and what Lunaq's are of them", () => {
    const [add] = throughput.points;
    expect(add?.series.lunaq?.jobsPerSecond).toEqual({
      median: 14_000,
      min: 12_000,
      max: 16_000,
      samples: [12_000, 16_000, 14_000],
    });
    expect(add?.ratios.bullmq?.redisMicros?.samples).toEqual([0.5, 0.5, 0.5]);
    expect(add?.ratios.bullmq?.jobsPerSecond?.max).toBe(2.5);
    expect(Object.keys(add?.ratios ?? {})).toEqual(['bullmq']);
  });

  test('keeps points that have no sample', () => {
    expect(throughput.points[1]).toEqual({
      id: 'process-1',
      label: 'process, c = 1',
      series: {},
      ratios: {},
    });
  });

  test('has rounds that are missing as null', () => {
    const samples = rounds('add-1', 'lunaq', { commands: 1 }, { commands: 2 }, { commands: 3 });
    const { points } = questionResult(categories, [
      ...samples.filter(({ round }) => round !== 1),
      ...rounds('add-1', 'bullmq', { commands: 2 }),
    ]);
    expect(points[0]?.series.lunaq?.commands?.samples).toEqual([1, null, 3]);
    expect(points[0]?.ratios.bullmq?.commands?.samples).toEqual([0.5, null, null]);
  });

  test('takes several series of one sample, those of peers beside those of Lunaq', () => {
    const series = { claim: { commands: 4 }, add: { commands: 2 } };
    const { points } = questionResult(axis, [
      ...rounds('latency-100', 'lunaq', { series }),
      ...rounds('latency-100', 'bullmq', { series: { add: { commands: 8 } } }),
    ]);
    expect(Object.keys(points[0]?.series ?? {})).toEqual(['claim', 'add', 'bullmq add']);
    expect(points[0]?.ratios).toMatchObject({ 'bullmq add': { commands: { median: 0.25 } } });
    expect(points[0]).toMatchObject({ x: 100 });
  });

  test('counts a flag as 1', () => {
    const { points } = questionResult(axis, rounds('latency-100', 'bullmq', { saturated: true }));
    expect(points[0]?.series.bullmq?.saturated?.max).toBe(1);
  });

  test('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(throughput))).toEqual(throughput);
  });
});

function goal(bounds: Partial<Goal>): Goal {
  return { title: 'a goal', of: { point: 'add-1', figure: 'jobsPerSecond' }, ...bounds };
}

const bullmq = { series: 'bullmq' };

/** What one sample measured of several operations. */
function taken(claim: number): Outcome {
  return { series: { add: { commands: 3 }, claim: { commands: claim }, read: { p50: 1 } } };
}

function verdict(bounds: Partial<Goal>) {
  return verdictsOf([goal(bounds)], [throughput])[0];
}

/** Whether so many commands at 1,000 are as many as at 100. */
function judged(atThousand: number) {
  const question = questionResult(axis, [
    ...rounds('latency-100', 'lunaq', taken(4)),
    ...rounds('latency-100', 'bullmq', { series: { add: { commands: 99 } } }),
    ...rounds('latency-1000', 'lunaq', taken(atThousand)),
  ]);
  const of = { point: 'latency-1000', series: '*', figure: 'commands' };
  const against = { point: 'latency-100' };
  return verdictsOf([goal({ of, against, atLeast: 1, atMost: 1 })], [question])[0];
}

describe('a goal', () => {
  test('is judged by the median of the ratios', () => {
    const found = verdict({ against: bullmq, atLeast: 2 });
    expect(found).toMatchObject({ reached: true, value: { min: 2, max: 2.5 } });
    expect(found?.value).not.toHaveProperty('samples');
    expect(verdict({ against: bullmq, atLeast: 2.4 })).toMatchObject({ reached: false });
    expect(verdict({ against: bullmq, atMost: 2.4 })).toMatchObject({ reached: true });
  });

  test('without another to compare with is judged as it is', () => {
    expect(verdict({ atMost: 14_000 })).toMatchObject({ reached: true, value: { median: 14_000 } });
    expect(verdict({ atMost: 13_999 })).toMatchObject({ reached: false });
  });

  test.each([
    [{ against: { series: 'bee' } }, 'jobsPerSecond of bee in add-1'],
    [{ of: { point: 'process-1', figure: 'commands' } }, 'commands of lunaq in process-1'],
    [{ of: { point: 'nowhere', figure: 'commands' } }, 'commands of lunaq in nowhere'],
    [{ of: { point: 'nowhere', figure: 'p50', series: '*' } }, 'p50 of * in nowhere'],
  ])('that cannot be judged tells what is missing: %o', (bounds, missing) => {
    const found = verdict({ atLeast: 1, ...bounds });
    expect(found).toMatchObject({ missing });
    expect(found).not.toHaveProperty('reached');
  });

  test('without a round that has both cannot be judged', () => {
    const samples = [
      ...rounds('add-1', 'lunaq', { commands: 1 }),
      ...rounds('add-1', 'bullmq', {}, { commands: 1 }),
    ];
    const of = { point: 'add-1', figure: 'commands' };
    const [found] = verdictsOf(
      [goal({ of, against: bullmq })],
      [questionResult(categories, samples)],
    );
    expect(found?.missing).toBe(
      'a round with commands of lunaq in add-1 and commands of bullmq in add-1',
    );
  });

  describe('for every series of a point', () => {
    test('is reached when all of them reach it', () => {
      expect(judged(4)).toMatchObject({ reached: true, value: { median: 1 } });
    });

    test('tells the worst one', () => {
      expect(judged(5)).toMatchObject({ reached: false, worst: 'claim', value: { median: 1.25 } });
      expect(judged(3)).toMatchObject({ reached: false, worst: 'claim', value: { median: 0.75 } });
    });

    test('may be for those of a name alone', () => {
      const of = { point: 'latency-1000', series: 'cl*m*', figure: 'commands' };
      const samples = rounds('latency-1000', 'lunaq', taken(7));
      const question = questionResult(axis, samples);
      const [found] = verdictsOf([goal({ of, atMost: 5 })], [question]);
      expect(found).toMatchObject({ worst: 'claim', value: { min: 7, max: 7 } });
      const [none] = verdictsOf([goal({ of: { ...of, series: 'x*' } })], [question]);
      expect(none?.missing).toBe('commands of x* in latency-1000');
    });

    test('cannot be judged when the other point lacks one', () => {
      const question = questionResult(axis, [
        ...rounds('latency-100', 'lunaq', { series: { add: { commands: 3 } } }),
        ...rounds('latency-1000', 'lunaq', taken(4)),
      ]);
      const of = { point: 'latency-1000', series: '*', figure: 'commands' };
      const against = { point: 'latency-100' };
      expect(verdictsOf([goal({ of, against, atMost: 1 })], [question])[0]?.missing).toBe(
        'commands of claim in latency-100',
      );
    });
  });
});

describe('what is declared', () => {
  const points = questions.flatMap((question) => question.points);

  test('names each point once', () => {
    const ids = points.map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  test('has goals for points that are measured, with the libraries that they are compared with', () => {
    const places = goals.flatMap(({ of, against }) => [of, { ...of, ...against }]);
    const unknown = places.filter(({ point, series }) => {
      const found = points.find(({ id }) => id === point);
      return !found || (series !== undefined && !series.includes('*') && !(series in found.jobs));
    });
    expect(unknown).toEqual([]);
  });

  test('has no figure in a table or chart that has no name', () => {
    const named = questions.flatMap(({ columns, charts }) => [
      ...columns,
      ...charts.map(({ figure }) => figure),
    ]);
    expect(() => named.map((figure) => figureOf(figure))).not.toThrow();
    expect(() => figureOf('toString')).toThrow(/^figure: expected one of .*, got toString$/);
  });
});
