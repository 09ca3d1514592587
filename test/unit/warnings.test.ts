// What a server's INFO gives cause to warn of. Its versions are judged in server-checks.test.ts.
import { expect, test } from 'vitest';
import { judge, lack } from '../../src/warnings.js';

const codesOf = (fields: Readonly<Record<string, string>>): string[] =>
  judge(new Map(Object.entries(fields))).map(({ code }) => code);

test.each([
  [{ redis_version: '8.2.2', maxmemory_policy: 'noeviction' }, []],
  [{ redis_version: '7.2.4', valkey_version: '8.1.4', maxmemory_policy: 'noeviction' }, []],
  [{ redis_version: '8.2.2', maxmemory_policy: 'volatile-ttl' }, ['LUNAQ_EVICTION']],
  [{ redis_version: '7.0.15', maxmemory_policy: 'noeviction' }, ['LUNAQ_LUA_HOLES']],
  [{ redis_version: '7.2.4', valkey_version: '8.0.5' }, ['LUNAQ_LUA_HOLES']],
  [{ redis_version: '6.2.20', maxmemory_policy: 'allkeys-lru' }, ['LUNAQ_OLD_SERVER']],
  [{ redis_version: '5.0.14' }, ['LUNAQ_OLD_SERVER']],
  [{ redis_version: '10.0.0' }, []],
  [{ redis_version: 'unstable' }, []],
  [{}, []],
] as const)('INFO of %j gives %j', (fields, codes) => {
  expect(codesOf(fields as Readonly<Record<string, string>>)).toEqual(codes);
});

test('a warning says what to do', () => {
  const [policy] = judge(new Map([['maxmemory_policy', 'allkeys-lru']]));
  expect(policy?.message).toMatch(
    /evict keys .*\(allkeys-lru\) Set maxmemory-policy noeviction\.$/,
  );
});

test.each([
  ['everysec', '1', 'everysec', undefined],
  ['everysec', '1', 'always', undefined],
  ['everysec', '1', undefined, undefined],
  ['always', '1', 'always', undefined],
  ['everysec', '0', 'everysec', /no append-only file.*appendonly yes/],
  ['always', '0', 'always', /no append-only file/],
  ['everysec', '1', 'no', /appendfsync no.*Set appendfsync everysec/],
  ['always', '1', 'everysec', /appendfsync everysec.*Set appendfsync always/],
  ['always', '1', undefined, /could not be checked/],
  ['everysec', undefined, undefined, /does not tell/],
] as const)(
  'durability %s with aof_enabled %s and appendfsync %s: %s',
  (wish, aof, fsync, told) => {
    const info = new Map(aof === undefined ? [] : [['aof_enabled', aof] as const]);
    const found = lack(wish, info, fsync);
    if (told === undefined) expect(found).toBeUndefined(); // oxlint-disable-line vitest/no-conditional-expect
    else expect(found).toMatch(told); // oxlint-disable-line vitest/no-conditional-expect
  },
);
