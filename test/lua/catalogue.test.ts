import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { luaSources } from '../../src/generated/lua.js';
import type { Script } from '../../src/script.js';
import * as catalogue from '../../src/scripts.js';
import { checkScript, checkShared, type ScriptFile } from '../helpers/house-rules.js';
import { readHeader } from '../helpers/lua-text.js';
import { privateServer } from '../helpers/scripts.js';

const folder = new URL('../../lua/', import.meta.url);
const expand = new URL('../../tools/expand.mjs', import.meta.url).href;
const server = privateServer();

function readFolder(at: URL): Map<string, string> {
  const files = readdirSync(at).filter((file) => file.endsWith('.lua'));
  return new Map(files.map((file) => [file.slice(0, -4), readFileSync(new URL(file, at), 'utf8')]));
}

const texts = readFolder(folder);
const shared = readFolder(new URL('shared/', folder));

type AnyScript = Pick<Script<never, never, unknown>, 'name' | 'keys' | 'args' | 'each' | 'source'>;

const declarations = new Map<string, AnyScript>(
  Object.entries(catalogue).flatMap(([name, value]) =>
    typeof value === 'object' && 'source' in value ? [[name, value as AnyScript]] : [],
  ),
);

/** Where the header's name of an argument is that of a key as well, or says less than the body's. */
const renamed: Record<string, Record<string, string>> = {
  drain: { delayed: 'with_delayed' },
  evict: { completed: 'keep_completed', failed: 'keep_failed' },
  reclaim: { losses: 'most' },
};

function scriptFile(name: string): ScriptFile {
  const declared = declarations.get(name) ?? { keys: [], args: [], each: [] };
  return { name, text: texts.get(name) ?? '', shared, declared, renamed: renamed[name] ?? {} };
}

describe('the catalogue and lua/', () => {
  test('each file has a declaration of its name, and each declaration a file', () => {
    expect([...declarations.keys()].toSorted()).toEqual([...texts.keys()].toSorted());
    for (const [name, script] of declarations) expect(script.name).toBe(name);
  });

  test.each([...texts.keys()])('%s keeps the house rules', (name) => {
    expect(checkScript(scriptFile(name))).toEqual([]);
  });

  test.each([...shared.keys()])('shared/%s keeps the house rules', (name) => {
    expect(checkShared(name, shared)).toEqual([]);
  });

  test('a noun is of the same type in every header', () => {
    const types = new Map<string, Set<string>>();
    for (const [name, text] of texts)
      for (const key of readHeader(name, text).keys)
        types.set(key.name, (types.get(key.name) ?? new Set()).add(key.type));
    expect([...types].filter(([, found]) => found.size > 1)).toEqual([]);
  });

  test('each shared function is used', () => {
    const used = new Set([...texts].flatMap(([name, text]) => readHeader(name, text).uses));
    expect([...used].toSorted()).toEqual([...shared.keys()].toSorted());
  });

  test.each([...texts.keys()])(
    '%s was built from the file as it is now, and Redis loads it',
    async (name) => {
      const { expandScript } = (await import(expand)) as {
        expandScript: (folder: string, name: string) => string;
      };
      const source = expandScript(folder.pathname, name);
      expect(declarations.get(name)?.source).toBe(source);
      expect(luaSources).toHaveProperty(name, source);
      expect(await server.redis.script('LOAD', source)).toHaveLength(40);
    },
  );

  test('only what adds is refused when Redis is out of memory', () => {
    const refused = [...texts].filter(([, text]) => !text.startsWith('#!lua flags=allow-oom\n'));
    expect(refused.map(([name]) => name)).toEqual(['defer', 'enqueue', 'schedule']);
  });
});

