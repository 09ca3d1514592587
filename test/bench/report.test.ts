import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportPage } from '../../bench/report/html.mjs';
import { htmlOf } from '../../bench/report/markdown.mjs';
import { duration, ratio, short, withSpread } from '../../bench/report/numbers.mjs';
import { pageWith, writePerfPage } from '../../bench/report/perf.mjs';
import { questionTable } from '../../bench/report/tables.mjs';
import { reportText } from '../../bench/report/text.mjs';
import { tally, verdictLine } from '../../bench/report/verdicts.mjs';
import { questionResult } from '../../bench/results.mjs';
import type { Verdict } from '../../bench/results.mjs';
import { axis, latency, results, rounds, throughput } from './made-up.js';

const begin = '<!-- bench: begin (written by `npm run bench -- --write-perf`) -->';
const end = '<!-- bench: end -->';
const page = `# Performance\n\nBefore.\n\n${begin}\nold\n${end}\n\n## By hand\n\nAfter.\n`;

describe('a number', () => {
  test.each([
    [0, '0'],
    [159_933, '160,000'],
    [53.574, '53.6'],
    [1, '1.00'],
    [0.5, '0.50'],
    [0.07912, '0.0791'],
    [0.004, '0.0040'],
  ])('%d is told as %s', (value, text) => {
    expect(short(value)).toBe(text);
  });

  test('has its spread behind it, unless it has none', () => {
    expect(withSpread({ median: 2, min: 1, max: 3_000 })).toBe('2.00 (1.00–3,000)');
    expect(withSpread({ median: 2, min: 1.999, max: 2.001 })).toBe('2.00');
  });

  test('as a ratio has two digits below 1', () => {
    expect([ratio(6.6449), ratio(0.0871)]).toEqual(['6.64', '0.087']);
  });

  test('of seconds becomes minutes', () => {
    expect([duration(89), duration(600)]).toEqual(['89 s', '10 min']);
  });
});

describe('the table of a question', () => {
  test("has a row for each library, and what Lunaq's figures are of a peer's", () => {
    const { head, rows } = questionTable(throughput);
    expect(head).toEqual([
      '',
      '',
      'throughput\njobs/s (min–max)',
      'Redis CPU\nµs/job',
      'commands\nper job',
      "Lunaq's\nthroughput",
      "Lunaq's\nRedis CPU",
    ]);
    expect(rows).toEqual([
      ['add, one by one', 'Lunaq', '14,000 (12,000–16,000)', '52.0', '10.0', '', ''],
      ['', 'BullMQ', '6,300 (6,000–6,400)', '104', '10.0', '2.22 ×', '0.50 ×'],
      ['process, c = 1', 'not measured', '', '', '', '', ''],
    ]);
  });

  test('has no ratio of figures that only describe', () => {
    const columns = ['achievedRate', 'p99'];
    expect(questionTable({ ...latency, columns }).head.at(-1)).toBe("Lunaq's\nlatency p99");
  });

  test('says who could not follow', () => {
    expect(questionTable(latency).rows.at(-1)?.[1]).toBe('BullMQ, could not follow');
  });

  test('keeps operations together where series are no libraries', () => {
    const series = { claim: { p50: 1 }, add: { p50: 2 } };
    const samples = [100, 1_000].flatMap((x) => rounds(`latency-${x}`, 'lunaq', { series }));
    const { head, rows } = questionTable(questionResult(axis, samples));
    expect(head).toEqual(['', 'jobs offered per second', 'latency p50\nms']);
    expect(rows.slice(0, 4).map((row) => row.slice(0, 2))).toEqual([
      ['claim', '100/s'],
      ['', '1000/s'],
      ['add', '100/s'],
      ['', '1000/s'],
    ]);
  });
});

