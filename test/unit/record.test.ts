// Records, traits, outcomes and failures as they are written down.
import { describe, expect, test } from 'vitest';
import {
  decodeFailures,
  decodeOutcome,
  encodeFailure,
  encodeOutcome,
  encodeReason,
} from '../../src/outcome.js';
import { decodeRecord, encodeRecord, encodeTraits, failAge } from '../../src/record.js';

function roundTrip(data: unknown): unknown {
  const { text } = encodeRecord({ name: 'n', data, timestamp: 1, opts: {} });
  return decodeRecord('id', text).data;
}

describe('a record', () => {
  test('is JSON with the name first, and tells only options that are not the default', () => {
    const opts = { jobId: 'x', delay: 0, attempts: 1, ttl: 5, removeOnFail: false };
    expect(encodeRecord({ name: 'n', data: { a: 1 }, timestamp: 1, opts }).text).toBe(
      '["n",{"a":1},1,{"ttl":5}]',
    );
  });

  test.each([[undefined], [null], [0], [''], [false], [[]], ['0'], ['1e3'], [Number.MAX_SAFE_INTEGER]])(
    'keeps %j as data',
    (data) => expect(roundTrip(data)).toEqual(data),
  ); // prettier-ignore

  test('keeps no data apart from null, also with options', () => {
    const opts = { attempts: 2 };
    const { text } = encodeRecord({ name: 'n', data: undefined, timestamp: 1, opts });
    const read = decodeRecord('id', text);
    expect(read).toEqual({ name: 'n', data: undefined, timestamp: 1, opts });
    expect('data' in read).toBe(true);
  });

  test('may have metadata on a line behind it, whatever ends the line', () => {
    const { text } = encodeRecord({
      name: 'n',
      data: '\n{}',
      timestamp: 1,
      opts: { meta: { a: 1 } },
    });
    expect(decodeRecord('id', text)).not.toHaveProperty('meta');
    const read = decodeRecord('id', `${text}\n{"b":"]"}`);
    expect(read).toEqual({ ...decodeRecord('id', text), meta: { b: ']' } });
  });

  test.each([
    '["n",1,1]\n',
    '["n",1,1]\n{',
    '["n",1,1] ',
    '\n{}',
    '["n",1,1',
    '',
    '{}',
    '[]',
    '["n"]',
    '[1,2,3]',
    'null',
    '["n",1,"x"]',
    '["n",1,1,null]',
    '["n",1,1,5]',
    '["n",1,1,{},{"data":"encoded"}]',
    '["n","~",1,{},{"data":"encoded"}]',
    '["n",1,1,{},{"meta":5}]',
    '["n",1,1]\n5',
  ])('that reads %j is UNREADABLE', (text) => {
    expect(() => decodeRecord('id', text)).toThrow(
      expect.objectContaining({ code: 'UNREADABLE', ids: ['id'] }) as Error,
    );
  });
});

test.each(['null', '1', '"x"', '{', '~', '{"encoded":1}'])(
  'an outcome or a failure that reads %s is UNREADABLE',
  (text) => {
    for (const decode of [decodeOutcome, decodeFailures])
      expect(() => decode(text, 'id')).toThrow(
        expect.objectContaining({ code: 'UNREADABLE', ids: ['id'] }) as Error,
      );
  },
);

describe('traits', () => {
  test('are told only when there is something to tell', () => {
    expect(encodeTraits({}, 100)).toBe('');
    expect(encodeTraits({ removeOnFail: false, delay: 5 }, 1_024)).toBe('');
    expect(encodeTraits({ removeOnFail: { count: 5 } }, 100)).toBe('');
    expect(encodeTraits({ removeOnFail: true }, 100)).toBe('{"failAge":0}');
    expect(encodeTraits({ removeOnFail: 0 }, 100)).toBe('{"failAge":0}');
    expect(encodeTraits({ removeOnFail: { age: 2 } }, 1_025)).toBe('{"size":1025,"failAge":2000}');
    expect(encodeTraits({ ttl: 5, lifo: true }, 1)).toBe('{"lifo":true,"ttl":5}');
    expect(encodeTraits({ delay: 5 }, 1, { child: true })).toBe('{"child":true,"delay":5}');
  });

  test('tell how long a failed job stays', () => {
    expect(failAge('')).toBe('');
    expect(failAge(encodeTraits({ ttl: 5 }, 1))).toBe('');
    expect(failAge(encodeTraits({ removeOnFail: true }, 1))).toBe('0');
    expect(failAge(encodeTraits({ removeOnFail: { age: 9 } }, 1))).toBe('9000');
  });
});

describe('an outcome', () => {
  test.each([[null], [0], [''], [false], [{ a: [1] }]])('keeps %j', (returnvalue) => {
    expect(decodeOutcome(encodeOutcome(returnvalue, 7))).toEqual({ returnvalue, processedOn: 7 });
  });

  test('of nothing has no value', () => {
    expect(decodeOutcome(encodeOutcome(undefined, 7)).returnvalue).toBeUndefined();
    expect(decodeOutcome('')).toEqual({});
  });

  test('over 1 MiB is refused as TOO_LARGE', () => {
    const fits = 'x'.repeat(1024 * 1024 - 50);
    expect(decodeOutcome(encodeOutcome(fits, 7)).returnvalue).toBe(fits);
    expect(() => encodeOutcome('x'.repeat(1024 * 1024), 7)).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }) as Error,
    );
  });
});

describe('failures', () => {
  test('are lines, however a message looks', () => {
    const lines = ['a\nb', '\t', '', '"', '\ud800'].map((message) => encodeFailure(new Error(message)));
    for (const line of lines) expect(line).not.toMatch(/[\n\t]/);
    const read = decodeFailures(`${lines.join('\n')}\n`);
    expect(read.map(({ failedReason }) => failedReason)).toEqual(['a\nb', '\t', '', '"', '\ufffd']);
    expect(decodeFailures('')).toEqual([]);
  }); // prettier-ignore

  test('are cut to 4 KiB of message and of stack', () => {
    const error = new Error('x'.repeat(9_000));
    const [failure] = decodeFailures(encodeFailure(error, { processedOn: 1, finishedOn: 2 }));
    expect(failure?.failedReason).toHaveLength(4_096);
    expect(failure?.stack).toHaveLength(4_096);
    expect(failure).toMatchObject({ processedOn: 1, finishedOn: 2 });
  });

  test('of a job that was not run have a reason and no stack', () => {
    expect(decodeFailures(encodeReason('expired'))).toEqual([{ failedReason: 'expired' }]);
  });
});
