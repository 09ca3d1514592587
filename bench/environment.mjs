// Where figures were taken.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { connect } from './connect.mjs';
import { fieldsOf, versionOf } from './info.mjs';
import { libraryOf } from './libraries/index.mjs';
import { titleOf } from './report/names.mjs';

/** Packages of the libraries that are npm's. */
const packages = {
  bullmq: 'bullmq',
  bee: 'bee-queue',
  groupmq: 'groupmq',
  graphile: 'graphile-worker',
};

/**
 * @param {import('ioredis').Redis} redis
 * @param {readonly string[]} [libraries] that are measured beside Lunaq
 */
export async function environmentOf(redis, libraries = []) {
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    server: await serverVersion(redis),
    lunaq: `${versionIn('..')}${commit()}`,
    ...(await versionsOf(libraries)),
    ioredis: versionIn('node_modules/ioredis'),
  };
}

/**
 * @param {readonly import('./questions/index.mjs').Question[]} questions
 * @param {import('./servers.mjs').Servers} servers
 */
export async function environmentOfRun(questions, servers) {
  const points = questions.flatMap((question) => question.points);
  const libraries = new Set(points.flatMap(({ jobs }) => Object.keys(jobs)));
  const others = [];
  for (const name of new Set(points.map(({ server }) => server ?? 'redis')))
    if (name !== 'redis') others.push(await at(await servers.get(name), serverVersion));
  if (libraries.has('graphile'))
    others.push(`PostgreSQL ${(await servers.get('postgres')).version} (${await durability()})`);
  const server = await servers.get('redis');
  return {
    ...(await at(server, (redis) => environmentOf(redis, [...libraries]))),
    ...(others.length > 0 && { 'other servers': [...new Set(others)].join(', ') }),
    isPrivate: server.isPrivate,
  };
}

/**
 * The same for the terminal.
 *
 * @param {Awaited<ReturnType<typeof environmentOfRun>>} environment
 */
export function environmentLines(environment) {
  const { cpu, cores, node, server, isPrivate, 'other servers': others } = environment;
  const versions = ['lunaq', ...Object.keys(packages), 'rq', 'ioredis']
    .filter((name) => name in environment)
    .map((name) => `${titleOf(name)} ${environment[name]}`);
  return [
    versions.join(', '),
    `${server}, ${isPrivate ? 'private' : 'given'}${others ? `; ${others}` : ''}`,
    `Node ${node}, ${cpu}, ${cores} cores`,
  ];
}

async function at({ url }, tell) {
  const redis = await connect(url);
  try {
    return await tell(redis);
  } finally {
    redis.disconnect();
  }
}

async function serverVersion(redis) {
  return versionOf(fieldsOf(await redis.info('server')));
}

async function versionsOf(libraries) {
  const versions = {};
  for (const name of libraries) {
    if (name in packages) versions[name] = versionIn(`node_modules/${packages[name]}`);
    else if (name !== 'lunaq') versions[name] = await (await libraryOf(name)).version?.();
  }
  return Object.fromEntries(Object.entries(versions).filter(([, version]) => version));
}

function versionIn(folder) {
  const file = join(import.meta.dirname, folder, 'package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

/** Known only where the peers are installed. */
async function durability() {
  return (await import('./servers-postgres.mjs')).durability;
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
