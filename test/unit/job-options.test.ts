// Every option of jobs: what is refused, how it is told, and what scripts are told of it.
import { describe, expect, test } from 'vitest';
import { checkJobOptions, parentsOf, retentionOf, type JobOptions } from '../../src/job-options.js';
import { noBooleans, noNumbers } from '../helpers/wrong-values.js';

const numbers = ['delay', 'attempts', 'backoff', 'timeout', 'ttl'] as const;
const retentions = ['removeOnComplete', 'removeOnFail'] as const;

function wrong(option: string, value: unknown): () => void {
  return () => checkJobOptions({ [option]: value });
}

describe('job options', () => {
  for (const option of numbers) {
    // A backoff may also be an object.
    const values = noNumbers.filter(([value]) => option !== 'backoff' || typeof value === 'number');
    test.each(values)(`${option}: %s is refused`, (value, message) => {
      expect(wrong(option, value)).toThrow(message);
      expect(wrong(option, value)).toThrow(new RegExp(`^${option}: `));
    });
  }

  test.each(noBooleans)('lifo: %s is refused', (value, message) => {
    expect(wrong('lifo', value)).toThrow(message);
  });

  for (const option of retentions) {
    test.each([
      ['true', /expected true or false, got "true"/],
      [null, /expected true or false, got null/],
      [-1, /whole number .*got -1/],
      [1.5, /whole number .*got 1.5/],
      [{ age: -1 }, /\.age: .*got -1/],
      [{ age: '5' }, /\.age: expected a number, got "5"/],
      [{ count: -1 }, /\.count: .*got -1/],
      [{ count: Number.NaN }, /\.count: .*got NaN/],
    ])(`${option}: %j is refused`, (value, message) => {
      expect(wrong(option, value)).toThrow(message);
      expect(wrong(option, value)).toThrow(new RegExp(`^${option}`));
    });

    test(`${option}: an age in ms by mistake is refused, as a point of time is`, () => {
      const milliseconds = 30 * 365 * 24 * 3_600 * 1_000;
      expect(wrong(option, { age: milliseconds })).toThrow(/\.age: expected a whole number/);
      expect(wrong(option, { age: Date.now() })).toThrow(/\.age: expected a whole number/);
    });

    test.each([[true], [false], [0], [7], [{}], [{ age: 0 }], [{ count: 3 }], [{ age: 3_600, count: 0 }]])(
      `${option}: %j is taken`,
      (value) => {
        expect(wrong(option, value)).not.toThrow();
      },
    ); // prettier-ignore
  }

  test.each(['attempts', 'timeout', 'ttl'])('%s: 0 is refused', (option) => {
    expect(wrong(option, 0)).toThrow(new RegExp(`^${option}: expected a whole number from 1`));
  });

  test.each([
    ['5', /^backoff/],
    [null, /^backoff/],
    [[], /^backoff: expected 1 to 1000 waits, got 0/],
    [[1, -1], /^backoff: .*got -1/],
    [[1, '1'], /^backoff: expected a number, got "1"/],
    [{}, /^backoff.type: expected a string, got undefined/],
    [{ type: '' }, /^backoff.type: /],
    [{ type: 'fixed', delay: -1 }, /^backoff.delay: .*got -1/],
    [{ type: 'fixed', delay: '1' }, /^backoff.delay: expected a number, got "1"/],
    [{ type: 'fixed', jitter: 2 }, /^backoff.jitter: expected a number from 0 to 1, got 2/],
    [{ type: 'fixed', jitter: Number.NaN }, /^backoff.jitter: .*got NaN/],
    [{ type: 'fixed', jitter: '1' }, /^backoff.jitter: .*got "1"/],
  ])('backoff: %j is refused', (value, message) => {
    expect(wrong('backoff', value)).toThrow(message);
  });

  test.each([
    [5, /^dependsOn: expected an id, a job, or \{ queue, id \}, got 5/],
    [null, /^dependsOn: expected an id, a job, or \{ queue, id \}, got null/],
    ['', /^dependsOn: expected 1 to 256 bytes/],
    ['a\tb', /^dependsOn: expected no control characters/],
    ['a\nb', /^dependsOn: expected no control characters/],
    ['\ud800', /^dependsOn: expected no control characters/],
    [{}, /^dependsOn.id: expected a string, got undefined/],
    [{ id: 'a', queue: 5 }, /^dependsOn.queue: expected a string, got 5/],
    [{ id: 'a', queue: 'q\t' }, /^dependsOn.queue: expected no control characters/],
    [{ id: 'a', queue: 'q}' }, /^dependsOn.queue: expected no braces/],
    [['a', ['b']], /^dependsOn.id: expected a string/],
  ])('dependsOn: %j is refused', (value, message) => {
    expect(wrong('dependsOn', value)).toThrow(message);
  });

  test('dependsOn: 1,000 are taken, one more is refused', () => {
    const ids = Array.from({ length: 1_001 }, (_, n) => String(n));
    expect(wrong('dependsOn', ids.slice(1))).not.toThrow();
    expect(wrong('dependsOn', ids)).toThrow(/^dependsOn: expected at most 1000 jobs, got 1001/);
  });

  test.each(['ignore', true, null, ''])('onParentFailure: %j is refused', (value) => {
    expect(wrong('onParentFailure', value)).toThrow(/^onParentFailure: expected fail, run or wait/);
  });

  test.each([
    [5, /^description: expected a string, got 5/],
    [null, /^description: expected a string, got null/],
    ['x'.repeat(4_097), /^description: expected at most 4096 bytes, got 4097/],
    ['ü'.repeat(2_049), /^description: expected at most 4096 bytes, got 4098/],
  ])('description: %j is refused', (value, message) => {
    expect(wrong('description', value)).toThrow(message);
  });

  test.each(['', 'x'.repeat(4_096), 'two\nlines \ud800'])('description: %j is taken', (value) => {
    expect(wrong('description', value)).not.toThrow();
  });

  test.each([
    [5, /^meta: expected an object, got 5/],
    [null, /^meta: expected an object, got null/],
    ['{}', /^meta: expected an object, got "{}"/],
    [[], /^meta: expected an object/],
    [new Map(), /^meta: expected an object/],
    [{ toJSON: () => 5 }, /^meta: expected an object, got one with toJSON/],
    [{ toJSON: () => undefined }, /^meta: expected what JSON can hold/],
    [{ n: Number.NaN }, /^meta.n: expected a finite number, got NaN/],
    [{ n: 5n }, /^meta.n: expected what JSON can hold, got 5/],
    [{ x: 'x'.repeat(65_529) }, /^meta: expected at most 65536 bytes, got 65537/],
  ])('meta: %o is refused', (value, message) => {
    expect(wrong('meta', value)).toThrow(message);
  });

  test.each([[{}], [{ x: 'x'.repeat(65_528) }], [Object.create(null)], [{ n: null }]])(
    'meta: %o is taken',
    (value) => {
      expect(wrong('meta', value)).not.toThrow();
    },
  );

  test.each([...noNumbers, [1_001, /expected a whole number from 0 to 1000, got 1001/] as const])(
    'keepLogs: %s is refused',
    (value, message) => {
      expect(wrong('keepLogs', value)).toThrow(message);
    },
  );

  test.each(['delai', 'priority', '__proto_', 'constructor', 'toString'])(
    'an option that is unknown (%s) is refused, and those that are known are named',
    (option) => {
      expect(wrong(option, 1)).toThrow(new RegExp(`^${option}: expected one of jobId, delay,`));
    },
  );

  test('undefined stands for the default of each', () => {
    const others = [
      'jobId',
      'lifo',
      'dependsOn',
      'onParentFailure',
      'description',
      'meta',
      'keepLogs',
    ];
    const names = [...numbers, ...retentions, ...others];
    const options = names.map((option) => [option, undefined]);
    expect(() => checkJobOptions(Object.fromEntries(options) as JobOptions)).not.toThrow();
  });
});

