// Runs a program of this folder in a process of its own, and ends it with all that it has started when it takes too long or nobody wants
// it any more.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Longest time of one program, ms. */
const timeout = 300_000;
/** So many lines of what a failed process has said are kept. */
const shownLines = 20;
/** ms that a process is given to end in good order. */
const grace = 3_000;

/**
 * @param {string[]} args of sample.mjs
 * @param {Record<string, string | undefined>} env beside this process's
 * @param {AbortSignal} signal
 * @returns {Promise<import('./results.mjs').Outcome>}
 */
export async function runSample(args, env, signal) {
  return await runProgram('sample.mjs', args, env, signal);
}

/**
 * Runs one of the programs of this folder that print a line of JSON last.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env beside this process's
 * @param {AbortSignal} signal
 */
export async function runProgram(program, args, env, signal) {
  const script = join(import.meta.dirname, program);
  signal.throwIfAborted();
  // A group of its own: what it starts in turn is ended with it, and Ctrl-C is for this process alone.
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let late = false;
  let killing;
  const end = () => {
    endGroup(child.pid, 'SIGTERM');
    killing = setTimeout(() => endGroup(child.pid, 'SIGKILL'), grace);
  };
  const timer = setTimeout(() => {
    late = true;
    end();
  }, timeout);
  signal.addEventListener('abort', end);
  try {
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await once(child, 'exit');
    endGroup(child.pid, 'SIGKILL');
    const [output, complaint] = await said;
    signal.throwIfAborted();
    if (late) throw new Error(`not done within ${timeout / 1_000} s`);
    if (code !== 0)
      throw new Error(reasonIn(complaint), {
        cause: complaint.split('\n').slice(0, shownLines).join('\n'),
      });
    return JSON.parse(output.trim().split('\n').at(-1));
  } finally {
    clearTimeout(timer);
    clearTimeout(killing);
    signal.removeEventListener('abort', end);
  }
}

/** Ends a process and all that it has started; none may be left. */
export function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** The message of the error that ended the process. */
function reasonIn(complaint) {
  const lines = complaint.trim().split('\n');
  return lines.find((line) => /^(\w*Error|AggregateError)\b.*:/.test(line)) ?? lines.at(-1);
}
