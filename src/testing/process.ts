// One run of a server program, tied to this process: however this process ends, the server ends.
//
// The program is started by a shell which leaves a watchdog behind and then becomes the program, so
// the child's pid is the server's. The watchdog reads from the lifeline, a socket whose other end
// only this process holds, and acts when that end is closed:
//
//   the server runs                   lifeline closed → kill it, remove its folder
//   the server has ended   (1 line)   lifeline closed → remove its folder
//   its folder is released (2 lines)  the watchdog is gone
//
// The child is a session leader: a Ctrl-C in the terminal is for this process, which may still need
// its server to shut down in good order, and a signal to this process's group spares the watchdog.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

const script = `
folder=$1; shift
(
  read -r line <&3 || kill -KILL $$
  read -r line <&3 || rm -rf "$folder"
) &
exec 3<&-
exec "$@"
`;

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Removed by the watchdog, unless it is released before. */
  readonly folder: string;
  /** The file to which the program's output is appended. */
  readonly log: string;
}

/** One run of a server. It keeps neither this process nor its event loop alive. */
export interface ServerRun {
  /** The process id while it runs, if it is a process of this machine's. */
  readonly pid: number | undefined;
  readonly running: boolean;
  /** Resolves when the server has ended; does not hold the event loop. */
  readonly exited: Promise<void>;
  /** The same as `exited`, but holds the event loop until then. */
  ended(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): void;
  /** Leaves the folder to somebody else: call it once the server has ended. */
  release(): void;
}

/** A server that is a child of this process. */
export class ServerProcess implements ServerRun {
  readonly #child: ChildProcess;
  readonly #lifeline: Socket;
  readonly exited: Promise<void>;
  #running = true;

  constructor(command: Command) {
    const log = openSync(command.log, 'a');
    try {
      this.#child = spawn(
        '/bin/sh',
        ['-c', script, 'lunaq-watchdog', command.folder, command.file, ...command.args],
        {
          detached: true,
          env: { ...process.env, ...command.env },
          stdio: ['ignore', log, log, 'pipe'],
        },
      );
    } finally {
      closeSync(log);
    }
    const lifeline = this.#child.stdio[3];
    if (!(lifeline instanceof Socket)) throw new Error('The child process has no lifeline');
    this.#lifeline = lifeline;
    this.#lifeline.on('error', () => {}); // the watchdog was killed: nobody left to tell
    this.exited = new Promise((resolve) => {
      const end = () => {
        if (this.#running) this.#lifeline.write('\n');
        this.#running = false;
        resolve();
      };
      this.#child.once('exit', end);
      this.#child.once('error', end);
    });
    this.#child.unref();
    this.#lifeline.unref();
  }

  get running(): boolean {
    return this.#running;
  }

  get pid(): number | undefined {
    return this.#running ? this.#child.pid : undefined;
  }

  async ended(): Promise<void> {
    if (!this.#running) return;
    this.#child.ref();
    await this.exited;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  release(): void {
    this.#lifeline.end('\n');
  }
}
