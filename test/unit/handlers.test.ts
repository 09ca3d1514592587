// Which handler runs a job, and which handlers are given a signal of their own.
import { expect, test } from 'vitest';
import { HandlerTable, type Handler } from '../../src/handlers.js';
import type { Job } from '../../src/job.js';

const withThree = (_job: unknown, _token: string, signal: AbortSignal): unknown => signal;

const takers: [what: string, handler: Handler][] = [
  ['three parameters', withThree],
  ['a rest', (...args) => args[2]],
  ['a rest behind the job', (_job, ...rest) => rest[1]],
  // oxlint-disable-next-line typescript/no-useless-default-assignment -- its caller knows nothing of types
  ['a default', (_job, token = '', signal = AbortSignal.abort()) => [token, signal]],
  ['what is bound', withThree.bind(undefined)],
  // oxlint-disable-next-line prefer-rest-params -- what older code does
  ['its arguments', function handler(): unknown { return arguments[2]; }], // prettier-ignore
];

const others: [what: string, handler: Handler][] = [
  ['nothing', () => 1],
  ['the job', (job) => ({ sum: job.id === 'a' ? 1 : 2 })],
  ['a part of the job', ({ id }) => id],
  ['job and token', async (job, token) => await Promise.resolve([job, token])],
];

test.each(takers)('a handler that takes %s may look at its signal', (_, handler) => {
  expect(new HandlerTable(handler).takesSignal(handler)).toBe(true);
});

test.each(others)('a handler that takes %s can’t', (_, handler) => {
  expect(new HandlerTable(handler).takesSignal(handler)).toBe(false);
});

const named = (name: string): Job => ({ id: 'a', name }) as Job;

test('handlers are found by the job’s name, and only by their own', () => {
  const table = new HandlerTable<unknown, unknown, string>({ mail: () => 'sent' });
  expect(table.of(named('mail'))).toBeTypeOf('function');
  for (const name of ['other', 'toString', '__proto__', 'constructor'])
    expect(() => table.of(named(name))).toThrow(expect.objectContaining({ code: 'NO_HANDLER' }));
});

test.each([[undefined], [null], ['x'], [5]])('%s is refused as a handler', (handler) => {
  expect(() => new HandlerTable(handler as never)).toThrow(/^handler: expected a function/);
});
