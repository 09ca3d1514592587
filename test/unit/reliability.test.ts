// What RELIABILITY.md names is there: files of tests, and the faults that they print.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'RELIABILITY.md'), 'utf8');
const named = /\]\((test\/[^)]+)\)/g;

test('each test that it names exists', () => {
  const files = [...page.matchAll(named)].map(([, file = '']) => file);
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('each npm script that it names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const names = [...page.matchAll(/`npm (?:run )?([\w:]+)/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !(name in scripts))).toEqual([]);
});

test('each fault whose figures it tells is printed by the test beside it', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && line.includes('`fault='));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const [[, file = ''] = []] = [...row.matchAll(named)];
    const source = readFileSync(join(root, file), 'utf8');
    const words = [...row.matchAll(/`fault=([^`]+)`/g)].flatMap(([, name = '']) => name.split(','));
    expect([row, words.filter((word) => !source.includes(word))]).toEqual([row, []]);
  }
});
