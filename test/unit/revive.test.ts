// Values from stored text, without what could change prototypes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { revive } from '../../src/revive.js';

const src = join(import.meta.dirname, '../../src');

test.each([
  ['{"__proto__":{"admin":true},"a":1}', { a: 1 }],
  ['{"a":[{"b":{"__proto__":{"admin":true}}}]}', { a: [{ b: {} }] }],
  [String.raw`{"\u005f_proto__":{"admin":true},"a":1}`, { a: 1 }],
  [String.raw`{"__\u0070roto\u005F_":{"admin":true},"a":1}`, { a: 1 }],
])('of %s nothing is left that changes a prototype', (text, expected) => {
  const value = revive(text) as object;
  expect(value).toEqual(expected);
  expect(JSON.stringify(value)).toBe(JSON.stringify(expected));
  expect(Object.assign({}, value)).not.toHaveProperty('admin');
});

test.each([
  '"__proto__"',
  '["__proto__",{"a":"__proto__"}]',
  '{"constructor":{"prototype":1},"__proto":1,"proto":"\\u0007"}',
  '{"deep":[null,true,1.5,{"":{}}]}',
  'null',
])('%s is read as it stands', (text) => {
  expect(revive(text)).toEqual(JSON.parse(text));
});

test.each(['', '{', '[1]x', '~gzip:AAAA'])('%j is no JSON', (text) => {
  expect(() => revive(text)).toThrow(SyntaxError);
});

test('nothing in src/ reads JSON in another way', () => {
  // What only looks whether it is JSON, and what the shell was given.
  const others = ['revive.ts', 'doctor/row-checks.ts', 'cli/arguments.ts'];
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/^(?:generated|testing)\//.test(file),
  );
  const found = files.filter((file) =>
    readFileSync(join(src, file), 'utf8').includes('JSON.parse('),
  );
  expect(found.toSorted()).toEqual(others.toSorted());
});
