// Where a retry is decided.
import { describe, expect, test } from 'vitest';
import { UnrecoverableError } from '../../src/errors.js';
import { backoffDelay, decide } from '../../src/retry.js';

describe('backoffDelay', () => {
  test('is 0 without a backoff', () => {
    expect(backoffDelay(undefined, 1)).toBe(0);
    expect(backoffDelay(0, 3)).toBe(0);
    expect(backoffDelay({ type: 'exponential' }, 3)).toBe(0);
  });

  test('is the same each time when it is a number or fixed', () => {
    expect([1, 2, 9].map((n) => backoffDelay(250, n))).toEqual([250, 250, 250]);
    expect([1, 2].map((n) => backoffDelay({ type: 'fixed', delay: 7 }, n))).toEqual([7, 7]);
  });

  test('doubles with each failed attempt when it is exponential', () => {
    const backoff = { type: 'exponential', delay: 100 } as const;
    expect([1, 2, 3, 4].map((n) => backoffDelay(backoff, n))).toEqual([100, 200, 400, 800]);
  });

  test('never exceeds a year, and is a whole number, after any number of attempts', () => {
    const year = 365 * 24 * 3_600 * 1_000;
    for (const failed of [40, 100, 1_000, 5_000]) {
      expect(backoffDelay({ type: 'exponential', delay: 1_000 }, failed)).toBe(year);
      const backoff = { type: 'exponential', delay: 1, jitter: 0.5 } as const;
      expect(backoffDelay(backoff, failed, () => 0)).toBe(year / 2);
      expect(backoffDelay({ type: 'exponential', delay: 0 }, failed)).toBe(0);
    }
    expect(backoffDelay({ type: 'fixed', delay: Number.MAX_SAFE_INTEGER / 4 }, 1)).toBe(year);
  });

  test.each([
    [0, 0, 1_000],
    [0, 1, 1_000],
    [0.5, 0, 500],
    [0.5, 1, 1_000],
    [1, 0, 0],
    [1, 0.25, 250],
  ])('with jitter %d and a draw of %d of 1,000 ms waits %d', (jitter, drawn, expected) => {
    expect(backoffDelay({ type: 'fixed', delay: 1_000, jitter }, 1, () => drawn)).toBe(expected);
  });
});

describe('a list of waits', () => {
  test('gives one wait after the other, the last one again and again', () => {
    expect([1, 2, 3, 9].map((n) => backoffDelay([10, 20, 30], n))).toEqual([10, 20, 30, 30]);
  });
});

function never(): number {
  throw new Error('no strategy is to be asked');
}

describe('decide', () => {
  const error = new Error('failed');

  test('ends a job when its attempts are used up, one by default', () => {
    expect(decide(error, {}, 1, never)).toEqual({ retry: false });
    expect(decide(error, { attempts: 3 }, 2, never)).toEqual({ retry: true, delay: 0 });
    expect(decide(error, { attempts: 3 }, 3, never)).toEqual({ retry: false });
    expect(decide(error, { attempts: 3 }, 4, never)).toEqual({ retry: false });
  });

  test('waits as the backoff says', () => {
    const backoff = { type: 'exponential', delay: 10 };
    expect(decide(error, { attempts: 9, backoff }, 3, never)).toEqual({ retry: true, delay: 40 });
  });

  test('ends a job at once after an UnrecoverableError, also of another realm', () => {
    expect(decide(new UnrecoverableError(), { attempts: 9 }, 1, never)).toEqual({ retry: false });
    const far = Object.assign(new Error('far'), { name: 'UnrecoverableError' });
    expect(decide(far, { attempts: 9 }, 1, never)).toEqual({ retry: false });
  });

  const custom = { attempts: 9, backoff: { type: 'custom' } };

  test('asks the strategy for a type of its own', async () => {
    const asked: string[] = [];
    const decision = await decide(error, custom, 3, (type) => {
      asked.push(type);
      return 17;
    });
    expect(decision).toEqual({ retry: true, delay: 17 });
    expect(asked).toEqual(['custom']);
  });

  test('ends a job when the strategy says -1', async () => {
    expect(await decide(error, custom, 1, () => Promise.resolve(-1))).toEqual({ retry: false });
  });

  test.each([Number.NaN, 1.5, -2, Number.POSITIVE_INFINITY, '5' as unknown as number])(
    'ends a job when the strategy says %s, and tells why',
    async (delay) => {
      const decision = await decide(error, custom, 1, () => delay);
      expect(decision).toMatchObject({ retry: false, why: { cause: expect.any(RangeError) } });
    },
  );

  test('ends a job when the strategy throws, and tells why', async () => {
    const cause = new Error('no idea');
    const decision = await decide(error, custom, 1, () => Promise.reject(cause));
    expect(decision).toMatchObject({ retry: false, why: { cause } });
  });
});
