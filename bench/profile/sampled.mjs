// Runs a program under V8's sampling profiler and hands back what it printed and the profile of its main thread.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** µs between two samples. */
const interval = 200;
const timeout = 120_000;

/**
 * @param {string} folder for the profiles
 * @param {string} name of the main thread's profile there
 * @param {readonly string[]} program and its arguments
 * @param {{ env: NodeJS.ProcessEnv, signal: AbortSignal }} options
 */
export async function sampled(folder, name, program, { env, signal }) {
  // V8 names the files, one for each thread: CPU.<date>.<time>.<process>.<thread>.<number>.cpuprofile
  const fresh = join(folder, `${name}.tmp`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  try {
    const flags = ['--cpu-prof', `--cpu-prof-interval=${interval}`, `--cpu-prof-dir=${fresh}`];
    const { stdout } = await run(process.execPath, [...flags, ...program], {
      env,
      signal,
      timeout,
    });
    const files = await readdir(fresh);
    const main = files.find((file) => file.split('.')[4] === '0');
    if (!main) throw new Error(`${name}: the process has left no profile of its main thread`);
    const file = join(folder, `${name}.cpuprofile`);
    await rename(join(fresh, main), file);
    return { printed: stdout, file, profile: JSON.parse(await readFile(file, 'utf8')) };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}
