// What this machine is: its distribution, its caches, how one installs a server on it.
import { accessSync, constants, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The operating system as far as packages are concerned. */
export interface System {
  /** `debian`, `ubuntu`, `alpine`, `darwin`, …, nearest first, then the families it belongs to. */
  readonly names: readonly string[];
  /** Tells packages that don't mix apart: distribution, release, processor. */
  readonly key: string;
}

const installCommands: Readonly<Record<string, string>> = {
  ubuntu: 'sudo apt-get install redis-server (component "universe")',
  debian: 'sudo apt-get install redis-server',
  fedora: 'sudo dnf install valkey',
  rhel: 'sudo dnf install redis',
  alpine: 'apk add redis',
  arch: 'sudo pacman -S valkey',
  suse: 'sudo zypper install redis',
  darwin: 'brew install redis',
  win32: 'run under WSL and install redis-server there',
};

/** Reads os-release (or takes the platform's name where there is none). */
export function readSystem(osRelease = '/etc/os-release'): System {
  const fields = new Map<string, string>();
  for (const line of readIfPresent(osRelease).split('\n')) {
    const [, name, value] = /^(\w+)=["']?([^"']*)/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name, value.trim());
  }
  const id = fields.get('ID') ?? process.platform;
  const release = fields.get('VERSION_CODENAME') ?? fields.get('VERSION_ID') ?? 'rolling';
  const families = fields.get('ID_LIKE')?.split(/\s+/) ?? [];
  return {
    names: [id, ...families],
    key: `${id}-${release}-${process.arch}`.replaceAll(/[^\w.-]/g, '_'),
  };
}

/** How to get a server onto this system: a shell command where one is known. */
export function installAdvice(system: System): string {
  const name = system.names.find((candidate) => candidate in installCommands);
  return installCommands[name ?? ''] ?? 'see the Redis or Valkey documentation for this system';
}

/**
 * The folders in which an unpacked server may lie, preferred first: `LUNAQ_CACHE` alone if set,
 * else the user's cache and then a folder of this user's in the temporary one.
 */
export function cacheFolders(env: Environment): string[] {
  if (env['LUNAQ_CACHE']) return [env['LUNAQ_CACHE']];
  const userCache = env['XDG_CACHE_HOME'] || (env['HOME'] && join(env['HOME'], '.cache'));
  const folders = userCache ? [join(userCache, 'lunaq')] : [];
  const temporary = privateTemporaryFolder();
  return temporary === undefined ? folders : [...folders, temporary];
}

// Programs are run from there, and anybody may write into the temporary folder: what another user
// put under our name is not ours.
function privateTemporaryFolder(): string | undefined {
  const user = process.getuid?.();
  const folder = join(tmpdir(), `lunaq-${user ?? 'cache'}`);
  const state = lstatSync(folder, { throwIfNoEntry: false });
  if (state === undefined || user === undefined) return folder;
  return state.isDirectory() && state.uid === user && (state.mode & 0o022) === 0
    ? folder
    : undefined;
}

/** Makes the folder, for this user alone, unless it is there. False if it can't be written to. */
export function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readIfPresent(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
