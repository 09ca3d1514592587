// Runs the compiled examples as a user would, in processes of their own.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Ends what a failed test has left running. */
export function killAll(): void {
  for (const program of running) program.kill('SIGKILL');
}

const nothing = (): void => undefined;
const running = new Set<Program>();

/** A running example; its output is standard output and error in one. */
export interface Program {
  readonly pid: number;
  /** Resolves with the output so far once it matches; rejects when the program ends without. */
  until(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

export function start(
  name: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Program {
  const child = spawn(process.execPath, [join(root, 'dist-examples', name), ...args], {
    cwd: root,
    env: { ...process.env, REDIS_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let isOver = false;
  let changed = nothing;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      changed();
    });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      isOver = true;
      changed();
      resolve({ code, output });
    });
  });
  async function until(pattern: RegExp): Promise<string> {
    while (!pattern.test(output)) {
      if (isOver) throw new Error(`it ended without ${pattern}:\n${output}`);
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
    return output;
  }
  const program = {
    pid: child.pid ?? 0,
    until,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    ended,
  };
  running.add(program);
  void ended.then(() => running.delete(program));
  return program;
}

/** Whether this system tells the parents of processes. */
export const hasProc = existsSync('/proc/self/stat');

/** Processes that one has started: their ids and names. */
export function childrenOf(parent: number): { pid: number; name: string }[] {
  return readdirSync('/proc').flatMap((pid) => {
    const stat = /^\d+$/.test(pid) ? statOf(pid) : undefined;
    const [, name = '', ppid] = /^\d+ \((.*)\) \S (\d+)/s.exec(stat ?? '') ?? [];
    return Number(ppid) === parent ? [{ pid: Number(pid), name }] : [];
  });
}

/** Whether a process still runs; one that has ended but was not waited for does not. */
export function runs(pid: number): boolean {
  const stat = statOf(String(pid));
  return stat !== undefined && !/^\d+ \(.*\) Z/s.test(stat);
}

function statOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
}
