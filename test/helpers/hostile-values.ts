// Values that break careless code, for any argument and any option. Each is made anew, since some may be used once.

/** What hostile values throw themselves; whoever passes that on has done no wrong. */
export class Hostile extends Error {
  override readonly name = 'Hostile';
}

function refuse(): never {
  throw new Hostile('touched');
}

const traps: ProxyHandler<object> = {
  get: refuse,
  has: refuse,
  ownKeys: refuse,
  getPrototypeOf: refuse,
  getOwnPropertyDescriptor: refuse,
};

/** A list in a list in a list. */
function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

function cyclic(): object {
  const object: Record<string, unknown> = {};
  object.self = object;
  return object;
}

/** JSON names an own member that assignments would take for the prototype. */
function ownPrototype(): object {
  return JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}');
}

const large = 'x'.repeat(5 * 1024 * 1024);

export const hostile: readonly [what: string, make: () => unknown][] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['NaN', () => Number.NaN],
  ['Infinity', () => Infinity],
  ['-1', () => -1],
  ['-0', () => -0],
  ['0', () => 0],
  ['1.5', () => 1.5],
  ['2^53', () => 2 ** 53],
  ['5n', () => 5n],
  ['true', () => true],
  ['""', () => ''],
  ['"5"', () => '5'],
  ['"__proto__"', () => '__proto__'],
  ['"constructor"', () => 'constructor'],
  ['"hasOwnProperty"', () => 'hasOwnProperty'],
  ['braces', () => '{q}'],
  ['257 bytes', () => 'x'.repeat(257)],
  ['5 MB', () => large],
  ['NUL', () => 'a\u0000b'],
  ['lines', () => 'a\r\nb\tc'],
  ['an escape', () => '\u001b[2J'],
  ['an 8-bit escape', () => '\u009b2J'],
  ['a lone surrogate', () => '\ud800'],
  ['a symbol', () => Symbol('s')],
  ['a function', () => () => 1],
  ['[]', () => []],
  ['[null]', () => [null]],
  ['10,000 levels', () => nested(10_000)],
  ['{}', () => ({})],
  ['no prototype', () => Object.create(null)],
  ['own __proto__', ownPrototype],
  ['a cycle', cyclic],
  ['frozen', () => Object.freeze({ frozen: true })],
  ['a getter that throws', () => ({ get name() { return refuse(); }, get id() { return refuse(); } })], // prettier-ignore
  ['a toString that throws', () => ({ toString: refuse, [Symbol.toPrimitive]: refuse })],
  ['a toJSON that throws', () => ({ toJSON: refuse })],
  ['a proxy that throws', () => new Proxy({}, traps)],
  ['a Map', () => new Map([['a', 1]])],
  ['an invalid date', () => new Date(Number.NaN)],
  ['a promise', () => Promise.resolve(1)],
];

/** What handlers throw, and listeners, and anybody. */
export const thrown: readonly [what: string, make: () => unknown][] = [
  ...hostile,
  ['an error of no message', () => new Error()], // oxlint-disable-line unicorn/error-message
  ['a message of 5 MB', () => new Error(large)],
  ['a message with control characters', () => new Error('\u001b[2J\u0000\nline\ud800')],
  ['a message that is a getter that throws', () => Object.defineProperty(new Error('m'), 'message', { get: refuse })], // prettier-ignore
  ['a message that is no text', () => Object.assign(new Error('m'), { message: { a: 1 } })],
  ['a stack that is a getter that throws', () => Object.defineProperty(new Error('m'), 'stack', { get: refuse })], // prettier-ignore
  ['a stack that is no text', () => Object.assign(new Error('m'), { stack: 7 })],
  ['a name that is a getter that throws', () => Object.defineProperty(new Error('m'), 'name', { get: refuse })], // prettier-ignore
  ['a cause that is itself', () => { const error = new Error('m'); error.cause = error; return error; }], // prettier-ignore
  ['a frozen error', () => Object.freeze(new Error('m'))],
  ['what looks like an error', () => ({ name: 'Error', message: 'm', stack: null })],
  ['a DelayedError without a delay', () => Object.assign(new Error('m'), { name: 'DelayedError', delay: -5 })], // prettier-ignore
];
