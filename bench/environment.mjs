// Where figures were taken.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** @param {import('ioredis').Redis} redis */
export async function environmentOf(redis) {
  const info = await redis.info('server');
  const field = (name) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const valkey = field('valkey_version');
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    server: valkey ? `Valkey ${valkey}` : `Redis ${field('redis_version')}`,
    lunaq: `${versionIn('..')}${commit()}`,
    bullmq: versionIn('node_modules/bullmq'),
    ioredis: versionIn('node_modules/ioredis'),
  };
}

function versionIn(folder) {
  const file = join(import.meta.dirname, folder, 'package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

/** The commit, and whether the tree differs from it; nothing outside of a clone. */
function commit() {
  try {
    const changed = git('status', '--porcelain', '--', '../src', '../lua') !== '';
    return ` (${git('rev-parse', '--short', 'HEAD')}${changed ? ', changed' : ''})`;
  } catch {
    return '';
  }
}

function git(...args) {
  const stdio = ['ignore', 'pipe', 'ignore'];
  return execFileSync('git', args, { cwd: import.meta.dirname, stdio })
    .toString()
    .trim();
}
