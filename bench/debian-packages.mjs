// Programs of peers out of the distribution's own packages, unpacked once into a folder of the cache.
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { resolve } from 'node:path';
import { unpackPackages } from '../dist/testing/packages.js';
import { cacheFolders, makeFolder, readSystem } from '../dist/testing/system.js';

const tools = { apt: 'apt-get', dpkg: 'dpkg-deb', env: process.env };

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
 * @param {Omit<import('../dist/testing/packages.js').Wish, 'check'> & { finish?: (folder: string) => Promise<void> }} wish
 */
export async function unpack(folder, wanted, { finish, ...wish }) {
  if (existsSync(folder)) return;
  const check = async (staging) => {
    await finish?.(staging);
    // Other users run some of them.
    await chmod(staging, 0o755);
  };
  try {
    await unpackPackages(folder, tools, { ...wish, check });
  } catch (cause) {
    throw new Error(`${wanted} can't be had from packages: ${cause.message}`, { cause });
  }
}
