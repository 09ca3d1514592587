// The commands that the README shows run as they stand there.
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { liveRedis } from '../helpers/live.js';
import { folderOf, lunaq, start, type Ended } from './command.js';

const live = liveRedis();
const root = resolve(import.meta.dirname, '../..');

/** In this order, one after the other. What each prints at least. */
const shown: readonly (readonly [command: string, printed: RegExp])[] = [
  [`add mail welcome '{"to":"ada@example.org"}' --id ada --attempts 5 --backoff 1s`, /^ada\n$/],
  [
    'worker mail-worker.js mail newsletters --burst --concurrency 10',
    /mail: welcome \(ada\) completed/,
  ],
  ['info', /^mail .*\nnewsletters .*\n2 queues, 1 job total$/m],
  ['info mail --interval 2', / 1 job total$/m],
  ['job mail ada', /^result .* "A welcome to ada@example\.org"$/m],
  ['requeue mail --all', /^0 failed jobs requeued$/m],
  ['doctor', /^mail well /m],
  ['acl worker --queue mail newsletters', / \+evalsha .* ~lunaq:\{newsletters\}:\* .*\n$/],
  ['acl producer', / \+evalsha .* ~lunaq:\{\*\}:\* ~lunaq:queues &lunaq:\{\*\}:\*\n$/],
];

/** As a shell would. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}

async function run(command: string, cwd: string): Promise<Ended> {
  const running = start(live, words(command), { cwd });
  if (command.includes('--interval')) {
    await running.until(/Updated/);
    running.kill('SIGINT');
  }
  return await running.ended;
}

test('commands of the README do what it says', async () => {
  const cwd = await folderOf(live, { 'package.json': '{"type":"module"}' });
  await copyFile(join(root, 'dist-examples/mail-worker.js'), join(cwd, 'mail-worker.js'));
  for (const [command, printed] of shown) {
    const { code, stdout, stderr } = await run(command, cwd);
    expect([command, code, stderr]).toEqual([command, 0, '']);
    expect(stdout).toMatch(printed);
  }
}, 60_000);

test('the example of handlers logs and tells how far it is', async () => {
  const readers = ['ada@example.org', 'grace@example.org'];
  await live.queue({ name: 'newsletters' }).add('newsletter', { readers }, { jobId: 'n' });
  const file = join(root, 'dist-examples/mail-worker.js');
  await lunaq(live, ['worker', file, 'newsletters', '--burst']);
  const { stdout } = await lunaq(live, ['job', 'newsletters', 'n', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    progress: 100,
    logs: readers.map((reader) => `sent to ${reader}`),
  });
});

test('the README and docs/ show no other', () => {
  const pages = [
    'README.md',
    ...readdirSync(join(root, 'docs'))
      .filter((file) => file.endsWith('.md'))
      .map((page) => `docs/${page}`),
  ];
  const known = new Set(shown.map(([command]) => command));
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8');
    const lines = [...text.matchAll(/^ {4}npx lunaq (.*)$/gm)].map(([, command = '']) => command);
    expect([page, lines.filter((command) => !known.has(command))]).toEqual([page, []]);
  }
});