describe('a verdict', () => {
  const verdict = {
    title: 'add, jobs/s',
    of: { point: 'add-1', figure: 'jobsPerSecond' },
    value: { median: 2.5, min: 2, max: 3 },
    reached: true,
  };

  test.each<[Partial<Verdict>, string]>([
    [{ atLeast: 2 }, 'reached       add, jobs/s: 2.50 (2.00–3.00); at least 2'],
    [{ atMost: 1, reached: false }, 'MISSED        add, jobs/s: 2.50 (2.00–3.00); at most 1'],
    [
      { against: { series: 'bullmq' }, atLeast: 2 },
      "reached       add, jobs/s: 2.50 (2.00–3.00) × BullMQ's; at least 2 ×",
    ],
    [
      { against: { series: 'floor' }, atLeast: 1, atMost: 3 },
      "reached       add, jobs/s: 2.50 (2.00–3.00) × the floor's; at least 1 ×, at most 3 ×",
    ],
    [
      { against: { point: 'add-2' }, worst: 'claim', atMost: 3 },
      'reached       add, jobs/s: 2.50 (2.00–3.00) ×, worst is claim; at most 3 ×',
    ],
  ])('reads: %o', (more, line) => {
    expect(verdictLine({ ...verdict, ...more })).toBe(line);
  });

  test('that could not be judged tells what is missing', () => {
    const { title, of } = verdict;
    expect(verdictLine({ title, of, atLeast: 2, missing: 'p50 of bee in add-1' })).toBe(
      'not measured  add, jobs/s: p50 of bee in add-1; at least 2',
    );
  });

  test('tells as many digits as it takes to see a narrow miss', () => {
    const value = { median: 1.00001, min: 1, max: 1.0001 };
    const exact = { ...verdict, value, atLeast: 1, atMost: 1, reached: false };
    expect(verdictLine(exact)).toContain('1.00001 (1.00000–1.00010); exactly 1');
  });

  test('is counted', () => {
    const { title, of } = verdict;
    const missed = { ...verdict, reached: false };
    expect(tally([verdict, verdict, missed, { title, of, missing: 'p50' }])).toBe(
      '2 of 4 goals reached, 1 missed, 1 not measured',
    );
  });
});

test('small things alone have a table by group, in every report', () => {
  const plain = {
    group: 'records',
    unit: 'ns' as const,
    median: 250,
    p75: 260,
    p99: 900,
    samples: 9,
  };
  const micro = [
    { ...plain, id: 'json', title: 'JSON' },
    {
      ...plain,
      id: 'record',
      title: 'record',
      median: 500,
      perJob: 5,
      relative: 2,
      beside: 'JSON',
    },
  ];
  const text = reportText({ ...results, micro });
  expect(text).toMatch(/^records\n\n +median +p75 +p99 +median +beside\n +ns +ns +ns +ns\/job$/m);
  expect(text).toMatch(/^record +500 +260 +900 +5\.00 +2\.00 × JSON$/m);
  expect(reportPage({ ...results, micro })).toContain('<td class="number">2.00 × JSON</td>');
  expect(pageWith(page, { ...results, micro })).toContain('| JSON | 250 | 260 | 900 |  |  |');
});

describe('the text for the terminal', () => {
  const text = reportText(results);

  test('has tables with their units below, gaps and verdicts', () => {
    expect(text).toContain('Throughput: How many jobs a second?');
    expect(text).toMatch(/^ +throughput {2}Redis CPU {2}commands {5}Lunaq's {4}Lunaq's$/m);
    expect(text).toMatch(/^ +BullMQ +6,300 \(6,000–6,400\) +104 +10\.0 +2\.22 × +0\.50 ×$/m);
    expect(text).toContain('left out: RQ: no Python\nFAILED: Bee-Queue, add-1: a job was lost');
    expect(text).toMatch(/^reached {7}add, one by one, jobs\/s: 2\.22/m);
    expect(text).toMatch(/^not measured {2}add \+ process, c = 100/m);
  });

  test('has no line that ends in blanks', () => {
    expect(text).not.toMatch(/[ \t]$/m);
  });
});

