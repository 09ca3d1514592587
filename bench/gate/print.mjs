// The gate's report as text: a table for each group, then what is wrong.
const marks = { ok: 'ok', red: 'RED', better: 'better: lower the budget' };

/** @param {import('./group.mjs').Group} group @param {readonly import('./checks.mjs').Check[]} checks */
export function table({ title }, checks, seconds) {
  const rows = checks.map(({ name, budget, found, verdict }) => [
    name,
    budget,
    found,
    marks[verdict],
  ]);
  const all = [['', 'budget', 'found', ''], ...rows];
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const lines = all.map((row) =>
    `  ${row[0].padEnd(widths[0])}  ${row[1].padStart(widths[1])}  ${row[2].padStart(widths[2])}  ${row[3]}`.trimEnd(),
  );
  return [`${title} (${seconds.toFixed(1)} s)`, ...lines, ''].join('\n');
}

/** @param {readonly { group: string, checks: readonly import('./checks.mjs').Check[] }[]} results */
export function summary(results) {
  const all = results.flatMap(({ group, checks }) => checks.map((check) => ({ group, ...check })));
  const of = (verdict) => all.filter((check) => check.verdict === verdict);
  const lines = [];
  if (of('red').length > 0) lines.push('red:', ...of('red').map(line));
  if (of('better').length > 0)
    lines.push('better: lower these in bench/budgets.mjs:', ...of('better').map(line));
  const counts = `${of('ok').length} of ${all.length} checks hold, ${of('red').length} red, ${of('better').length} better than their budget`;
  return [...lines, counts].join('\n');
}

function line({ group, name, budget, found }) {
  return `  ${group}: ${name}: ${found}, budget ${budget}`;
}
