// The server before and after a load test: whether it may be used, what to mind about it, and that nothing stays behind.
import { getQueues } from '../../dist/index.js';
import { UsageError } from '../usage.mjs';
import { safe } from './text.mjs';

/** Keys of one SCAN, and most calls: a server with more keys is looked through in part. */
const page = 1_000;
const mostPages = 2_000;
/** Most keys that are named. */
const named = 5;

/**
 * Some keys under a prefix.
 *
 * @param {import('ioredis').Redis} redis
 * @param {string} prefix
 */
async function keysUnder(redis, prefix) {
  const match = `${prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}:*`;
  /** @type {Set<string>} */
  const found = new Set();
  let cursor = '0';
  let pages = 0;
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', match, 'COUNT', page);
    for (const key of keys) found.add(key);
    cursor = next;
    pages += 1;
  } while (cursor !== '0' && found.size <= named && pages < mostPages);
  return { found: [...found], isAll: cursor === '0' };
}

function list(keys) {
  const more = keys.length > named ? ', …' : '';
  return keys.slice(0, named).map(safe).join(', ') + more;
}

/**
 * Refuses a server on which the prefix is in use; tells what to mind.
 *
 * @param {import('./probe.mjs').Probe} probe
 * @param {{ prefix: string, isPrivate: boolean, url: string }} test
 * @returns {Promise<string[]>} warnings
 */
export async function inspect({ redis, fields }, { prefix, isPrivate, url }) {
  const warnings = [];
  if (fields.role !== undefined && fields.role !== 'master')
    throw new UsageError(`--redis: expected a primary, got a ${fields.role}`);
  const { found, isAll } = await keysUnder(redis, prefix);
  const queues = await getQueues({ connection: url, prefix });
  const keys = found.length > 0 ? found : queues.map((name) => `${prefix}:{${name}}:…`);
  if (keys.length > 0)
    throw new UsageError(
      `--prefix: expected one without keys, got ${safe(prefix)}, which has ${list(keys)}. ` +
        'Give another, or remove these if an earlier load test was killed or kept them.',
    );
  if (!isAll)
    warnings.push(
      `of the keys of this server ${page * mostPages} were looked at; none of the others should begin with ${safe(prefix)}:`,
    );
  // The connection of the probe is one of them, that of getQueues may be another.
  const others = Number(fields.connected_clients) - 1;
  if (!isPrivate && others > 0)
    warnings.push(
      `${others} other client${others === 1 ? ' is' : 's are'} connected: the server's figures hold their share, and they feel the load`,
    );
  const policy = fields.maxmemory_policy;
  if (policy !== undefined && policy !== 'noeviction')
    warnings.push(
      `maxmemory-policy is ${policy}: the server may throw jobs away; set noeviction for queues`,
    );
  return warnings;
}

/**
 * Removes the queues of a load test; tells what stays, if anything does.
 *
 * @param {import('ioredis').Redis} redis
 * @param {readonly import('../../dist/index.js').Queue[]} queues
 * @param {string} prefix
 * @returns {Promise<string | undefined>}
 */
export async function clean(redis, queues, prefix) {
  try {
    await Promise.all(queues.map((queue) => queue.obliterate({ force: true })));
    const { found } = await keysUnder(redis, prefix);
    return found.length > 0 ? `keys stay behind: ${list(found)}` : undefined;
  } catch (error) {
    return `keys under ${safe(prefix)}: may stay behind: ${error.message}`;
  }
}
