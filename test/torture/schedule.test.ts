// What a run will do is known before it starts: from its flags and its seed alone.
import { expect, test } from 'vitest';
import { flagsOf, UsageError, type Flags } from './flags.js';
import { scheduleOf, stageNames, type Act } from './schedule.js';

function stagesOf(...argv: string[]): readonly string[] {
  return (flagsOf(argv) as Flags).stages;
}

function isStage({ kind }: Act): boolean {
  return stageNames.some((name) => name === kind);
}

test('a seed draws the same schedule each time, another one another', () => {
  const acts = scheduleOf(7, 15, stageNames);
  expect(scheduleOf(7, 15, stageNames)).toEqual(acts);
  expect(scheduleOf(8, 15, stageNames)).not.toEqual(acts);
});

test.each([0.5, 2, 30])(
  'in %d min each stage comes once, and changes nothing of the rest',
  (minutes) => {
    const acts = scheduleOf(7, minutes, stageNames);
    const played = acts.filter(isStage).map(({ kind }) => kind);
    expect(played.toSorted()).toEqual([...stageNames].toSorted());
    expect(acts.filter((act) => !isStage(act))).toEqual(scheduleOf(7, minutes));
    expect(Math.max(...acts.map(({ at }) => at))).toBeLessThan(minutes * 60_000);
  },
);

test('the order of stages is drawn from the seed', () => {
  const orders = [1, 2, 3, 4, 5, 6].map((seed) =>
    scheduleOf(seed, 15, stageNames)
      .filter(isStage)
      .map(({ kind }) => kind)
      .join(),
  );
  expect(new Set(orders).size).toBeGreaterThan(1);
});

test('stages are part of long runs, or of any that asks for them', () => {
  expect(stagesOf('--minutes', '9')).toEqual([]);
  expect(stagesOf('--minutes', '10')).toEqual(stageNames);
  expect(stagesOf('--minutes', '10', '--stages', 'none')).toEqual([]);
  expect(stagesOf('--stages', 'all')).toEqual(stageNames);
  expect(stagesOf('--stages', 'rolling,clocks')).toEqual(['clocks', 'rolling']);
  // A planted bug is looked for where it shows.
  expect(stagesOf('--plant', 'clock')).toEqual(['clocks']);
  expect(stagesOf('--plant', 'clock', '--stages', 'none')).toEqual([]);
});

test.each(['flood', 'clocks,flood', '', 'all,clocks', 'none,all'])(
  'stages "%s" are misuse',
  (names) => {
    expect(() => flagsOf(['--stages', names])).toThrow(
      new UsageError(
        `--stages: expected all, none, or some of ${stageNames.join(',')}, got ${names}`,
      ),
    );
  },
);
