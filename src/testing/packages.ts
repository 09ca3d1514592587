// Packages of the distribution, unpacked without root and without installing anything: apt downloads them under a private state folder
// (so the system's lists may be missing and stay as they are), from the system's sources and checked with its keys; dpkg-deb unpacks them.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Environment } from './system.js';

export interface Tools {
  readonly apt: string;
  readonly dpkg: string;
  readonly env: Environment;
}

/** Runs a program of apt; resolves with what it prints. */
type Apt = (program: string, ...words: readonly string[]) => Promise<string>;

export interface Wish {
  /** Names of packages: the first choice that can be had is taken. */
  readonly choices: (apt: Apt) => Promise<readonly (readonly string[])[]>;
  /** Further settings of apt, which has its files in this folder. */
  readonly settings?: (folder: string) => Promise<readonly string[]>;
  /** Throws when the packages do not hold what was wished for. */
  readonly check: (folder: string) => Promise<void>;
}

/** ms. */
const commandTimeout = 180_000;
const run = promisify(execFile);

/**
 * Unpacks packages, and what they need that this system lacks, into `folder`, whose parent is there and writable. Only the rename at the
 * end makes it visible: what lies under its name is whole. Who comes second takes what is there.
 */
export async function unpackPackages(folder: string, tools: Tools, wish: Wish): Promise<void> {
  const apt = await mkdtemp(join(tmpdir(), 'lunaq-apt-'));
  const staging = await mkdtemp(`${folder}.partial-`);
  try {
    for (const archive of await download(apt, tools, wish))
      await run(tools.dpkg, ['-x', archive, staging], { timeout: commandTimeout });
    await wish.check(staging);
    await rename(staging, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
    await rm(apt, { recursive: true, force: true });
  }
}

async function download(folder: string, tools: Tools, wish: Wish): Promise<string[]> {
  const settings = join(folder, 'apt.conf');
  const archives = join(folder, 'cache/archives');
  await mkdir(join(folder, 'state/lists/partial'), { recursive: true });
  await mkdir(join(archives, 'partial'), { recursive: true });
  const further = (await wish.settings?.(folder)) ?? [];
  await writeFile(settings, [...aptSettings(folder), ...further, ''].join('\n'));
  const env = { ...tools.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: commandTimeout, maxBuffer: 64e6 };
  const apt: Apt = async (program, ...words) =>
    // -c is read after the system's settings: its proxies stay, our folders win.
    (await run(program, ['-q', '-c', settings, ...words], options)).stdout;

  // One dead third-party source fails the update; what counts is whether the packages are there.
  const complaints = [await apt(tools.apt, 'update').catch((error: unknown) => error)];
  for (const names of await wish.choices(apt)) {
    try {
      await apt(tools.apt, '-y', 'install', '--download-only', '--reinstall', ...names);
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
function aptSettings(folder: string): string[] {
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
  ];
}

/** The folders with shared libraries of what was unpacked, for LD_LIBRARY_PATH. */
export function libraryPath(folder: string): string {
  const libraries = ['usr/lib', 'lib'].flatMap((name) => libraryFolders(join(folder, name)));
  const inherited = process.env['LD_LIBRARY_PATH'];
  return [...libraries, ...(inherited ? [inherited] : [])].join(':');
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
