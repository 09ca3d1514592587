// What is shared by all who use one connection.
import { expect, test } from 'vitest';
import type { Connection } from '../../src/connection.js';
import { PerConnection } from '../../src/per-connection.js';

const connection = {} as Connection;
const make = (): object => ({});

test('one is made for each name and connection, until it is dropped', () => {
  const shared = new PerConnection<object>();
  const first = shared.obtain(connection, 'a', make);
  expect(shared.obtain(connection, 'a', make)).toBe(first);
  expect(shared.obtain(connection, 'b', make)).not.toBe(first);
  expect(shared.obtain({} as Connection, 'a', make)).not.toBe(first);
  shared.drop(connection, 'a', first);
  expect(shared.obtain(connection, 'a', make)).not.toBe(first);
});

test('one that was dropped before does not take another one along', () => {
  const shared = new PerConnection<object>();
  const first = shared.obtain(connection, 'a', make);
  shared.drop(connection, 'a', first);
  const second = shared.obtain(connection, 'a', make);
  shared.drop(connection, 'a', first);
  expect(shared.obtain(connection, 'a', make)).toBe(second);
});
