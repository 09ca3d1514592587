// The part of PERF.md between two marks, with its charts as files. What stands around the marks is written by hand and stays.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { environmentPairs, gaps, method, repeat } from './about.mjs';
import { microTables } from './micro.mjs';
import { chartsOf } from './svg.mjs';
import { questionTable } from './tables.mjs';
import { tally, verdictLine } from './verdicts.mjs';

const begin = '<!-- bench: begin (written by `npm run bench -- --write-perf`) -->';
const end = '<!-- bench: end -->';
/** Where the charts lie, as seen from the page. */
const chartFolder = 'docs/charts';

/**
 * Writes the figures into the page, and the charts into a folder beside it, from which those go that are no more.
 *
 * @param {string} file
 * @param {import('../results.mjs').Results} results
 */
export function writePerfPage(file, results) {
  const page = pageWith(readFileSync(file, 'utf8'), results, file);
  const folder = join(dirname(file), chartFolder);
  mkdirSync(folder, { recursive: true });
  const charts = results.questions.flatMap(chartsOf);
  const names = new Set(charts.map(({ id }) => `${id}.svg`));
  for (const name of readdirSync(folder))
    if (name.endsWith('.svg') && !names.has(name)) rmSync(join(folder, name));
  for (const { id, svg } of charts) writeFileSync(join(folder, `${id}.svg`), `${svg}\n`);
  writeFileSync(file, page);
}

/**
 * @param {string} page with the marks
 * @param {import('../results.mjs').Results} results
 * @param {string} [name] of the page
 */
export function pageWith(page, results, name = 'the page') {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from)
    throw new Error(`${name}: expected the marks of the bench, ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${generated(results)}\n\n${page.slice(to)}`;
}

/** @param {import('../results.mjs').Results} results */
function generated(results) {
  const { environment, questions, verdicts } = results;
  const pairs = environmentPairs(environment).map(([name, value]) => `${name} ${value}`);
  const missing = gaps(results);
  const parts = [
    `Taken with: ${pairs.join(', ')}.`,
    method(results),
    repeat,
    ...(missing.length > 0 ? [missing.map((gap) => `- ${gap}`).join('\n')] : []),
    ...(verdicts.length > 0 ? [goalsPart(verdicts)] : []),
    ...questions.flatMap(questionPart),
    ...microTables(results.micro).flatMap((each) => [`## ${each.title}`, table(each)]),
  ];
  return parts.join('\n\n');
}

function goalsPart(verdicts) {
  const lines = verdicts.map((verdict) => `- ${verdictLine(verdict).replace(/ {2,}/, ' · ')}`);
  return `## Goals\n\n${tally(verdicts)}.\n\n${lines.join('\n')}`;
}

/** @param {import('../results.mjs').QuestionResult} question */
function questionPart(question) {
  const { title, ask, limits } = question;
  const charts = chartsOf(question).map(
    ({ id, title: name }) => `![${title}: ${name}](${chartFolder}/${id}.svg)`,
  );
  const parts = [`## ${title}`, ask, ...charts, table(questionTable(question)), limits];
  return parts.filter((part) => part !== '');
}

/** @param {import('./tables.mjs').Table} found */
function table({ head, rows, words }) {
  const rule = head.map((_, column) => (column < words ? '---' : '---:'));
  return [head, rule, ...rows].map((row) => `| ${row.map(cellOf).join(' | ')} |`).join('\n');
}

function cellOf(cell) {
  return cell.replaceAll('|', '\\|').replaceAll('\n', '<br>');
}