describe('the page', () => {
  const html = reportPage(results);

  test('stands alone: no file, no script, nothing from elsewhere', () => {
    expect(html).not.toMatch(/<(script|link|img|iframe)\b|url\(|@import/);
    const addresses = [...html.matchAll(/https?:\/\/[^"\s<]+/g)].map(([address]) => address);
    expect(new Set(addresses)).toEqual(
      new Set(['http://www.w3.org/2000/svg', 'https://example.org/a']),
    );
  });

  test('has environment, gaps, verdicts, and each question with chart, table and limits', () => {
    expect(html).toContain('<dt>CPU</dt><dd>a &lt;fast&gt; one</dd>');
    expect(html).toContain('<li>left out: RQ: no Python</li>');
    expect(html).toContain('<td class="reached">reached</td><td>add, one by one, jobs/s</td>');
    expect(html).toContain('<section id="throughput">\n<h2>Throughput</h2>');
    expect(html.match(/<svg /g)).toHaveLength(2);
    expect(html).toContain('<td class="number">2.22 ×</td>');
    expect(html).toContain('<p>Handlers do <strong>nothing</strong>.</p>');
    expect(html).toContain('npm run bench');
  });

  test('has every id once', () => {
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('Markdown becomes paragraphs, lists, code and links, and nothing else markup', () => {
  expect(htmlOf('one\ntwo `a < **b**`\n\n- x & [y](https://e.org/?a=1)\n  more\n- <b>')).toBe(
    '<p>one two <code>a &lt; **b**</code></p>\n' +
      '<ul><li>x &amp; <a href="https://e.org/?a=1">y</a> more</li><li>&lt;b&gt;</li></ul>',
  );
  expect(htmlOf('')).toBe('');
});

describe('PERF.md', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lunaq-perf-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('changes between the marks alone, and not again when written again', () => {
    const once = pageWith(page, results);
    expect(once.startsWith(`# Performance\n\nBefore.\n\n${begin}\n\nTaken with: `)).toBe(true);
    expect(once.endsWith(`\n\n${end}\n\n## By hand\n\nAfter.\n`)).toBe(true);
    expect(once).not.toContain('\nold\n');
    expect(pageWith(once, results)).toBe(once);
  });

  test('has environment, verdicts, tables, limits and charts beside it', () => {
    const text = pageWith(page, results);
    expect(text).toContain('Lunaq 1.2.3, BullMQ 6.0.0, server Redis 7.0.0');
    expect(text).toMatch(
      /^- reached · add, one by one, jobs\/s: 2\.22 .* × BullMQ's; at least 2 ×$/m,
    );
    expect(text).toContain('|  | BullMQ | 6,300 (6,000–6,400) | 104 | 10.0 | 2.22 × | 0.50 × |');
    expect(text).toContain('![Latency: Latency, p99](docs/charts/latency-p99.svg)');
    expect(text).toContain('Handlers do **nothing**.');
    expect(text).not.toMatch(/\n{3,}|undefined|NaN/);
  });

  test('without marks is refused', () => {
    expect(() => pageWith('# Performance\n', results, 'PERF.md')).toThrow(
      `PERF.md: expected the marks of the bench, ${begin} and ${end}`,
    );
    expect(() => pageWith(`${end}${begin}`, results)).toThrow('expected the marks');
  });

  test('is written with its charts; those of questions that are gone go', async () => {
    const file = join(folder, 'PERF.md');
    const charts = join(folder, 'docs/charts');
    await mkdir(charts, { recursive: true });
    await writeFile(file, page);
    await writeFile(join(charts, 'gone.svg'), '<svg/>');
    writePerfPage(file, results);
    expect(await readdir(charts)).toEqual(['latency-p99.svg', 'throughput-jobsPerSecond.svg']);
    expect(await readFile(join(charts, 'latency-p99.svg'), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(await readFile(file, 'utf8')).toBe(pageWith(page, results));
  });
});