const sample: ScriptFile = {
  name: 'sample',
  text: `#!lua flags=allow-oom
-- sample: waiting -> gone.
--
-- KEYS jobs     hash   id -> record
--      waiting  list   ids
--      columns  every hash with a row per job
-- ARGV limit    most jobs
--      force    1 or 0
-- EACH id       of the job
--      token    of its claim
-- REPLY done, or
--       more
-- HOLDS nothing
-- USES column, inner, outer
local jobs, waiting = unpack(KEYS, 1, 2)
local columns = { unpack(KEYS, 3) }
local limit, force = unpack(ARGV)
local ids, tokens = column(3, 1), column(3, 2)

outer(jobs, columns, { limit = limit, ids[1], tokens[1] })
local row = ids[1] .. ':row' -- no key
redis.call('HDEL', jobs, row)
redis.call('LRANGE', waiting, 0, limit)
return force
`,
  shared: new Map([
    [
      'column',
      '-- column(at, field): a list.\nlocal function column(at, field)\n  return { at, field }\nend\n',
    ],
    [
      'inner',
      "-- inner(key): reads.\nlocal function inner(key)\n  return redis.call('LLEN', key)\nend\n",
    ],
    [
      'outer',
      '-- outer(a, b, c): calls.\nlocal function outer(a, b, c)\n  return inner(a), b, c\nend\n',
    ],
    ['other', '-- other(): nothing.\nlocal function other()\n  return 0\nend\n'],
  ]),
  declared: {
    keys: ['jobs', 'waiting', 'columns'],
    args: ['limit', 'force'],
    each: ['id', 'token'],
  },
};

/** [what is wrong, text of the sample, text that takes its place]. */
const planted: [complaint: string, old: string, planted: string][] = [
  ['the header does not begin with "-- sample: "', '-- sample:', '-- simple:'],
  ['the first line is no #!lua', '#!lua flags=allow-oom\n', ''],
  ['the first line is no #!lua', 'allow-oom', 'allow-stale'],
  ['the header has no KEYS', '-- KEYS jobs', '-- KEY jobs'],
  ['the header has no REPLY', '-- REPLY', '-- REPLIES'],
  ['the header has no HOLDS', '-- HOLDS', '-- KEEPS'],
  ['KEYS waiting: bag is no type', 'waiting  list', 'waiting  bag '],
  [
    'KEYS declared: the header has [waiting jobs columns], not [jobs waiting columns]',
    'jobs     hash   id -> record\n--      waiting  list   ids',
    'waiting  list   ids\n--      jobs     hash   id -> record',
  ],
  [
    'KEYS bound: the header has [jobs waiting columns], not [waiting jobs columns]',
    'local jobs, waiting',
    'local waiting, jobs',
  ],
  ['unpack(KEYS, 1, 2) has 3 names', 'local jobs, waiting', 'local jobs, waiting, wake'],
  ['unpack(KEYS, 2) skips or repeats', 'unpack(KEYS, 1, 2)', 'unpack(KEYS, 2)'],
  ['the group begins at 3', '{ unpack(KEYS, 3) }', '{ unpack(KEYS, 2) }'],
  [
    'ARGV declared: the header has [limit force more], not [limit force]',
    'force    1 or 0',
    'force    1 or 0\n--      more     nothing',
  ],
  [
    'ARGV bound: the header has [limit force], not [force limit]',
    'local limit, force',
    'local force, limit',
  ],
  ['EACH declared: the header has [id], not [id token]', '--      token    of its claim\n', ''],
  [
    'EACH bound: the header has [column(3, 1) column(3, 2)], not [column(3, 2) column(3, 1)]',
    'column(3, 1), column(3, 2)',
    'column(3, 2), column(3, 1)',
  ],
  [
    'EACH bound: the header has [column(3, 1) column(3, 2)], not [column(2, 1) column(3, 2)]',
    'column(3, 1)',
    'column(2, 1)',
  ],
  ['USES does not name column', 'USES column, ', 'USES '],
  ['USES does not name inner', ' inner,', ''],
  ['USES names other, which nobody calls', 'inner, outer', 'inner, outer, other'],
  ['USES names nobody, which does not exist', 'inner, outer', 'inner, outer, nobody'],
  ['USES names outer before inner, which it calls', 'inner, outer', 'outer, inner'],
  ...['KEYS', 'SMEMBERS', 'HGETALL', 'HKEYS', 'HVALS', 'LREM', 'FLUSHALL', 'flushdb'].map(
    (command): [string, string, string] => [`'${command}' is forbidden`, "'HDEL'", `'${command}'`],
  ),
  ["'LRANGE' without a bound: 0 -1", 'waiting, 0, limit', 'waiting, 0, -1'],
  ["'ZRANGE' without a bound: 0 -1", "'LRANGE', waiting, 0, limit", "'ZRANGE', waiting, 0, -1"],
  [
    "'ZRANGE' without LIMIT: '-inf' limit 'BYSCORE'",
    "'LRANGE', waiting, 0, limit",
    "'ZRANGE', waiting, '-inf', limit, 'BYSCORE'",
  ],
  [
    "'ZRANGEBYSCORE' without LIMIT: 0 limit",
    "'LRANGE', waiting, 0, limit",
    "'ZRANGEBYSCORE', waiting, 0, limit",
  ],
  ["'HDEL': jobs .. ids[1] is no key of KEYS", "'HDEL', jobs,", "'HDEL', jobs .. ids[1],"],
  ["'HDEL': row is no key of KEYS", "'HDEL', jobs,", "'HDEL', row,"],
  ["'HDEL': 'jobs' is no key of KEYS", "'HDEL', jobs,", "'HDEL', 'jobs',"],
  ["'UNLINK': 'x' is no key of KEYS", "'HDEL', jobs, row", "'UNLINK', jobs, 'x'"],
  ['tostring is forbidden', 'return force', 'return tostring(force)'],
  ['stray is declared nowhere', 'return force', 'stray = 1\nreturn force'],
  ['stray is declared nowhere', 'return force', 'return { force = stray }'],
  ['cjson is declared nowhere', 'return force', 'return cjson.decode(force)'],
  ['the body has 41 lines', 'return force', `${'limit = 1\n'.repeat(32)}return force`],
];

