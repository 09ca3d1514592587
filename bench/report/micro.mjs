// What small things cost alone, group by group, as rows of text.
import { short } from './numbers.mjs';

/**
 * @param {readonly import('../micro/run-cases.mjs').MicroFigure[]} [micro]
 * @returns {(import('./tables.mjs').Table & { title: string })[]}
 */
export function microTables(micro = []) {
  const groups = [...new Set(micro.map(({ group }) => group))];
  return groups.map((title) => {
    const figures = micro.filter(({ group }) => group === title);
    return tableOf(title, figures);
  });
}

function tableOf(title, figures) {
  const { unit } = figures[0];
  const byJob = figures.some(({ perJob }) => perJob !== undefined);
  const compared = figures.some(({ relative }) => relative !== undefined);
  const head = ['', `median\n${unit}`, `p75\n${unit}`, `p99\n${unit}`];
  if (byJob) head.push(`median\n${unit}/job`);
  if (compared) head.push('beside');
  const rows = figures.map(({ title: name, median, p75, p99, perJob, relative, beside }) => {
    const row = [name, short(median), short(p75), short(p99)];
    if (byJob) row.push(perJob === undefined ? '' : short(perJob));
    if (compared) row.push(relative === undefined ? '' : `${short(relative)} × ${beside}`);
    return row;
  });
  return { title, head, rows, words: 1 };
}
