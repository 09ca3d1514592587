// Which servers the doctor warns of.
import { expect, test } from 'vitest';
import { serverChecks } from '../../src/doctor/server-checks.js';

const found = (info: Record<string, string>) =>
  serverChecks
    .filter((check) => check.finds(new Map(Object.entries(info))) !== undefined)
    .map(({ code }) => code);

test.each([
  ['7.0.15', ['lua-holes']],
  ['7.2.10', ['lua-holes']],
  ['7.2.11', []],
  ['7.4.5', ['lua-holes']],
  ['8.2.1', ['lua-holes']],
  ['8.2.2', []],
  ['8.4.0', []],
  ['9.0.0', []],
])('Redis %s: %j', (version, codes) => {
  expect(found({ redis_version: version })).toEqual(codes);
});

test.each([
  ['7.2.10', ['lua-holes']],
  ['8.0.6', []],
  ['8.1.3', ['lua-holes']],
  ['9.0.0', []],
])('Valkey %s, whatever Redis it calls itself: %j', (version, codes) => {
  expect(found({ redis_version: '7.2.4', valkey_version: version })).toEqual(codes);
});

test('a server that may evict, and one that does not tell', () => {
  expect(found({ maxmemory_policy: 'allkeys-lru' })).toEqual(['may-evict']);
  expect(found({ maxmemory_policy: 'noeviction' })).toEqual([]);
  expect(found({})).toEqual([]);
});

test('the remedy names the first releases that are mended', () => {
  const holes = serverChecks.find(({ code }) => code === 'lua-holes');
  expect(holes?.remedy(() => '')).toContain(
    'Redis 7.2.11, 7.4.6, 8.0.4, 8.2.2, or Valkey 7.2.11, 8.0.6, 8.1.4, or later',
  );
});