async function evaluate(code: string): Promise<unknown> {
  return await server.redis.call('EVAL', `#!lua\n${code}`, 0);
}

describe('the rules', () => {
  test('have nothing to say about a good script', () => {
    expect(checkScript(sample)).toEqual([]);
  });

  test.each(planted)('find: %s', (complaint, old, bad) => {
    expect(sample.text).toContain(old);
    expect(checkScript({ ...sample, text: sample.text.replace(old, bad) })).toContain(complaint);
  });

  test('find an expanded script that is too long', () => {
    const long = sample.shared
      .get('inner')
      ?.replace('return', `${'key = key\n'.repeat(216)}  return`);
    const file = { ...sample, shared: new Map(sample.shared).set('inner', long ?? '') };
    expect(checkScript(file)).toEqual(['the expanded script has 235 lines']);
  });

  test.each([
    ['the header does not begin with "-- inner(…): "', '-- inner(', '-- inside('],
    ['expected one function, inner(key, value)', '-- inner(key)', '-- inner(key, value)'],
    ['expected one function, inner(key)', '\nend\n', '\nend\nlocal more = 1\n'],
    ["'LREM' is forbidden", "'LLEN'", "'LREM'"],
    ['stray is declared nowhere', "'LLEN', key", "'LLEN', stray"],
  ])('find in a shared function: %s', (complaint, old, bad) => {
    const text = sample.shared.get('inner') ?? '';
    expect(text).toContain(old);
    const functions = new Map(sample.shared).set('inner', text.replace(old, bad));
    expect(checkShared('inner', functions)).toContain(complaint);
  });

  test('find a declaration with other keys', () => {
    const declared = { ...sample.declared, keys: ['jobs', 'columns'] };
    expect(checkScript({ ...sample, declared })).toContain(
      'KEYS declared: the header has [jobs waiting columns], not [jobs columns]',
    );
  });

  test('leave the rest to the sandbox, where an undeclared global is an error', async () => {
    await expect(evaluate('stray = 1')).rejects.toThrow(/stray|readonly table/);
    await expect(evaluate('return stray')).rejects.toThrow('nonexistent global variable');
  });
});
