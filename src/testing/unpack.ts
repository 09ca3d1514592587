// A server out of the distribution's own packages, without root and without installing anything:
// apt downloads them under a private state folder (so the system's lists may be missing and stay
// as they are), from the system's sources and checked with its keys; dpkg-deb unpacks them.
//
// Only the rename at the end makes the folder visible, after the server in it has run once: what
// lies under its final name is whole. The lock beside it merely saves several processes from
// downloading the same thing; whoever loses the rename takes the winner's folder.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Environment } from './system.js';

/** An unpacked server and the variables it wants. */
export interface UnpackedServer {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Tools {
  readonly apt: string;
  readonly dpkg: string;
  readonly env: Environment;
}

// Each server comes with its package of tools: in Debian that one holds the real program.
const packageChoices = [
  ['redis-server', 'redis-tools'],
  ['valkey-server', 'valkey-tools'],
] as const;

const commandTimeout = 180_000;
const lockPatience = 240_000;

const run = promisify(execFile);

/** The server in an unpacked folder, if there is one. */
export function cachedServer(folder: string): UnpackedServer | undefined {
  const file = packageChoices
    .map(([server]) => join(folder, 'usr/bin', server))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) return undefined;
  const libraries = ['usr/lib', 'lib'].flatMap((name) => libraryFolders(join(folder, name)));
  const inherited = process.env['LD_LIBRARY_PATH'];
  if (inherited) libraries.push(inherited);
  return { file, env: { LD_LIBRARY_PATH: libraries.join(':') } };
}

/**
 * Unpacks a server into `folder`, whose parent is there and writable, or waits for the process that
 * is just doing it.
 */
export async function unpackServer(folder: string, tools: Tools): Promise<UnpackedServer> {
  const lock = `${folder}.lock`;
  const patienceEnds = Date.now() + lockPatience;
  let locked = false;
  while (!locked && Date.now() < patienceEnds) {
    const cached = cachedServer(folder);
    if (cached !== undefined) return cached;
    locked = takeLock(lock);
    if (!locked) await delay(50);
  }
  try {
    // Between the look and the lock another process may have finished.
    return cachedServer(folder) ?? (await unpackInto(folder, tools));
  } finally {
    if (locked) rmSync(lock, { force: true });
  }
}

async function unpackInto(folder: string, tools: Tools): Promise<UnpackedServer> {
  const apt = await mkdtemp(join(tmpdir(), 'lunaq-apt-'));
  const staging = await mkdtemp(`${folder}.partial-`);
  try {
    for (const archive of await download(apt, tools)) {
      await run(tools.dpkg, ['-x', archive, staging], { timeout: commandTimeout });
    }
    const server = cachedServer(staging);
    if (server === undefined) throw new Error('the packages hold no server');
    await run(server.file, ['--version'], { env: { ...tools.env, ...server.env } });
    await rename(staging, folder).catch((error: unknown) => {
      if (cachedServer(folder) === undefined) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
    await rm(apt, { recursive: true, force: true });
  }
  const moved = cachedServer(folder);
  if (moved === undefined) throw new Error('the folder vanished after it was unpacked');
  return moved;
}

/** Downloads a server and those of its dependencies that this system lacks. */
async function download(folder: string, tools: Tools): Promise<string[]> {
  const settings = join(folder, 'apt.conf');
  await mkdir(join(folder, 'state/lists/partial'), { recursive: true });
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
  await writeFile(settings, aptSettings(folder));
  const env = { ...tools.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...words: readonly string[]) =>
    // -c is read after the system's settings: its proxies stay, our folders win.
    run(tools.apt, ['-q', '-y', '-c', settings, ...words], { env, timeout: commandTimeout });

  // One dead third-party source fails the update; what counts is whether the packages are there.
  const complaints = [await apt('update').catch((error: unknown) => error)];
  for (const names of packageChoices) {
    try {
      await apt('install', '--download-only', '--reinstall', ...names);
      const archives = join(folder, 'cache/archives');
      const files = await readdir(archives);
      return files.filter((name) => name.endsWith('.deb')).map((name) => join(archives, name));
    } catch (error) {
      complaints.push(error);
    }
  }
  throw new Error(complaints.flatMap(lastComplaint).join('; '));
}

// The system's sources, keys and list of installed packages are read; nothing of it is written.
// Its hooks are dropped (they clean or index folders that are not ours). Root would download as
// the user _apt, who can't enter our private folder.
function aptSettings(folder: string): string {
  return [
    `Dir::State "${folder}/state";`,
    `Dir::Cache "${folder}/cache";`,
    'Dir::State::status "/var/lib/dpkg/status";',
    'Debug::NoLocking "true";',
    'APT::Sandbox::User "root";',
    'APT::Install-Recommends "false";',
    'Acquire::Retries "2";',
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb-src::Sources::DefaultEnabled "false";',
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    '#clear DPkg::Pre-Install-Pkgs;',
    '#clear DPkg::Post-Invoke;',
    '',
  ].join('\n');
}

/** True if the lock is ours now. The lock of a dead process is cleared for the next try. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (holder > 0) process.kill(holder, 0);
  } catch (error) {
    if (isErrno(error, 'ESRCH')) rmSync(lock, { force: true });
  }
  return false;
}

function libraryFolders(parent: string): string[] {
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).filter((name) => name.includes('-linux-'));
  return names.map((name) => join(parent, name));
}

/** The last error of an apt run, or else its last warning, if it said any. */
function lastComplaint(result: unknown): string[] {
  const output = result instanceof Object && 'stderr' in result ? String(result.stderr) : '';
  const lines = output.split('\n');
  const lastOf = (mark: string) => lines.findLast((line) => line.startsWith(mark));
  const line = lastOf('E: ') ?? lastOf('W: ');
  if (line !== undefined) return [line.slice(3).trim()];
  return result instanceof Error ? [result.message] : [];
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
