// Programs of peers out of the distribution's own packages, without root and without installing anything: apt downloads them under a
// private state folder, from the system's sources and checked with its keys; dpkg-deb unpacks them into a folder of the cache, once.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolders, makeFolder, readSystem } from '../dist/testing/system.js';

const commandTimeout = 300_000;
const run = promisify(execFile);

/** The folder of the user's cache for what belongs to this system. */
export function cacheFolder() {
  const folders = cacheFolders(process.env).map((folder) => resolve(folder, 'peers', systemKey()));
  const folder = folders.find(makeFolder);
  if (folder === undefined)
    throw new Error(`none of the cache folders can be written to: ${folders.join(', ')}`);
  return folder;
}

export function systemKey() {
  return readSystem().key;
}

/**
 * Unpacks packages, and what they need that this system lacks, into `folder`, whose parent is there; once it is there, does nothing.
 *
 * @param {string} folder
 * @param {string} wanted what the packages are for
 * @param {(show: (name: string) => Promise<string>) => Promise<string[]>} choose their names, from what apt-cache shows of others
 */
export async function unpack(folder, wanted, choose) {
  if (existsSync(folder)) return;
  const apt = await mkdtemp(join(tmpdir(), 'lunaq-apt-'));
  // What lies under the final name is whole; who comes second takes what is there.
  const staging = await mkdtemp(`${folder}.partial-`);
  try {
    for (const archive of await download(apt, choose))
      await run('dpkg-deb', ['-x', archive, staging], { timeout: commandTimeout });
    await chmod(staging, 0o755);
    await rename(staging, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } catch (error) {
    const lines = String(error.stderr ?? '').split('\n');
    const reason = lines.findLast((line) => line.startsWith('E: '))?.slice(3) ?? error.message;
    throw new Error(`${wanted} can't be had from this system's packages: ${reason}`, {
      cause: error,
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
    await rm(apt, { recursive: true, force: true });
  }
}

async function download(folder, choose) {
  const settings = join(folder, 'apt.conf');
  const archives = join(folder, 'cache/archives');
  await mkdir(join(folder, 'state/lists/partial'), { recursive: true });
  await mkdir(join(archives, 'partial'), { recursive: true });
  await writeFile(settings, aptSettings(folder));
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const tool = async (program, ...words) => {
    // -c is read after the system's settings: its proxies stay, our folders win.
    const options = { env, timeout: commandTimeout, maxBuffer: 64e6 };
    const { stdout } = await run(program, ['-q', '-c', settings, ...words], options);
    return stdout;
  };

  // One dead third-party source fails the update; what counts is whether the packages are there.
  await tool('apt-get', 'update').catch(() => undefined);
  const names = await choose((name) => tool('apt-cache', 'show', name));
  await tool('apt-get', '-y', 'install', '--download-only', '--reinstall', ...names);
  const files = await readdir(archives);
  return files.filter((name) => name.endsWith('.deb')).map((name) => join(archives, name));
}

// The system's sources, keys and list of installed packages are read; nothing of it is written. Root would download as the user _apt,
// who can't enter our private folder.
function aptSettings(folder) {
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

/** The folders with shared libraries of what was unpacked, for LD_LIBRARY_PATH. */
export async function libraryPath(folder) {
  const folders = [];
  for (const parent of ['usr/lib', 'lib'].map((name) => join(folder, name))) {
    const names = existsSync(parent) ? await readdir(parent) : [];
    folders.push(
      ...names.filter((name) => name.includes('-linux-')).map((name) => join(parent, name)),
    );
  }
  if (process.env.LD_LIBRARY_PATH) folders.push(process.env.LD_LIBRARY_PATH);
  return folders.join(':');
}
