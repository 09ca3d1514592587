// What ARCHITECTURE.md names is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');

function chapter(title: string): string {
  const start = page.indexOf(`\n## ${title}`);
  return page.slice(start, page.indexOf('\n## ', start + 1));
}

test('it stays a page that one reads', () => {
  expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('the edges of the diagram, and the words below it, are scripts', () => {
  const states = chapter('States');
  const edges = [...states.matchAll(/^ {2}\S+ --> \S+: (.*)$/gm)].flatMap(([, label = '']) =>
    label.replaceAll(/\(.*?\)|, after \w+/g, '').split(','),
  );
  const below = states.slice(states.lastIndexOf('```'));
  const words = [...below.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
  const scripts = [...edges.map((edge) => edge.trim()), ...words];
  expect(scripts.length).toBeGreaterThan(40);
  expect(scripts.filter((name) => !existsSync(join(root, 'lua', `${name}.lua`)))).toEqual([]);
});

test('the code map leads to files, and leaves none out', () => {
  const map = chapter('Code map');
  const named = [...map.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
  );
  const place = (file: string) => join(root, file.startsWith('tools/') ? '' : 'src', file);
  expect(named.filter((file) => !existsSync(place(file)))).toEqual([]);
  const entries = readdirSync(join(root, 'src'), { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? `${entry.name}/` : entry.name,
  );
  const rest = new Set(['index.ts', 'generated/']);
  expect(entries.filter((name) => !named.includes(name) && !rest.has(name))).toEqual([]);
});

test('the top level has names that every shell can take', () => {
  expect(readdirSync(root).filter((name) => !/^[\w.-]+$/.test(name))).toEqual([]);
});
