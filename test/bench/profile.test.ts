import { describe, expect, test } from 'vitest';
import { ownerOf, owners, placeOf, summaryOf } from '../../bench/profile/cpu-profile.mjs';
import type { CpuProfile } from '../../bench/profile/cpu-profile.mjs';
import { luaRange, parts, partsOf, rowsOf } from '../../bench/profile/perf-report.mjs';

const root = 'file:///home/somebody/lunaq';

function frame(functionName: string, url = '', lineNumber = 0) {
  return { functionName, url, lineNumber };
}

/** main → encode → JSON's native code; main → write; encode calls itself; idle and garbage collection beside them. */
const profile: CpuProfile = {
  startTime: 1_000,
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 4] },
    { id: 2, callFrame: frame('main', `${root}/bench/profile/side.mjs`, 9), children: [5, 7] },
    { id: 3, callFrame: frame('(idle)') },
    { id: 4, callFrame: frame('(garbage collector)') },
    { id: 5, callFrame: frame('encode', `${root}/dist/record.js`, 41), children: [6, 8] },
    { id: 6, callFrame: frame('encode', `${root}/dist/record.js`, 41) },
    {
      id: 7,
      callFrame: frame('send', `${root}/node_modules/ioredis/built/Redis.js`, 0),
      children: [9],
    },
    { id: 8, callFrame: frame('byteLengthUtf8') },
    { id: 9, callFrame: frame('writeUtf8String') },
  ],
  // Each is on top until the next sample; the last one marks the end.
  samples: [2, 5, 6, 8, 7, 9, 3, 4, 2],
  timeDeltas: [0, 100, 400, 200, 50, 300, 200, 1_000, 500],
};

describe('the summary of a profile', () => {
  const summary = summaryOf(profile);

  test('gives each function its own time, the longest first', () => {
    expect(summary.functions.map(({ name, selfMs }) => [name, selfMs])).toEqual([
      ['encode', 0.6],
      ['(garbage collector)', 0.5],
      ['send', 0.3],
      ['writeUtf8String', 0.2],
      ['main', 0.1],
      ['byteLengthUtf8', 0.05],
    ]);
  });

  test('counts a function that calls itself once in its time with callees', () => {
    expect(summary.functions[0]).toMatchObject({
      name: 'encode',
      place: 'dist/record.js:42',
      owner: owners.lunaq,
      totalMs: 0.65,
    });
    expect(summary.functions.find(({ name }) => name === 'main')).toMatchObject({ totalMs: 1.25 });
  });

  test('has idle time apart: shares are of the rest', () => {
    expect(summary.idleMs).toBe(1);
    expect(summary.busyMs).toBeCloseTo(1.75, 9);
    expect(summary.owners.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(summary.functions[0]?.share).toBeCloseTo(0.6 / 1.75, 9);
  });

  test('tells whose the time is, and in which of our files', () => {
    expect(summary.owners.map(({ name, selfMs }) => [name, selfMs])).toEqual([
      [owners.lunaq, 0.6],
      [owners.collector, 0.5],
      [owners.client, 0.3],
      [owners.writes, 0.2],
      [owners.bench, 0.1],
      [owners.native, 0.05],
    ]);
    expect(summary.files).toEqual([
      { name: 'dist/record.js', selfMs: 0.6, share: expect.closeTo(0.6 / 1.75, 9) },
    ]);
  });

  test('leaves out samples before and after a window', () => {
    const part = summaryOf(profile, { from: 1_100, to: 1_700 });
    expect(part.functions.filter(({ selfMs }) => selfMs > 0)).toMatchObject([
      { name: 'encode', selfMs: 0.6, share: 1 },
    ]);
    expect(part).toMatchObject({ busyMs: 0.6, idleMs: 0 });
  });

  test('of a window without samples is empty', () => {
    const none = summaryOf(profile, { from: 0, to: 1 });
    expect(none).toMatchObject({ busyMs: 0, idleMs: 0, owners: [], files: [] });
  });
});

describe('a function', () => {
  test.each([
    ['node:net', 'node:net:1', owners.node],
    [
      `${root}/node_modules/@ioredis/commands/built/index.js`,
      '@ioredis/commands/built/index.js:1',
      owners.client,
    ],
    [
      `${root}/bench/node_modules/ioredis/built/Redis.js`,
      'ioredis/built/Redis.js:1',
      owners.client,
    ],
    [`${root}/node_modules/debug/src/index.js`, 'debug/src/index.js:1', owners.packages],
    [`${root}/dist/scripts/reply.js`, 'dist/scripts/reply.js:1', owners.lunaq],
    [`${root}/bench/payload.mjs`, 'bench/payload.mjs:1', owners.bench],
    ['file:///srv/bench/lunaq/dist/cycle.js', 'dist/cycle.js:1', owners.lunaq],
  ])('of %s is at %s', (url, place, owner) => {
    expect(placeOf(frame('f', url))).toBe(place);
    expect(ownerOf(frame('f', url))).toBe(owner);
  });

  test.each([
    ['writev', owners.writes],
    ['writeLatin1String', owners.writes],
    ['RegExp: ^a$', owners.native],
    ['(program)', owners.native],
    ['(garbage collector)', owners.collector],
  ])('without a file, %s, is of %s', (name, owner) => {
    expect(ownerOf(frame(name))).toBe(owner);
  });
});

describe("perf's report", () => {
  const rows = rowsOf(`
# Samples: 20  of event 'cpu-clock:pppH'
           6  |redis-server     |[.] 0x0000000000002500
           4  |redis-server     |[.] dictFind
           3  |libjemalloc.so.2 |[.] malloc_usable_size
           3  |[kernel.kallsyms]|[k] tcp_sendmsg
           2  |redis-server     |[.] lua_rawgeti
           2  |redis-server     |[.] 0x0000000000009000
`);
  const names = new Map([
    ['dictFind', 0x1000],
    ['lua_rawgeti', 0x2000],
    ['luaL_ref', 0x3000],
  ]);

  test('is read with its samples', () => {
    expect(rows).toHaveLength(6);
    expect(rows[0]).toEqual({
      samples: 6,
      object: 'redis-server',
      symbol: '0x0000000000002500',
      isKernel: false,
    });
  });

  test('takes functions without a name between those of Lua for Lua', () => {
    expect(luaRange(names)).toEqual({ from: 0x2000, to: 0x3000 });
    expect(partsOf(rows, 'redis-server', names)).toEqual([
      { name: parts.lua, share: 0.4 },
      { name: parts.commands, share: 0.3 },
      { name: parts.allocator, share: 0.15 },
      { name: parts.kernel, share: 0.15 },
    ]);
  });

  test('says what has no name where nothing tells the addresses', () => {
    const found = partsOf(rows, 'redis-server', new Map());
    expect(found[0]).toEqual({ name: parts.unnamed, share: 0.4 });
  });
});
