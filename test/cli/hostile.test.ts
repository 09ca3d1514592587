// Arguments that break careless code, in every place where one is typed: refused in a line, with exit code 2, or taken as they are; nothing
// of them reaches a terminal raw. The command runs in this process, as hundreds of its own would take minutes.
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { run } from '../../src/cli/program.js';
import { liveRedis } from '../helpers/live.js';
import { folderOf } from './command.js';

const live = liveRedis();
// Of prefixes that nobody was granted.
live.deniesOnPurpose = true;
// Every run listens to signals and to its output, until its process ends.
for (const emitter of [process, process.stdout]) emitter.setMaxListeners(0);

interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line here. */
async function here(args: readonly string[]): Promise<Told> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await run(['node', 'lunaq', ...args]), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const hostile = [
  '',
  ' ',
  'a\u001b[2Jb',
  'a\u009b2Jb',
  'a\u202eb',
  'a\r\nb\tc',
  '\ud800',
  'x'.repeat(257),
  'ü'.repeat(129),
  '{q}',
  '__proto__',
  'constructor',
  '--',
  '-',
  '../../etc/passwd',
  '%s%n$(id)`id`;|&',
  'NaN',
  'Infinity',
  '-1',
  '-0',
  '0',
  '1.5',
  '1e3',
  '0x10',
  '9007199254740993',
  '99999999999999999999',
  '٣',
  '１',
  '{"__proto__":{"a":1}}',
  '{"a":',
  '['.repeat(20_000),
];

/** What reaches a terminal: lines of text. */
const raw =
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/u;

/** Where they are typed, and with which codes that may end. */
const places: readonly [place: string, ...codes: number[]][] = [
  ['info @', 0, 2],
  ['info -Q @', 0, 2],
  ['doctor @', 0, 2],
  ['job @ x', 1, 2],
  ['job q @', 1, 2],
  ['add @ name', 0, 2],
  ['add q @', 0, 2],
  ['add q name @', 0, 2],
  ['add q name 1 --id @', 0, 2],
  ['add q name 1 --delay @', 0, 2],
  ['add q name 1 --attempts @', 2],
  ['add q name 1 --backoff @', 0, 2],
  ['add q name 1 --ttl @', 0, 2],
  ['add q name 1 --timeout @', 0, 2],
  ['add q name 1 --on-parent-failure @', 2],
  ['add q name 1 --depends-on @', 0, 1, 2],
  ['requeue @ x', 1, 2],
  ['requeue q @', 1, 2],
  ['requeue q --count @', 2],
  ['requeue q --all --state @', 2],
  ['cancel @ x', 1, 2],
  ['cancel q @', 0, 1, 2],
  ['cancel q x --reason @', 1],
  ['cancel q x --dependents @', 2],
  ['remove @ x', 1, 2],
  ['remove q @', 0, 1, 2],
  ['pause @', 0, 2],
  ['resume @', 0, 2],
  ['drain @', 0, 2],
  ['acl @', 2],
  ['acl worker --queue @', 0, 2],
  ['acl worker --prefix @', 0, 2],
  ['info q --interval=@', 2],
  ['info q --prefix @', 1, 2],
  ['info q --codec @', 1],
  ['info q --cacert @', 2],
  ['worker @ q', 1, 2],
  ['worker --burst FILE @', 0, 2],
  ['worker --burst FILE q --concurrency @', 2],
  ['worker --burst FILE q --name @', 0, 2],
  ['worker --burst FILE q --weight @', 2],
  ['worker --burst FILE q --weight q=@', 2],
  ['worker --burst FILE q --close-timeout @', 0, 2],
  ['@', 2],
  ['@ q', 2],
  ['info --@', 0, 2],
];

/** What is no misuse there. */
const fine: Readonly<Record<string, readonly string[]>> = {
  'add q name @': ['-'],
  'info q --interval=@': ['1.5'],
};

test.each(places)('lunaq %s', async (place, ...codes) => {
  const folder = await folderOf(live, { 'handler.mjs': 'export default () => 1;' });
  vi.stubEnv('REDIS_URL', live.urlAs('everything'));
  live.after(() => vi.unstubAllEnvs());
  const wrong: unknown[] = [];
  for (const text of hostile.filter((one) => fine[place]?.includes(one) !== true)) {
    const words = place.split(' ').map((word) => word.replace('FILE', join(folder, 'handler.mjs')));
    const { code, stdout, stderr } = await here(words.map((word) => word.replace('@', () => text)));
    const lines = stderr.split('\n').slice(0, -1);
    const isTold = lines.every((line) => line.startsWith('lunaq: ')) && (code === 0 || lines.length === 1); // prettier-ignore
    const isHelp = code === 2 && stderr.startsWith('Usage: lunaq ');
    if (!codes.includes(code) || raw.test(stdout + stderr) || !(isTold || isHelp))
      wrong.push([text.slice(0, 30), code, stderr.slice(0, 300)]);
  }
  expect(wrong).toEqual([]);
});
