// The figures as one page that needs nothing else: verdicts, then each question with its charts, its table and its limits.
import { environmentPairs, gaps, method, repeat } from './about.mjs';
import { escaped } from './draw.mjs';
import { htmlOf } from './markdown.mjs';
import { microTables } from './micro.mjs';
import { chartsOf } from './svg.mjs';
import { questionTable } from './tables.mjs';
import { tally, verdictParts } from './verdicts.mjs';

const style = `
:root{color-scheme:light dark;--text:#1f2328;--soft:#59636e;--line:#d9dee3;--page:#fff;--stripe:#f6f8fa;--good:#1a7f37;--bad:#c62828}
@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--soft:#9aa4af;--line:#30363d;--page:#0d1117;--stripe:#151b23;--good:#3fb950;--bad:#ff7b72}}
body{margin:0 auto;max-width:76rem;padding:2rem 1.25rem 4rem;background:var(--page);color:var(--text);font:16px/1.55 system-ui,-apple-system,'Segoe UI',sans-serif}
h1{margin:0}h2{margin:3.5rem 0 .25rem;padding-top:1rem;border-top:1px solid var(--line)}a{color:inherit}
p,ul,dl{max-width:52rem}.soft,dt{color:var(--soft)}code{font-size:.9em}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0}
.wide{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;text-align:left;vertical-align:bottom}th{font-weight:600;border-bottom:1px solid var(--line)}
td{white-space:nowrap}.number{text-align:right}.first td{border-top:1px solid var(--line)}tbody tr:hover{background:var(--stripe)}
.reached{color:var(--good)}.MISSED{color:var(--bad);font-weight:700}.charts svg{display:block;max-width:100%;height:auto;margin:1rem 0}
`.trim();

/** @param {import('../results.mjs').Results} results */
export function reportPage(results) {
  const { environment, questions, verdicts } = results;
  const pairs = environmentPairs(environment).map(
    ([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`,
  );
  const links = questions.map(({ id, title }) => `<a href="#${id}">${escaped(title)}</a>`);
  const body = [
    '<h1>Lunaq, measured</h1>',
    `<nav aria-label="questions">${links.join('')}</nav>`,
    '<h2>Where and how</h2>',
    `<dl>${pairs.join('')}</dl>`,
    htmlOf(method(results)),
    htmlOf(repeat),
    htmlOf(
      gaps(results)
        .map((gap) => `- ${gap}`)
        .join('\n'),
    ),
    '<h2>Goals</h2>',
    `<p>${tally(verdicts)}.</p>`,
    verdictTable(verdicts),
    ...questions.map(section),
    ...microTables(results.micro).map((each) => `<h2>${escaped(each.title)}</h2>\n${table(each)}`),
  ].join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lunaq, measured</title>
<style>
${style}
</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** @param {import('../results.mjs').QuestionResult} question */
function section(question) {
  const { id, title, ask, limits } = question;
  const charts = chartsOf(question).map(({ svg }) => svg);
  return [
    `<section id="${id}">`,
    `<h2>${escaped(title)}</h2>`,
    `<p class="soft">${escaped(ask)}</p>`,
    charts.length > 0 ? `<div class="charts">${charts.join('\n')}</div>` : '',
    table(questionTable(question)),
    htmlOf(limits),
    '</section>',
  ].join('\n');
}

/** @param {import('./tables.mjs').Table} found */
function table({ head, rows, words }) {
  const kind = (at) => (at < words ? '' : ' class="number"');
  const heads = head.map(
    (cell, at) => `<th${kind(at)} scope="col">${escaped(cell).replace('\n', '<br>')}</th>`,
  );
  const lines = rows.map((row) => {
    const cells = row.map((cell, at) => `<td${kind(at)}>${escaped(cell)}</td>`);
    return `<tr${row[0] === '' ? '' : ' class="first"'}>${cells.join('')}</tr>`;
  });
  return `<div class="wide"><table><thead><tr>${heads.join('')}</tr></thead><tbody>\n${lines.join('\n')}\n</tbody></table></div>`;
}

/** @param {readonly import('../results.mjs').Verdict[]} verdicts */
function verdictTable(verdicts) {
  const lines = verdicts.map((verdict) => {
    const { word, title, found, goal } = verdictParts(verdict);
    const cells = [title, found, goal].map((cell) => `<td>${escaped(cell)}</td>`);
    return `<tr><td class="${word.replace(' ', '-')}">${word}</td>${cells.join('')}</tr>`;
  });
  const heads = ['verdict', 'goal', 'found', 'to be reached'].map(
    (cell) => `<th scope="col">${cell}</th>`,
  );
  return `<div class="wide"><table><thead><tr>${heads.join('')}</tr></thead><tbody>\n${lines.join('\n')}\n</tbody></table></div>`;
}
