// The page of bugs that others shipped is true: each names a test that is there, or says that the feature is not.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');

interface Bug {
  readonly name: string;
  readonly seen: string;
  /** `folder/file: name of the test`, or a feature that is not there. */
  readonly holds: readonly string[];
}

function bugsOf(page: string): Bug[] {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| bug'));
  return rows.map((row) => {
    const [, name = '', seen = '', holds = '', ...more] = row.split('|').map((cell) => cell.trim());
    if (more.join('') !== '') throw new Error(`more than three cells: ${row}`);
    return { name, seen, holds: holds.split('<br>').filter((cell) => cell !== '') };
  });
}

/** The start of test('…', of test.each(…)('…', and the like, up to the end of the name. */
const opening =
  /(?:\b(?:test|it)(?:\.\w+)*|\))\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`[^`\\$]*`),/g;

/** Names of the tests of a file, as they are written there. */
function testsOf(file: string): Set<string> {
  const literals = [...text(file).matchAll(opening)].map(([, literal = '']) => literal);
  return new Set(literals.map((literal) => literal.slice(1, -1).replaceAll(/\\(.)/g, '$1')));
}

function isAbsent(cell: string): boolean {
  return /^feature not there yet: \w/.test(cell);
}

function isTest(cell: string): boolean {
  const [, file = '', name = ''] = /^([\w-]+\/[\w-]+): (.+)$/.exec(cell) ?? [];
  return file !== '' && testsOf(`test/${file}.test.ts`).has(name);
}

const bugs = bugsOf(text('docs/bugs-of-others.md'));

test('the page lists every bug once', () => {
  expect(bugs.length).toBe(42);
  expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length);
});

test.each(bugs)('$name: has tests of just that name, or its feature is not there yet', ({ holds }) => {
  expect(holds).not.toEqual([]);
  expect(holds.filter(holds.some(isAbsent) ? isAbsent : isTest)).toEqual(holds);
}); // prettier-ignore

test.each(bugs)('$name: who had it is told by project and number, or not at all', ({ seen }) => {
  expect(seen).toMatch(/^(?:(?:^|, )[A-Za-z][A-Za-z -]* #\d+)*$/);
});

test('a name that is not there, or that differs by a letter, is found out', () => {
  const tests = testsOf('test/unit/bugs-of-others.test.ts');
  expect(tests.has('the page lists every bug once')).toBe(true);
  expect(tests.has('the page lists every bug twice')).toBe(false);
  expect(tests.has('$name: has tests of just that name, or its feature is not there yet')).toBe(
    true,
  );
});
