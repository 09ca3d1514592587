// Limits of sizes and counts: each with a default, each to be changed, each refusing what makes no sense.
import { describe, expect, test } from 'vitest';
import { checkBulk } from '../../src/bulk.js';
import { checkJobOptions, type JobOptions } from '../../src/job-options.js';
import { defaultLimits, limitsOf, type LimitOptions } from '../../src/limits.js';
import { queueLimits, workerSettings } from '../../src/options.js';
import { encodeOutcome } from '../../src/outcome.js';
import { encodeRecord } from '../../src/record.js';
import { noNumbers } from '../helpers/wrong-values.js';

const names = Object.keys(defaultLimits) as (keyof LimitOptions)[];

test('without any, the defaults hold', () => {
  expect(queueLimits({}).limits).toEqual(defaultLimits);
  expect(workerSettings({}).limits).toEqual(defaultLimits);
  expect(limitsOf({ dataBytes: 5, idBytes: undefined as unknown as number })).toEqual({
    ...defaultLimits,
    dataBytes: 5,
  });
});

test('as many jobs go into one addBulk as may wait to be sent', () => {
  expect(queueLimits({ maxPending: 7 }).limits.bulkJobs).toBe(7);
  expect(queueLimits({ maxPending: 7, limits: { bulkJobs: 3 } }).limits.bulkJobs).toBe(3);
});

describe.each(names)('limits.%s', (name) => {
  test.each([...noNumbers, [0, /whole number from 1 to .*got 0/] as const])(
    'refuses %s',
    (value, message) => {
      const limits = { [name]: value };
      for (const make of [() => queueLimits({ limits }), () => workerSettings({ limits })]) {
        expect(make).toThrow(message);
        expect(make).toThrow(`limits.${name}: `);
      }
    },
  );

  test('takes 1', () => {
    expect(limitsOf({ [name]: 1 })[name]).toBe(1);
  });
});

test.each([5, 'x', null, []])('limits that are no object are refused: %j', (limits) => {
  expect(() => queueLimits({ limits: limits as LimitOptions })).toThrow(
    /^limits: expected an object/,
  );
});

test('a limit that nobody knows is refused', () => {
  expect(() => limitsOf({ bytes: 1 } as LimitOptions)).toThrow(/^bytes: expected one of dataBytes/);
});

describe('what is beyond', () => {
  const record = { name: 'job', timestamp: 1, opts: {} };
  const large = expect.objectContaining({ code: 'TOO_LARGE' }) as Error;

  test('data, in bytes of its JSON', () => {
    expect(encodeRecord({ ...record, data: 'ü' }, 4).text).toBe('["job","ü",1]');
    expect(() => encodeRecord({ ...record, data: 'ü' }, 3)).toThrow(large);
    expect(() => encodeRecord({ ...record, data: 'ü' }, 3)).toThrow(/^data: 4 bytes, at most 3 are allowed$/); // prettier-ignore
  });

  test('a result', () => {
    expect(encodeOutcome('ü', 1, 4)).toBe('{"returnvalue":"ü","processedOn":1}');
    expect(() => encodeOutcome('ü', 1, 3)).toThrow(large);
  });

  test.each<[JobOptions, LimitOptions, RegExp]>([
    [{ jobId: 'long' }, { idBytes: 3 }, /^jobId: expected 1 to 3 bytes, got 4$/],
    [{ dependsOn: 'long' }, { idBytes: 3 }, /^dependsOn: expected 1 to 3 bytes, got 4$/],
    [{ dependsOn: [{ id: 'long' }] }, { idBytes: 3 }, /^dependsOn.id: expected 1 to 3 bytes/],
    [{ dependsOn: ['a', 'b', 'c'] }, { parents: 2 }, /^dependsOn: expected at most 2 jobs, got 3$/],
    [{ description: 'long' }, { descriptionBytes: 3 }, /^description: .* at most 3 bytes, got 4$/],
    [{ meta: { a: 1 } }, { metaBytes: 6 }, /^meta: expected at most 6 bytes, got 7$/],
  ])('%j with %j', (options, limits, message) => {
    expect(() => checkJobOptions(options)).not.toThrow();
    expect(() => checkJobOptions(options, limitsOf(limits))).toThrow(message);
  });

  test.each<[unknown, RegExp]>([
    [{}, /^jobs: expected a list, got an object$/],
    ['jobs', /^jobs: expected a list, got "jobs"$/],
    [[{ name: 'a' }, null], /^jobs\[1\]: expected { name, data, opts }, got null$/],
    [[{ name: 'a', opts: 5 }], /^jobs\[0\].opts: expected an object, got 5$/],
    [[{ name: 'a' }, { name: 'b' }, { name: 'c' }], /^jobs: expected at most 2 jobs, got 3$/],
  ])('jobs for addBulk: %j', (jobs, message) => {
    expect(() => checkBulk(jobs, limitsOf({ bulkJobs: 2 }))).toThrow(message);
  });

  test('more waits between attempts than anybody needs', () => {
    const backoff = Array.from({ length: 1_001 }, () => 1);
    expect(() => checkJobOptions({ backoff })).toThrow(/^backoff: expected 1 to 1000 waits, got 1001$/); // prettier-ignore
  });
});
