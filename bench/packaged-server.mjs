// A server of another version than this system's, out of a Debian suite, without root and without installing anything: apt downloads its
// package and all that it depends on into a folder of the bench's cache. Its own loader starts it, since a newer suite brings a newer libc.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './debian-packages.mjs';

const run = promisify(execFile);
const timeout = 180_000;
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const sourceFiles = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];

/**
 * @param {string} suite `bookworm`, `trixie`
 * @param {string} name `redis-server`, `valkey-server`
 * @returns {Promise<string>} a program that takes a server's arguments
 */
export async function packagedServer(suite, name) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`${name} of Debian ${suite}: only for Linux on x64`);
  const folder = join(cacheFolder(), `${suite}-${name}`);
  const program = join(folder, 'start');
  if (existsSync(program)) return program;
  const staging = await mkdtemp(`${folder}.partial-`);
  try {
    await unpack(suite, name, staging);
    await run(await writeStart(staging), ['--version'], { timeout });
    // Only a whole one lies under its name. Who comes second takes what the first has left.
    await rename(staging, folder).catch((error) => {
      if (!existsSync(program)) throw error;
    });
  } catch (cause) {
    throw new Error(`${name} of Debian ${suite} can't be had: ${lastLine(cause)}`, { cause });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return program;
}

async function unpack(suite, name, staging) {
  const apt = await mkdtemp(join(tmpdir(), 'lunaq-bench-apt-'));
  try {
    const settings = await aptSettings(apt, suite);
    const env = { ...process.env, LC_ALL: 'C' };
    // -c is read after the system's settings, whose hooks clean folders that are not ours.
    const aptGet = (...words) =>
      run('apt-get', ['-qq', '-c', settings, ...words], { env, timeout });
    await aptGet('update');
    await aptGet('--download-only', 'install', name);
    const archives = join(apt, 'cache/archives');
    for (const file of await readdir(archives))
      if (file.endsWith('.deb'))
        await run('dpkg-deb', ['-x', join(archives, file), staging], { timeout });
  } finally {
    await rm(apt, { recursive: true, force: true });
  }
}

/** A private state: nothing counts as installed, and the only source is the suite on the system's own mirror. */
async function aptSettings(folder, suite) {
  await mkdir(join(folder, 'state/lists/partial'), { recursive: true });
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
  await mkdir(join(folder, 'sources'));
  await writeFile(join(folder, 'status'), '');
  await writeFile(
    join(folder, 'sources/suite.sources'),
    `Types: deb\nURIs: ${mirror()}\nSuites: ${suite}\nComponents: main\nSigned-By: ${keyring}\n`,
  );
  const settings = join(folder, 'apt.conf');
  await writeFile(
    settings,
    [
      `Dir::State "${folder}/state";`,
      `Dir::State::status "${folder}/status";`,
      `Dir::Cache "${folder}/cache";`,
      'Dir::Etc::sourcelist "/dev/null";',
      `Dir::Etc::sourceparts "${folder}/sources";`,
      'Dir::Etc::preferencesparts "/dev/null";',
      'Dir::Etc::preferences "/dev/null";',
      'APT::Install-Recommends "false";',
      'APT::Sandbox::User "root";',
      'APT::Get::Assume-Yes "true";',
      'Debug::NoLocking "true";',
      '#clear APT::Update::Pre-Invoke;',
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '#clear DPkg::Pre-Install-Pkgs;',
      '#clear DPkg::Post-Invoke;',
      '',
    ].join('\n'),
  );
  return settings;
}

function mirror() {
  for (const file of sourceFiles) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const uri = /^URIs:\s*(\S+)/m.exec(text)?.[1] ?? /^deb\s+(?:\[.*?\]\s+)?(\S+)/m.exec(text)?.[1];
    if (uri) return uri;
  }
  throw new Error('no Debian sources on this system');
}

/** Writes the program that starts the unpacked server through its own loader, from wherever it lies. */
async function writeStart(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  // In Debian the package of tools holds the real program.
  const server = files.find((file) => /bin\/(redis|valkey)-server$/.test(file));
  const loader = files.find((file) => file.endsWith('ld-linux-x86-64.so.2'));
  if (!server || !loader) throw new Error('its packages hold no server or no loader');
  const libraries = ['usr/lib', 'lib'].map((name) => `$here/${name}/x86_64-linux-gnu`).join(':');
  const start = join(folder, 'start');
  await writeFile(
    start,
    `#!/bin/sh\nhere=$(dirname "$0")\nexec "$here/${loader}" --library-path "${libraries}" "$here/${server}" "$@"\n`,
  );
  await chmod(start, 0o755);
  return start;
}

function lastLine({ stderr, message }) {
  return (stderr?.trim() || message).split('\n').at(-1);
}
