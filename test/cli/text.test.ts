import { expect, test } from 'vitest';
import { safe, shownUrl, span, toJson, withoutSecrets } from '../../src/cli/text.js';

test('what could move the cursor, hide or turn text is written as its code', () => {
  expect(safe('a\u001b[31m\u0007\r\n')).toBe('a\\x1b[31m\\x07\\x0d\\x0a');
  expect(safe('\u009b2J \u202egnp \u2028 \ud800')).toBe('\\x9b2J \\u202egnp \\u2028 \\ud800');
  expect(safe('Grüße 👩‍🚀 日本')).toBe('Grüße 👩‍🚀 日本');
});

test('JSON stays what it is, without control characters', () => {
  const value = { text: '\u001b\u007f\u009b\u202e\u2028\ud800', n: 1, none: undefined };
  const text = toJson(value);
  expect(text).toMatch(/^[ -~]*$/);
  expect(JSON.parse(text)).toEqual({ text: value.text, n: 1 });
  expect(toJson(undefined)).toBe('null');
});

test('passwords of URLs are not told', () => {
  expect(withoutSecrets('at redis://user:p@ss:w@host:1/0, then')).toBe(
    'at redis://user:***@host:1/0, then',
  );
  expect(shownUrl('redis://:my secret/?#pass@host:1')).toBe('redis://:***@host:1');
  expect(shownUrl('user:secret@host')).toBe('user:***@host');
  expect(shownUrl('/run/redis.sock?password=secret&db=1')).toBe(
    '/run/redis.sock?password=***&db=1',
  );
  expect(shownUrl('localhost:6379')).toBe('localhost:6379');
  expect(shownUrl('redis://host:6379/1')).toBe('redis://host:6379/1');
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1.00 s'],
  [59_999, '59.99 s'],
  [60_000, '1m 00s'],
  [3_599_999, '59m 59s'],
  [3_600_000, '1h 00m'],
  [86_400_000 + 3_600_000 * 5, '1d 05h'],
])('%i ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});
