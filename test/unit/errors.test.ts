// Whatever a handler throws becomes an Error that can be told.
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { asError, BulkError, QueueError, UnrecoverableError } from '../../src/errors.js';

test('an Error stays the one that it is', () => {
  for (const error of [new Error('a'), new QueueError('CLOSED', 'b'), new UnrecoverableError()])
    expect(asError(error)).toBe(error);
  const bare = Object.assign(new Error('bare'), { stack: undefined });
  expect(asError(bare)).toBe(bare);
});

test.each([
  ['text', 'text'],
  [undefined, 'undefined'],
  [null, 'null'],
  [0, '0'],
  [Symbol('s'), 'Symbol(s)'],
  [{ message: 'told' }, 'told'],
  [Object.create(null), 'something was thrown that can not be told as text'],
  [{ get message(): string { throw new Error('trap'); } }, 'something was thrown that can not be told as text'], // prettier-ignore
])('what is no Error (%#) becomes one, with itself as cause', (thrown, message) => {
  const error = asError(thrown);
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe(message);
  expect(error.cause).toBe(thrown);
});

test('an error of another realm keeps name and message', () => {
  const error = asError(runInNewContext("Object.assign(new Error('far'), { name: 'FarError' })"));
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'FarError', message: 'far' });
});

test('a BulkError tells how many were not added, and why', () => {
  const error = new BulkError([{ job: 1 }, { error: new Error('full') }]);
  expect(error).toMatchObject({ code: 'PARTIAL', name: 'BulkError' });
  expect(error.message).toBe('1 of 2 jobs were not added: full');
});
