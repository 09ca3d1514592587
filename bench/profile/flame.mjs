// Flame graphs of clinic, as one HTML file for each side.
import { spawn } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { join } from 'node:path';
import { endGroup } from '../child.mjs';

/** ms after which clinic is ended: its analysis takes far longer than the load. */
const patience = 180_000;

/**
 * @param {string} folder is made anew
 * @param {readonly string[]} program and its arguments
 * @param {{ env: NodeJS.ProcessEnv, signal: AbortSignal }} options
 * @returns {Promise<string>} the HTML file
 */
export async function flame(folder, program, { env, signal }) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const clinic = createRequire(import.meta.url).resolve('clinic/bin.js');
  const args = [clinic, 'flame', '--open=false', '--dest', folder, '--', process.execPath];
  // A group of its own: clinic ended alone would leave its program behind.
  const child = spawn(process.execPath, [...args, ...program], {
    cwd: folder,
    env: { ...env, NO_INSIGHT: '1', NO_UPDATE_NOTIFIER: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const end = once(child, 'exit');
  const stop = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  const kill = () => endGroup(child.pid, 'SIGKILL');
  stop.addEventListener('abort', kill);
  const [code] = await end;
  stop.removeEventListener('abort', kill);
  const pages = (await readdir(folder)).filter((name) => name.endsWith('.html'));
  if (code !== 0 || pages.length === 0)
    throw new Error(`clinic flame has ended with ${code}: ${said.trim().slice(-500)}`);
  return join(folder, pages[0]);
}