describe('parentsOf', () => {
  test('names each parent once, by its queue', () => {
    const dependsOn = [
      'a',
      { id: 'a' },
      { queue: 'q', id: 'a' },
      { queueName: 'q', id: 'a' },
      { queue: 'other', id: 'a' },
    ];
    expect(parentsOf('q', { dependsOn })).toEqual([
      { queue: 'q', id: 'a' },
      { queue: 'other', id: 'a' },
    ]);
    expect(parentsOf('q', { dependsOn: { id: 'b' } })).toEqual([{ queue: 'q', id: 'b' }]);
    expect(parentsOf('q', { dependsOn: [] })).toEqual([]);
    expect(parentsOf('q', {})).toEqual([]);
  });
});

describe('retentionOf', () => {
  test.each([
    [undefined, '', undefined],
    [false, '', undefined],
    [true, '0', undefined],
    [0, '0', undefined],
    [7, '', 7],
    [{}, '', undefined],
    [{ age: 0 }, '0', undefined],
    [{ age: 60 }, '60000', undefined],
    [{ count: 3 }, '', 3],
    [{ age: 60, count: 3 }, '60000', 3],
    [{ age: 60, count: 0 }, '0', undefined],
  ])('of %j is %j ms and a count of %j', (option, age, count) => {
    expect(retentionOf(option)).toEqual({ age, count });
  });
});
