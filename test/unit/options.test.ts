// Every option of queues and workers: what is refused, and how it is told.
import { describe, expect, test } from 'vitest';
import type { JobOptions } from '../../src/job-options.js';
import { workerSettings } from '../../src/options.js';
import { Queue } from '../../src/queue.js';
import { noBooleans, noNumbers } from '../helpers/wrong-values.js';

const workerNumbers = [
  'concurrency',
  'lockDuration',
  'lockRenewTime',
  'stalledInterval',
  'maxStalledCount',
  'maxBlockedTime',
  'closeTimeout',
  'stopTimeout',
] as const;

describe('worker options', () => {
  for (const option of workerNumbers) {
    test.each(noNumbers)(`${option}: %s is refused`, (value, message) => {
      const make = (): unknown => workerSettings({ [option]: value });
      expect(make).toThrow(message);
      expect(make).toThrow(new RegExp(`^${option}: `));
    });
  }

  test.each(noBooleans)('autorun: %s is refused', (value, message) => {
    expect(() => workerSettings({ autorun: value as boolean })).toThrow(message);
  });

  test.each([
    [{ concurrency: 0 }],
    [{ concurrency: 10_001 }],
    [{ lockDuration: 99 }],
    [{ lockRenewTime: 0 }],
    [{ lockDuration: 1_000, lockRenewTime: 1_001 }],
    [{ stalledInterval: 9 }],
    [{ maxBlockedTime: 0 }],
  ])('%j is out of range', (options) => {
    expect(() => workerSettings(options)).toThrow(RangeError);
  });

  test('undefined stands for the default of each', () => {
    const options = Object.fromEntries(workerNumbers.map((option) => [option, undefined]));
    expect(workerSettings(options)).toMatchObject({
      concurrency: 1,
      autorun: true,
      lockDuration: 30_000,
      lockRenewTime: 10_000,
      stalledInterval: 5_000,
      maxStalledCount: 2,
      maxBlockedTime: 300_000,
      closeTimeout: 30_000,
      stopTimeout: 5_000,
    });
  });
});

describe('queue options', () => {
  for (const option of ['maxPending', 'maxPendingBytes']) {
    test.each([...noNumbers, [0, /got 0/] as [unknown, RegExp]])(
      `${option}: %s is refused`,
      (value, message) => {
        if (value === null) return; // stands for the default
        const make = (): unknown => new Queue('q', { [option]: value });
        expect(make).toThrow(message);
        expect(make).toThrow(new RegExp(`^${option}: `));
      },
    );
  }

  test('defaultJobOptions are checked at once', () => {
    expect(() => new Queue('q', { defaultJobOptions: { attempts: 0 } })).toThrow(/^attempts: /);
    const unknown = { tries: 1 } as JobOptions;
    expect(() => new Queue('q', { defaultJobOptions: unknown })).toThrow(/^tries: expected one of/);
  });
});
