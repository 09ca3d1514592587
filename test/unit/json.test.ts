// What JSON would silently make into something else is refused; what everybody knows of JSON stays as it is.
import { describe, expect, test } from 'vitest';
import { jsonOf } from '../../src/json.js';

const cyclic: unknown[] = [];
cyclic.push({ cyclic });

/** A list in a list in a list. */
function nested(depth: number, inner: unknown): unknown {
  let value = inner;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe('refused, with the place', () => {
  test.each<[what: string, value: unknown, message: RegExp]>([
    ['NaN', Number.NaN, /^data: expected a finite number, got NaN$/],
    [
      'an infinity',
      { points: [0, 1, 2, { x: -1 / 0 }] },
      /^data\.points\[3\]\.x: .* got -Infinity$/,
    ],
    ['NaN in a Number object', { n: Object(Number.NaN) as unknown }, /^data\.n: .* got NaN$/],
    ['NaN behind an odd key', { 'a b': { '': Number.NaN } }, /^data\["a b"\]\[""\]: /],
    ['NaN in a class', new (class Point { x = Number.NaN })(), /^data\.x: /], // prettier-ignore
    ['NaN from a toJSON', { at: { toJSON: () => ({ x: Number.NaN }) } }, /^data\.at\.x: /],
    ['NaN behind a proxy', new Proxy([Number.NaN], {}), /^data\[0\]: /],
    ['NaN under many levels', nested(500, Number.NaN), /^data(\[0\]){500}: expected a finite/],
    ['an invalid date', { at: new Date('no date') }, /^data\.at: expected a date, got an invalid/],
    ['a bigint', { n: [5n] }, /^data\.n\[0\]: expected what JSON can hold, got 5n$/],
    ['a function in a list', [() => 1], /^data\[0\]: expected what JSON can hold, got a function$/],
    ['a symbol in a list', [Symbol('s')], /^data\[0\]: .* got a symbol$/],
    ['a function', () => 1, /^data: .* got a function$/],
    ['a symbol', Symbol('s'), /^data: .* got a symbol$/],
    ['nothing', undefined, /^data: .* got undefined$/],
    ['a Map', { map: new Map([[1, 2]]) }, /^data\.map: .* got a Map$/],
    ['a Set', new Set([1]), /^data: .* got a Set$/],
    ['a Promise', { result: Promise.resolve(1) }, /^data\.result: .* got a Promise$/],
    ['an Error', { error: new Error('lost') }, /^data\.error: .* got an Error$/],
    ['an ArrayBuffer', { bytes: new ArrayBuffer(8) }, /^data\.bytes: .* got an ArrayBuffer$/],
    ['a cycle', cyclic, /^data: can't be written as JSON: /],
    ['a getter that throws', { get x() { throw new Error('no'); } }, /^data: can't be/], // prettier-ignore
    ['a toJSON that throws', { toJSON() { throw new Error('no'); } }, /^data: can't be/], // prettier-ignore
    ['a revoked proxy', revoked(), /^data: can't be written as JSON: /],
    ['100,000 levels', nested(100_000, 1), /^data: can't be written as JSON: /],
  ])('%s', (_, value, message) => {
    let thrown: unknown;
    try {
      jsonOf('data', value);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toSatisfy((error) => error instanceof TypeError || error instanceof RangeError);
    expect((thrown as Error).message).toMatch(message);
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test.each<[what: string, value: unknown, text?: string]>([
  ['a null', { x: null, n: 1 }],
  ['empty objects', [{}, { a: {} }]],
  ['texts with null and {}', ['null', '{}', { null: 'null' }]],
  ['no prototype', Object.assign(Object.create(null), { x: null })],
  [
    'a class without fields',
    new (class Ping {
      ping() {
        return 1;
      }
    })(),
    '{}',
  ],
  ['a class with a null', new (class Point { x = null })(), '{"x":null}'], // prettier-ignore
  ['a date beside a null', [new Date(0), null], '["1970-01-01T00:00:00.000Z",null]'],
  ['undefined and functions as properties', { a: undefined, f: () => 1, n: null }, '{"n":null}'],
  ['undefined and holes in lists', [undefined, , 1], '[null,null,1]'], // oxlint-disable-line no-sparse-arrays
  ['a toJSON that says null', [{ toJSON: () => null }], '[null]'],
  ['lone surrogates', ['\ud800', null], '["\\ud800",null]'],
  ['own __proto__', JSON.parse('{"__proto__":{"a":null}}'), '{"__proto__":{"a":null}}'],
  ['2,000 levels around a null', nested(2_000, null)],
])('%s: as JSON has it', (_, value, text = JSON.stringify(value)) => {
  expect(jsonOf('data', value)).toBe(text);
});
