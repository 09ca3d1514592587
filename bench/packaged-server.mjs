// A server of another version than this system's, out of the packages of a Debian suite: all that it depends on goes with it into a folder
// of the bench's cache. Its own loader starts it, since a newer suite brings a newer libc.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, unpack } from './debian-packages.mjs';

const run = promisify(execFile);
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
  await unpack(folder, `${name} of Debian ${suite}`, {
    choices: () => Promise.resolve([[name]]),
    settings: (apt) => onlyOf(suite, apt),
    finish: async (staging) => void (await run(await writeStart(staging), ['--version'])),
  });
  return join(folder, 'start');
}

/** Settings with which nothing counts as installed, and the only source is the suite on the system's own mirror. */
async function onlyOf(suite, folder) {
  await mkdir(join(folder, 'sources'));
  await writeFile(join(folder, 'status'), '');
  await writeFile(
    join(folder, 'sources/suite.sources'),
    `Types: deb\nURIs: ${mirror()}\nSuites: ${suite}\nComponents: main\nSigned-By: ${keyring}\n`,
  );
  return [
    `Dir::State::status "${folder}/status";`,
    'Dir::Etc::sourcelist "/dev/null";',
    `Dir::Etc::sourceparts "${folder}/sources";`,
    'Dir::Etc::preferencesparts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
  ];
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
