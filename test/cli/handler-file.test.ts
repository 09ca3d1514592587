import { expect, test } from 'vitest';
import { handlersOf } from '../../src/cli/handler-file.js';

const welcome = (): string => 'welcome';
const handler = (): string => 'any';
const handlers = { welcome };

test('a default export is a handler, or handlers by job name', () => {
  expect(handlersOf('f', { default: handler })).toBe(handler);
  expect(handlersOf('f', { default: { welcome } })).toEqual({ welcome });
  expect(handlersOf('f', { default: { handler } })).toEqual({ handler });
});

test('so is an export named handler or handlers', () => {
  expect(handlersOf('f', { handler })).toBe(handler);
  expect(handlersOf('f', { handlers })).toEqual({ welcome });
});

test('CommonJS gives its exports twice, and compilers mark theirs', () => {
  expect(handlersOf('f', { default: { handler }, handler })).toBe(handler);
  expect(handlersOf('f', { default: { handlers }, handlers })).toEqual({ welcome });
  expect(handlersOf('f', { default: { handler, welcome }, handler, welcome })).toEqual({
    handler,
    welcome,
  });
  const compiled = { __esModule: true, default: handler };
  expect(handlersOf('f', { default: compiled, __esModule: true })).toBe(handler);
  const named = { __esModule: true, handler };
  expect(handlersOf('f', { default: named, ...named })).toBe(handler);
});

test.each([
  ['nothing', {}],
  ['other names', { work: handler }],
  ['an empty object', { default: {} }],
  ['a number', { default: 1 }],
  ['null', { default: null }],
])('%s is no handler', (_, exports) => {
  expect(() => handlersOf('f.js', exports)).toThrow(/^f\.js: expected a default export/);
});

test('a handler that is no function is named', () => {
  expect(() => handlersOf('f.js', { default: { welcome, farewell: 'bye' } })).toThrow(
    'f.js: expected a function as the handler of jobs named "farewell", got string',
  );
});
