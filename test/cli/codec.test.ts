// Encoded jobs on the command line: workers decode them, everything else shows that they are encoded.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codecsOf, handlersOf, loadCodecs } from '../../src/cli/handler-file.js';
import { mask } from '../helpers/codecs.js';
import { liveRedis } from '../helpers/live.js';
import { folderOf, json, lunaq } from './command.js';

const live = liveRedis();
const secret = 'the-secret';
const codec = mask('mask');
const welcome = (): string => 'welcome';

const maskText = `{
  name: 'mask',
  encode: (json) => Buffer.from(json).map((byte) => byte ^ 0x5a),
  decode: (bytes) => bytes.map((byte) => byte ^ 0x5a),
}`;

test('a worker takes the codec that its file exports', async () => {
  const queue = live.queue<string, string>({ codec });
  const { id } = await queue.add('job', secret);
  const text = `module.exports = { codec: ${maskText}, job: (job) => job.data };`;
  const cwd = await folderOf(live, { 'worker.cjs': text });
  const { code, stdout } = await lunaq(live, ['worker', 'worker.cjs', live.name, '--burst'], { cwd }); // prettier-ignore
  expect([code, stdout]).toEqual([0, expect.stringContaining(`(${id}) completed`) as string]);
  expect((await queue.getJob(id))?.returnvalue).toBe(secret);
});

test('one that its file does not export fails them, and says why', async () => {
  const queue = live.queue<string>({ codec });
  await queue.add('job', secret);
  const cwd = await folderOf(live, { 'worker.mjs': 'export default (job) => job.data;' });
  const { stdout, stderr } = await lunaq(live, ['worker', 'worker.mjs', live.name, '--burst'], { cwd }); // prettier-ignore
  expect(`${stdout}${stderr}`).toContain('there is no codec "mask"');
  expect(`${stdout}${stderr}`).not.toContain(secret);
  expect((await queue.getJobCounts()).failed).toBe(1);
});

test('what can not be a codec is refused; a function of that name is a handler', () => {
  expect(codecsOf('f', { default: { welcome } })).toEqual([]);
  expect(codecsOf('f', { codec: [codec] })).toEqual([codec]);
  expect(codecsOf('f', { default: { codec, welcome } })).toEqual([codec]);
  expect(handlersOf('f', { default: { codec, welcome }, codec })).toEqual({ welcome });
  expect(handlersOf('f', { default: { codec: welcome } })).toEqual({ codec: welcome });
  expect(codecsOf('f', { default: { codec: welcome }, codec: welcome })).toEqual([]);
  expect(() => codecsOf('f.js', { codec: { name: 'x' } })).toThrow(
    'f.js: codec: expected objects with encode and decode, got an object',
  );
});

test('commands show that jobs are encoded', async () => {
  const queue = live.queue<string, string>({ codec });
  const worker = live.worker<string, string>(
    async (job) => {
      await job.log(secret);
      await job.updateProgress(secret);
      if (job.attemptsMade === 0) throw new Error(secret);
      return secret;
    },
    { codec, autorun: false },
  );
  await queue.add('job', secret, {
    jobId: 'a',
    attempts: 2,
    meta: { secret },
    description: 'open',
  });
  await worker.run({ burst: true });
  const encoded = { encoded: 'mask', bytes: expect.any(Number) as number };
  const text = expect.stringMatching(/^encoded by mask, \d+ bytes$/) as string;
  expect(await json(live, ['job', live.name, 'a'])).toMatchObject({
    name: 'job',
    state: 'completed',
    description: 'open',
    data: encoded,
    meta: encoded,
    progress: encoded,
    returnvalue: encoded,
    logs: [text, text],
    history: [{ failedReason: text }],
  });
  const shown = await lunaq(live, ['job', live.name, 'a']);
  expect([shown.code, shown.stderr]).toEqual([0, '']);
  expect(shown.stdout).toMatch(/^data .*\{"encoded":"mask","bytes":12\}$/m);
  expect(shown.stdout).toMatch(/^result .*"encoded":"mask"/m);
  await queue.add('job', secret, { jobId: 'b' });
  const info = await lunaq(live, ['info', live.name]);
  expect([info.code, info.stderr]).toEqual([0, '']);
  const doctor = await lunaq(live, ['doctor', live.name, '--records']);
  expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringMatching(/ well /) as string]);
  for (const { stdout } of [shown, info, doctor]) expect(stdout).not.toContain(secret);
});

test('--codec decodes and encodes, and shows what it does not decode as encoded', async () => {
  const cwd = await folderOf(live, { 'mask.mjs': `export const codec = ${maskText};`, 'work.mjs': 'export default (job) => job.data;' }); // prettier-ignore
  const run = async (...args: string[]) => await lunaq(live, [...args, '--codec', 'mask.mjs'], { cwd }); // prettier-ignore
  expect(await run('add', live.name, 'job', `"${secret}"`, '--id', 'a')).toMatchObject({ code: 0 });
  expect(await json(live, ['job', live.name, 'a'])).toMatchObject({ data: { encoded: 'mask' } });
  await run('worker', 'work.mjs', live.name, '--burst');
  const { code, stdout, stderr } = await run('job', live.name, 'a');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(new RegExp(`^data +"${secret}"$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^result +"${secret}"$`, 'm'));
  await live.queue<string>({ codec: mask('other') }).add('job', secret, { jobId: 'b' });
  const strange = await run('job', live.name, 'b');
  expect(strange.stdout).toMatch(/^data +\{"encoded":"other","bytes":12\}$/m);
});

test('a file for --codec exports it by name or as its default, as an ES module or as CommonJS', async () => {
  const texts = {
    'a.cjs': `module.exports = ${maskText};`,
    'b.cjs': `exports.codec = ${maskText};`,
    'c.mjs': `export const codec = [${maskText}];`,
    'd.mjs': `export default ${maskText};`,
    'e.mjs': `export default { codec: ${maskText}, job: () => 1 };`,
  };
  const cwd = await folderOf(live, texts);
  for (const file of Object.keys(texts))
    expect([file, await loadCodecs(join(cwd, file))]).toMatchObject([file, [{ name: 'mask' }]]);
});

test.each([
  ['nothing', '', /bad\.mjs: expected an export named codec, or a codec as default export$/],
  ['what is none', 'export default { name: "x" }', /bad\.mjs: codec: expected objects with encode and decode, got an object$/],
  ['what throws', 'throw new RangeError("no")', /^can't load \S+bad\.mjs: RangeError: no$/],
])('a file for --codec with %s is refused', async (_, text, told) => {
  const cwd = await folderOf(live, { 'bad.mjs': text });
  await expect(loadCodecs(join(cwd, 'bad.mjs'))).rejects.toThrow(told);
}); // prettier-ignore
