// The names of all queues of a prefix on a server, so that nobody has to look through all keys for them. Who adds to a queue or
// works on it registers its name, and again now and then.
import { queueNameOf, knownOptions } from './checks.js';
import type { ConnectionOptions } from './client.js';
import { Connection } from './connection.js';
import { execute, executeOne } from './execute.js';
import { defaultPrefix, nameOf, queueKeys, type QueueKeys } from './keys.js';
import { callOf, type Call } from './script.js';
import * as scripts from './scripts.js';

/** Most names of one page. */
const pageNames = 1_000;
/** ms after which an active process registers a name again: it may have been forgotten by others, or with the server's data. */
const period = 60_000;

/** When (ms, monotonic) the name of each queue was last registered, by its key `meta`. */
const registered = new WeakMap<Connection, Map<string, number>>();

function timesOf(connection: Connection): Map<string, number> {
  const times = registered.get(connection) ?? new Map<string, number>();
  registered.set(connection, times);
  return times;
}

/** The call that registers a queue's name. */
function registerCall(keys: QueueKeys): Call<'new' | 'known'> {
  return callOf(scripts.register, keys, { name: nameOf(keys) });
}

/** The same call, which also tells when it was answered: it travels with others, and who sends those looks at their answers alone. */
function whenAnswered<Reply>(call: Call<Reply>, tell: () => void): Call<Reply> {
  const parse = (reply: unknown): Reply => {
    tell();
    return call.parse(reply);
  };
  return { ...call, parse };
}

/** The call that registers a queue's name, unless this process has had it answered within the last minute; to be sent with others. */
export function registration(connection: Connection, keys: QueueKeys): Call<'new' | 'known'>[] {
  const times = timesOf(connection);
  if (performance.now() - (times.get(keys.meta) ?? -Infinity) < period) return [];
  return [whenAnswered(registerCall(keys), () => times.set(keys.meta, performance.now()))];
}

/** The same for what is no sign that the queue is there: only if this process has registered the name before, and not ended the queue. */
export function registrationIfKnown(
  connection: Connection,
  keys: QueueKeys,
): Call<'new' | 'known'>[] {
  return timesOf(connection).has(keys.meta) ? registration(connection, keys) : [];
}

/** Forgets a queue's name, unless somebody has added to it again. */
export async function unregister(connection: Connection, keys: QueueKeys): Promise<void> {
  timesOf(connection).delete(keys.meta);
  const gone = callOf(scripts.unregister, keys, { name: nameOf(keys) });
  const [answer, counts] = await execute(connection, [gone, callOf(scripts.count, keys, {})]);
  if ('error' in answer) throw answer.error;
  // Who added between the end of the queue and the end of its name has registered already, and would not do so again.
  if ('reply' in counts && Object.values(counts.reply).some((jobs) => jobs > 0))
    await executeOne(connection, registerCall(keys));
}

export interface GetQueuesOptions {
  /** Redis to look at. Default: 127.0.0.1:6379. */
  connection?: ConnectionOptions;
  /** First part of every key. Default `lunaq`. */
  prefix?: string;
}

/**
 * Names of all queues of a prefix, sorted by their bytes, 1,000 a call. A queue has a name here from its first job or worker on until
 * it is obliterated, also while it is empty.
 *
 * Rejects with TypeError or RangeError for an option that can't be, and with UNAVAILABLE.
 */
export async function getQueues(options: GetQueuesOptions = {}): Promise<string[]> {
  knownOptions(options, ['connection', 'prefix']);
  const { prefix = defaultPrefix } = options;
  const keys = queueKeys('', queueNameOf('prefix', prefix));
  const connection = Connection.acquire(options.connection);
  try {
    const names: string[] = [];
    for (;;) {
      const args = { after: names.at(-1) ?? '', limit: pageNames };
      const page = await executeOne(connection, callOf(scripts.queues, keys, args));
      for (const name of page) names.push(name);
      if (page.length < pageNames) return names;
    }
  } finally {
    connection.release();
  }
}
