// How the command is called, and what it tells when it can't do what it should.
import { expect, test } from 'vitest';
import { liveRedis } from '../helpers/live.js';
import { hasTerminal, lunaq, start } from './command.js';

const live = liveRedis();
/** What a terminal shows as colour. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const colour = /\u001b\[\d+m/;

test('--version and --help tell on stdout and succeed', async () => {
  const version = await lunaq(live, ['--version']);
  expect(version).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  });
  const help = await lunaq(live, ['worker', '--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('lunaq worker [options] <file> <queues...>');
  expect(help.stdout).toContain('--url <url>');
});

test('no command at all is misuse, answered by the help', async () => {
  const { code, stdout, stderr } = await lunaq(live, []);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('Usage: lunaq');
});

test.each([
  [['inf'], "lunaq: unknown command 'inf' (Did you mean info?)\n"],
  [['info', '--jsno'], "lunaq: unknown option '--jsno' (Did you mean --json?)\n"],
  [['add', 'mail'], "lunaq: missing required argument 'name'\n"],
  [
    ['info', '--interval', '0'],
    /^lunaq: option '-i, --interval <seconds>' .* from 0\.1 to 86400\.\n$/,
  ],
  [
    ['add', 'mail', 'x', '--delay', '5 parsecs'],
    /^lunaq: option '--delay <time>' .* s, m, h or d\.\n$/,
  ],
  [['add', 'mail', 'x', '--attempts', '0'], /^lunaq: option '--attempts <runs>' .* from 1\.\n$/],
  [
    ['add', 'mail', 'x', '--timeout', '30d'],
    /^lunaq: timeout: expected a whole number from 1 to \d+, got \d+\n$/,
  ],
  [['add', 'mail', 'x', 'no json'], /^lunaq: data: expected JSON: .*\n$/],
  [['add', 'ma{il', 'x'], 'lunaq: name: expected no braces, got "ma{il"\n'],
  [
    ['pause', 'q', '--prefix', 'a\u001bb'],
    /^lunaq: prefix: expected no control characters, got "a\\u001bb"\n$/,
  ],
  [['requeue', 'mail'], 'lunaq: requeue: expected ids of jobs, --all or --count\n'],
  [
    ['requeue', 'mail', 'x', '--all'],
    'lunaq: requeue: expected ids, or --all, --state, --count, not both\n',
  ],
  [['no\u001b[2Jsuch'], "lunaq: unknown command 'no\\x1b[2Jsuch'\n"],
])('%j is misuse, told in one line', async (args, told) => {
  const { code, stdout, stderr } = await lunaq(live, args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(told);
  expect(stderr.split('\n')).toHaveLength(2);
});

test('a Redis that can not be reached is told at once, without its password', async () => {
  const url = 'redis://me:s3cret@127.0.0.1:1';
  const byOption = await lunaq(live, ['info', '--url', url]);
  expect(byOption).toEqual({
    code: 1,
    stdout: '',
    stderr:
      "lunaq: can't reach Redis at redis://me:***@127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\n",
  });
  const env = { REDIS_URL: url, LUNAQ_DEBUG: '1' };
  const { code, stdout, stderr } = await lunaq(live, ['info', '--json'], { env });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/\n {4}at .*session\.js/);
  expect(stderr).not.toContain('s3cret');
});

test('--url and --prefix say where the queues are', async () => {
  const args = ['add', live.name, 'x', '--id', 'a', '--prefix', 'other'];
  const env = { REDIS_URL: 'redis://127.0.0.1:1' };
  expect(await lunaq(live, [...args, '--url', live.urlAs('producer')], { env })).toMatchObject({
    code: 0,
  });
  expect(await live.queue({ prefix: 'other' }).getJobState('a')).toBe('waiting');
  expect(await live.queue().getJobState('a')).toBe('unknown');
});

test('pipes get no colour, whatever the environment says', async () => {
  await live.queue().add('x', {});
  const env = { FORCE_COLOR: '1' };
  const { stdout, stderr } = await lunaq(live, ['info', live.name], { env });
  expect(stdout).toContain(live.name);
  expect(stdout + stderr).not.toContain('\u001b');
});

test.skipIf(!hasTerminal)('terminals get colour, unless NO_COLOR is set', async () => {
  await live.queue().add('x', {});
  const shown = await lunaq(live, ['info', live.name], { terminal: true });
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(colour) });
  const env = { NO_COLOR: '1' };
  const plain = await lunaq(live, ['info', live.name], { terminal: true, env });
  expect(plain.stdout).toContain(live.name);
  expect(plain.stdout).not.toMatch(colour);
});

test('it ends quietly when nobody reads what it prints', async () => {
  const view = start(live, ['info', '--json', '--interval', '0.1']);
  await view.until(/\n/);
  view.hangUp();
  expect(await view.ended).toMatchObject({ code: 0, stderr: '' });
});
