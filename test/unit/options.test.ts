// Every option: what is refused, and how it is told.
import { describe, expect, test } from 'vitest';
import { checkJobOptions, workerSettings, type JobOptions } from '../../src/options.js';
import { Queue } from '../../src/queue.js';

const noNumbers: [unknown, RegExp][] = [
  [Number.NaN, /whole number .*got NaN/],
  [Number.POSITIVE_INFINITY, /whole number .*got Infinity/],
  [-1, /whole number .*got -1/],
  [1.5, /whole number .*got 1.5/],
  [2 ** 53, /whole number .*got 9007199254740992/],
  ['5', /expected a number, got "5"/],
  [null, /expected a number, got null/],
  [{}, /expected a number, got an object/],
  [5n, /expected a number, got 5/],
];
const noBooleans: [unknown, RegExp][] = [
  ['true', /expected true or false, got "true"/],
  [1, /expected true or false, got 1/],
  [null, /expected true or false, got null/],
];

const jobNumbers = ['delay', 'attempts', 'backoff'] as const;
const jobBooleans = ['lifo', 'removeOnComplete', 'removeOnFail'] as const;
const workerNumbers = [
  'concurrency',
  'lockDuration',
  'lockRenewTime',
  'stalledInterval',
  'maxStalledCount',
  'maxBlockedTime',
  'closeTimeout',
] as const;

function wrongJob(option: string, value: unknown): () => void {
  return () => checkJobOptions({ [option]: value });
}

describe('job options', () => {
  for (const option of jobNumbers) {
    // A backoff may also be an object.
    const values = noNumbers.filter(([value]) => option !== 'backoff' || typeof value === 'number');
    test.each(values)(`${option}: %s is refused`, (value, message) => {
      expect(wrongJob(option, value)).toThrow(message);
      expect(wrongJob(option, value)).toThrow(new RegExp(`^${option}: `));
    });
  }
  for (const option of jobBooleans) {
    test.each(noBooleans)(`${option}: %s is refused`, (value, message) => {
      expect(wrongJob(option, value)).toThrow(message);
      expect(wrongJob(option, value)).toThrow(new RegExp(`^${option}: `));
    });
  }

  test('attempts: 0 is refused', () => {
    expect(wrongJob('attempts', 0)).toThrow(/^attempts: expected a whole number from 1/);
  });

  test.each([
    ['5', /^backoff/],
    [null, /^backoff/],
    [{}, /^backoff.type: expected 'fixed' or 'exponential', got undefined/],
    [{ type: 'linear' }, /^backoff.type: .*got "linear"/],
    [{ type: 'fixed', delay: -1 }, /^backoff.delay: .*got -1/],
    [{ type: 'fixed', delay: '1' }, /^backoff.delay: expected a number, got "1"/],
    [{ type: 'fixed', jitter: 2 }, /^backoff.jitter: expected a number from 0 to 1, got 2/],
    [{ type: 'fixed', jitter: Number.NaN }, /^backoff.jitter: .*got NaN/],
    [{ type: 'fixed', jitter: '1' }, /^backoff.jitter: .*got "1"/],
  ])('backoff: %j is refused', (value, message) => {
    expect(wrongJob('backoff', value)).toThrow(message);
  });

  test.each(['delai', 'priority', '__proto_', 'constructor', 'toString'])(
    'an option that is unknown (%s) is refused, and those that are known are named',
    (option) => {
      expect(wrongJob(option, 1)).toThrow(new RegExp(`^${option}: expected one of jobId, delay,`));
    },
  );

  test('undefined stands for the default of each', () => {
    const options = [...jobNumbers, ...jobBooleans, 'jobId'].map((option) => [option, undefined]);
    expect(() => checkJobOptions(Object.fromEntries(options) as JobOptions)).not.toThrow();
  });
});

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
