// Turns that recur: one timer, each member once a period, none of them forgotten.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Rota } from '../../src/rota.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const period = 5_000;

/** A rota with so many members, and how often each had its turn. */
function rotaOf(count: number): { rota: Rota; turns: number[]; leaves: (() => void)[] } {
  const rota = new Rota(period);
  const turns = Array.from({ length: count }, () => 0);
  const leaves = turns.map((_, n) => rota.join(() => void (turns[n]! += 1)));
  return { rota, turns, leaves };
}

test('one member has its turn at the end of each period', () => {
  const { turns } = rotaOf(1);
  vi.advanceTimersByTime(period - 1);
  expect(turns).toEqual([0]);
  vi.advanceTimersByTime(1);
  expect(turns).toEqual([1]);
  vi.advanceTimersByTime(9 * period);
  expect(turns).toEqual([10]);
});

test.each([2, 7, 1_000, 5_000])(
  '%i members share one timer, and their turns are spread',
  (count) => {
    const { turns } = rotaOf(count);
    expect(vi.getTimerCount()).toBe(1);
    const had = () => turns.reduce((sum, turn) => sum + turn, 0);
    for (let part = 1; part <= 10; part += 1) {
      vi.advanceTimersByTime(period / 10);
      expect(Math.abs(had() - (count * part) / 10)).toBeLessThanOrEqual(1 + count / 250);
    }
    vi.advanceTimersByTime(9 * period);
    expect(Math.min(...turns)).toBeGreaterThanOrEqual(9);
    expect(Math.max(...turns)).toBeLessThanOrEqual(11);
  },
);

test('a blocked event loop is made good by one turn of each, not by all that it missed', () => {
  const { turns } = rotaOf(10);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 100 * period);
  vi.advanceTimersToNextTimer();
  expect(turns).toEqual(turns.map(() => 1));
  vi.restoreAllMocks();
});

test('who leaves has no turn any more, and the timer goes with the last one', () => {
  const { turns, leaves } = rotaOf(4);
  vi.advanceTimersByTime(period / 2);
  leaves[0]!();
  leaves[0]!();
  leaves[3]!();
  vi.advanceTimersByTime(10 * period);
  expect(turns[0]).toBeLessThanOrEqual(1);
  expect(turns[3]).toBe(0);
  for (const turn of turns.slice(1, 3)) expect(Math.abs(turn - 10)).toBeLessThanOrEqual(1);
  leaves[1]!();
  leaves[2]!();
  expect(vi.getTimerCount()).toBe(0);
});
