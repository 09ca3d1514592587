// The tables in PERF.md, between two marks. What stands around them is written by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { loadRows, memoryRows, verdictLine } from './report.mjs';

const begin = '<!-- bench: begin (written by `npm run bench -- --write-perf`) -->';
const end = '<!-- bench: end -->';

const newPage = `# Performance

What a job costs, Lunaq beside BullMQ on the same server. \`npm run bench\` prints these figures anywhere.

${begin}
${end}
`;

/**
 * Writes the figures into the page, which is made if there is none.
 *
 * @param {string} file
 * @param {import('./run.mjs').Report} report
 */
export function writePerfPage(file, report) {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : newPage;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${file}: the marks of the bench are missing`);
  const text = `${begin}\n\n${tables(report)}\n\n`;
  writeFileSync(file, page.slice(0, from) + text + page.slice(to));
}

/** @param {import('./run.mjs').Report} report */
function tables({ environment, rounds, loads, memory, verdicts }) {
  const { date, cpu, cores, node, server, lunaq, bullmq, ioredis } = environment;
  const goals = verdicts.map((verdict) => `- ${verdictLine(verdict)}`);
  return [
    `Taken ${date} UTC: Lunaq ${lunaq}, BullMQ ${bullmq}, ioredis ${ioredis}, ${server}, Node ${node}, ${cpu}, ${cores} cores.`,
    `${rounds} rounds, in each of which the libraries took turns; median, and lowest and highest of the jobs per second. The ratio is ` +
      "Lunaq's figure divided by BullMQ's of the same round. No-op handlers, 63 bytes of JSON, ids of 12 characters, " +
      '`removeOnComplete: true`. Each load ran in a process of its own, after a fifth of it as a warm-up, on one server without ' +
      'persistence; every job was seen exactly once. CPU is that of all threads. Commands include those inside scripts and the script ' +
      'calls themselves. The floor is the same data moved by variadic commands, 100 jobs a call, with no script and no guard.',
    table(loadRows(loads)),
    'Bytes of Redis memory that a waiting job takes, of 100,000 jobs:',
    table(memoryRows(memory)),
    goals.join('\n'),
    'To repeat: `npm run bench` (about 5 minutes; `-- --quick` for less, `-- --redis URL` for a server of your own).',
  ].join('\n\n');
}

/** Rows as Markdown, the head first. */
function table([head, ...rows]) {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
