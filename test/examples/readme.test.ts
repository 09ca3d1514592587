// The code of the README and of docs/ is the examples' code, and that runs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startRedis } from '../../src/testing/index.js';
import { killAll, start } from './program.js';

const root = join(import.meta.dirname, '../..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');
/** The README, and the pages that it leads to. */
const pages = [
  'README.md',
  'RELIABILITY.md',
  ...readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const readme = pages.map(text).join('\n');

afterEach(killAll);

const blocks = pages.flatMap((page) =>
  [...text(page).matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', code = '']) => ({
    page,
    info,
    code,
  })),
);

/** A file, or what stands between its `#region name` and the next `#endregion`, moved to the margin. */
function source(file: string, region: string | undefined): string {
  if (region === undefined) return text(file);
  const [, indent = '', code = ''] =
    new RegExp(`^( *)// #region ${region}\\n([\\s\\S]*?)^ *// #endregion`, 'm').exec(text(file)) ??
    [];
  return code.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

test('every block of code names an example', () => {
  expect(blocks.length).toBeGreaterThan(4);
  for (const { info } of blocks) expect(info).toMatch(/^ts file=examples\/\S+\.ts( region=\w+)?$/);
});

test.each(blocks)('$page: the block $info is that text', ({ info, code }) => {
  const [, file = '', region] = /file=(\S+)(?: region=(\w+))?/.exec(info) ?? [];
  expect(code).not.toBe('');
  expect(code).toBe(source(file, region));
});

test('the tables tell every option, event and error code, and the defaults', () => {
  const rows = [...readme.matchAll(/^\|(.*)\|$/gm)].map(([, row = '']) => row);
  const firsts = rows.flatMap((row) => [...(row.split('|')[0] ?? '').matchAll(/`(\w+)`/g)]);
  const told = new Set(firsts.map(([, word]) => word));

  const jobOptions = /^export interface JobOptions \{[\s\S]*?^\}/m.exec(text('src/job-options.ts'));
  const sources = text('src/options.ts') + jobOptions?.[0];
  const options = [...sources.matchAll(/^ {2}(\w+)\?: /gm)];
  const codes = [...text('src/errors.ts').matchAll(/^ {2}\| '(\w+)'/gm)];
  const events = [...text('src/worker-events.ts').matchAll(/^ {2}(\w+): \[.*\];$/gm)];
  for (const found of [options, codes, events]) expect(found.length).toBeGreaterThan(9);
  for (const [, word] of [...options, ...codes, ...events]) expect([...told]).toContain(word);

  const defaults = sources.matchAll(/ Default (\d[\d,]*(?: MiB)?|true|false)\b.*\n {2}(\w+)\?: /g);
  let compared = 0;
  for (const [, value, option] of defaults) {
    const row = rows.find((cells) => cells.startsWith(` \`${option}\` `));
    expect([option, row?.split('|')[2]?.replaceAll('`', '').trim()]).toEqual([option, value]);
    compared += 1;
  }
  expect(compared).toBeGreaterThan(10);
});

test('links to files of the repository lead somewhere', () => {
  const links = pages.flatMap((page) =>
    [...text(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) =>
      join(root, dirname(page), link),
    ),
  );
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((link) => !existsSync(link))).toEqual([]);
});

test('the quick start runs its job', async () => {
  await using server = await startRedis();
  const program = start('quick-start.js', [], { REDIS_URL: server.url });
  await program.until(/A welcome to ada@example\.org\n/);
  program.kill('SIGINT');
  const { code, output } = await program.ended;
  expect(output).toMatch(/^\S+: A welcome to ada@example\.org\n$/);
  expect(code).toBe(0);
});

test.each([
  'testing',
  'features/compression',
  'features/encryption',
  'features/dependencies',
  'features/existence',
  'features/fence',
  'features/doctor',
  'features/events',
  'features/looking',
  'features/notes',
  'features/queues',
  'features/results',
  'features/time',
  'features/workers',
])('the example %s holds what it asserts', async (name) => {
  expect(await start(`${name}.js`).ended).toEqual({ code: 0, output: '' });
});

test('fib prints each result', async () => {
  const { code, output } = await start('fib.js').ended;
  expect(output).toMatch(/^fib\(20\) = 6765\n(fib\(\d+\) = \d+\n){12}fib\(33\) = 3524578\n$/);
  expect(code).toBe(0);
});

test('frames stores what there is, and cancels what is under way', async () => {
  expect(await start('frames.js').ended).toEqual({
    code: 0,
    output: [
      'walk is stored, brightness 135, missing walk/13: can not be decoded',
      'swim is cancelled',
      'ride is stored, missing 20 frames, such as ride/0: cut short',
      '',
    ].join('\n'),
  });
});
