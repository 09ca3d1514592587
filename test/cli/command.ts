// Runs the built command as its users do, in processes of their own.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Role } from '../../src/access/roles.js';
import type { Live } from '../helpers/live.js';

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What is written to its stdin. */
  readonly input?: string;
  /** Runs it on a terminal of its own, whose output comes as stdout. */
  readonly terminal?: boolean;
}

/** A command that runs. */
export class Running {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #isOver = false;
  #changed: () => void = () => undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#changed();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.ended = new Promise((done) => {
      child.once('close', (code) => {
        this.#isOver = true;
        this.#changed();
        done({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Waits until stdout matches; rejects when the command ends without. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout)) {
      if (this.#isOver)
        throw new Error(`it ended without ${pattern}:\n${this.stdout}\n${this.stderr}`);
      await new Promise<void>((next) => {
        this.#changed = next;
      });
    }
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Stops listening to what it prints. */
  hangUp(): void {
    this.#child.stdout?.destroy();
  }
}

/** Gives a command a terminal: that of util-linux. */
const typescript = 'script';
/** Whether this system has it. */
export const hasTerminal = spawnSync(typescript, ['-qec', 'true', '/dev/null']).status === 0;

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** As whom a command connects: those that only look as one who may do no more. */
function roleOf([command = '']: readonly string[]): Role {
  if (command === 'worker') return 'worker';
  return ['info', 'doctor', 'job'].includes(command) ? 'observer' : 'producer';
}

/** Starts `lunaq` against the server of this test. */
export function start(live: Live, args: readonly string[], options: RunOptions = {}): Running {
  const { env = {}, cwd, input, terminal = false } = options;
  const words = [process.execPath, main, ...args];
  const [program = '', ...rest] = terminal
    ? // Without a shell in between: dash dies of the signal that the command has caught.
      [typescript, '-qec', `exec ${words.map(quoted).join(' ')}`, '/dev/null']
    : words;
  const inherited = { ...process.env };
  // Node shows no colours where CI is set and nothing tells which.
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'LUNAQ_DEBUG', 'CI']) delete inherited[name];
  const child = spawn(program, rest, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...inherited, REDIS_URL: live.urlAs(roleOf(args)), TERM: 'xterm', ...env },
    stdio: [terminal || input !== undefined ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  if (input !== undefined) child.stdin?.end(input);
  const running = new Running(child);
  live.after(async () => {
    child.kill('SIGKILL');
    await running.ended;
  });
  return running;
}

/** Runs `lunaq` to its end. */
export async function lunaq(
  live: Live,
  args: readonly string[],
  options?: RunOptions,
): Promise<Ended> {
  return await start(live, args, options).ended;
}

/** The one document of `--json`. */
export async function json<T>(live: Live, args: readonly string[]): Promise<T> {
  const { stdout } = await lunaq(live, [...args, '--json']);
  return JSON.parse(stdout) as T;
}

/** A folder of this test with these files in it. */
export async function folderOf(
  live: Live,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lunaq-cli-'));
  live.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}
