// The only place where a key is made. All keys of a queue share one hash tag, so one slot of a cluster.

/**
 * Hashes with one row per job: forgetting a job erases its row in each. The last four are of few jobs: scripts look for them by one
 * command, and pass them over when there are none.
 */
export const columns = [
  'jobs',
  'traits',
  'attempts',
  'stalls',
  'results',
  'failures',
  'progress',
  'logs',
  'outcomes',
  'watched',
] as const;

const others = [
  'meta',
  'waiting',
  'tombstones',
  'suspects',
  'delayed',
  'deferred',
  'awaiting',
  'dependents',
  'releasing',
  'active',
  'leases',
  'held',
  'stopping',
  'completed',
  'failed',
  'cancelled',
  'expiring',
  'evicting',
  'calls',
  'wake',
  'events',
  'stream',
  'audience',
  'workers',
  'counters',
] as const;

/** What a key of a queue holds. */
export type Noun = (typeof columns)[number] | (typeof others)[number];

/** Every key that a queue may have. */
export const nouns: readonly Noun[] = [...columns, ...others];

/** The keys of one queue by noun, and `queues`, the names of all queues of its prefix, in a slot of its own. */
export type QueueKeys = Readonly<Record<Noun | 'queues', string>>;

export const defaultPrefix = 'lunaq';

/** The keys of a queue: `<prefix>:{<name>}:<noun>`. */
export function queueKeys(name: string, prefix: string = defaultPrefix): QueueKeys {
  const entries = nouns.map((noun) => [noun, `${prefix}:{${name}}:${noun}`]);
  return { ...(Object.fromEntries(entries) as Record<Noun, string>), queues: `${prefix}:queues` };
}

/** Names keys of a queue to people: one of them, any state of a job, or any key. */
export type KeyNamer = (noun: Noun | '<state>' | '*') => string;

export function keyNamer({ meta }: QueueKeys): KeyNamer {
  const stem = meta.slice(0, -'meta'.length);
  return (noun) => stem + noun;
}

/** The name of the queue whose keys these are; neither a name nor a prefix has braces. */
export function nameOf(keys: QueueKeys): string {
  return keys.meta.slice(keys.meta.indexOf('{') + 1, keys.meta.indexOf('}'));
}
