// The figures as text for the terminal: tables, what is not in them, verdicts.
import { gaps } from './about.mjs';
import { microTables } from './micro.mjs';
import { questionTable } from './tables.mjs';
import { tally, verdictLine } from './verdicts.mjs';

/** @param {import('../results.mjs').Results} results */
export function reportText(results) {
  const { questions, verdicts } = results;
  const tables = questions.map((question) => {
    return `${question.title}: ${question.ask}\n\n${tableText(questionTable(question))}`;
  });
  const micro = microTables(results.micro).map((table) => `${table.title}\n\n${tableText(table)}`);
  const missing = gaps(results);
  const parts = [...tables, ...micro];
  if (missing.length > 0) parts.push(missing.join('\n'));
  if (verdicts.length > 0)
    parts.push([tally(verdicts), '', ...verdicts.map(verdictLine)].join('\n'));
  return parts.join('\n\n');
}

/** @param {import('./tables.mjs').Table} table */
function tableText({ head, rows, words }) {
  return aligned([...inTwoLines(head), ...rows], words);
}

/** Heads with their units below them, so that columns stay narrow. @param {readonly string[]} head */
function inTwoLines(head) {
  const lines = head.map((cell) => cell.split('\n'));
  return [0, 1].map((at) => lines.map((cell) => cell[at] ?? ''));
}

/**
 * Rows as text.
 *
 * @param {readonly string[][]} rows the head first
 * @param {number} words so many columns go to the left, the others to the right
 */
export function aligned(rows, words) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, at) => (at < words ? cell.padEnd(widths[at]) : cell.padStart(widths[at])))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}
