// The gate holds for the scripts as they are, and tells by name what costs more: each test runs it on a copy of the scripts with one change.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lunaq-scripts-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Outcome {
  readonly results: readonly {
    readonly checks: readonly { readonly name: string; readonly verdict: string }[];
  }[];
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function gate(...flags: readonly string[]): Promise<Ended> {
  const args = [join(root, 'bench/gate.mjs'), ...flags];
  return new Promise((done) => {
    const child = execFile(process.execPath, args, { timeout: 60_000 }, (_, out, err) =>
      done({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

/** A copy of the scripts in which one text of one file stands for another. */
async function changed(file: string, from: string, to: string): Promise<string> {
  const copy = await mkdtemp(join(folder, 'lua-'));
  await cp(join(root, 'lua'), copy, { recursive: true });
  const text = await readFile(join(copy, file), 'utf8');
  expect(text.split(from)).toHaveLength(2);
  await writeFile(join(copy, file), text.replace(from, to));
  return copy;
}

/** Names of the checks with a verdict. */
function names({ out }: Ended, verdict: string): string[] {
  const { results } = JSON.parse(out) as Outcome;
  const checks = results.flatMap((group) => group.checks);
  return checks.filter((check) => check.verdict === verdict).map(({ name }) => name);
}

test('the scripts as they are hold', async () => {
  const ended = await gate('--only', 'scripts');
  expect(ended.err).toBe('');
  expect(ended.out).toContain(' 0 red, 0 better');
  expect(ended.code).toBe(0);
});

test('one more command is red, wherever the script is called', async () => {
  const lua = await changed(
    'claim.lua',
    "local left = redis.call('LLEN', waiting)",
    "local left = redis.call('LLEN', waiting)\nredis.call('EXISTS', traits)",
  );
  const ended = await gate('--only', 'scripts,api', '--tries', '1', '--lua', lua, '--json');
  expect(ended.code).toBe(1);
  const red = names(ended, 'red');
  expect(red).toEqual(
    expect.arrayContaining(['claim: commands', 'worker, c = 10, 8 waves: claim: commands']),
  );
  expect(red.filter((name) => !name.includes('claim'))).toEqual([]);
}, 30_000);

test('a look at the whole list is red, with no command more', async () => {
  const lua = await changed(
    'claim.lua',
    "local left = redis.call('LLEN', waiting)",
    "local left = #redis.call('LRANGE', waiting, 0, -1)",
  );
  const ended = await gate('--only', 'backlog', '--lua', lua, '--json');
  expect(ended.code).toBe(1);
  const red = names(ended, 'red');
  expect(red).toContain('claim: answered');
  expect(red.filter((name) => !/^claim.*: answered$/.test(name))).toEqual([]);
}, 30_000);

test('a busy loop is red, with nothing more to count', async () => {
  const lua = await changed(
    'shared/enter_active.lua',
    '  local rows, n, heard = {}, 0, news.heard',
    '  local rows, n, heard = {}, 0, news.heard\n  for _ = 1, 300000 do rows[1] = nil end',
  );
  const ended = await gate('--only', 'scripts,tail', '--tries', '1', '--lua', lua, '--json');
  expect(ended.code).toBe(1);
  const red = names(ended, 'red');
  expect(red).toContain('claim');
  expect(red.filter((name) => name.includes(':'))).toEqual([]);
}, 60_000);

test('less than the budget allows for is told, and not let pass', async () => {
  const lua = await changed(
    'promote.lua',
    "local due = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]",
    'local due = nil',
  );
  const ended = await gate('--only', 'scripts', '--lua', lua);
  expect(ended.code).toBe(1);
  expect(ended.out).toMatch(/promote: commands +8 +7 +better: lower the budget/);
  expect(ended.out).toContain('lower these in bench/budgets.mjs:');
});

test.each([
  [['--only', 'scripts,nothing'], '--only: expected groups out of scripts, backlog, api, '],
  [['--lua', '/nowhere'], '--lua: expected a folder of scripts, got /nowhere'],
  [['--tries', '0'], '--tries: expected a whole number from 1 on, got 0'],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused', async (flags, message) => {
  const ended = await gate(...flags);
  expect(ended.err).toContain(message);
  expect(ended.code).toBe(2);
});
