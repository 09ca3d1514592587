// The only place where a key is made. All keys of a queue share one hash tag, so one slot of a cluster.

/** Hashes with one row per job: forgetting a job erases its row in each. */
export const columns = [
  'jobs',
  'traits',
  'attempts',
  'stalls',
  'results',
  'failures',
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
] as const;

/** What a key of a queue holds. */
export type Noun = (typeof columns)[number] | (typeof others)[number];

/** Every key that a queue may have. */
export const nouns: readonly Noun[] = [...columns, ...others];

/** The keys of one queue by noun. */
export type QueueKeys = Readonly<Record<Noun, string>>;

export const defaultPrefix = 'lunaq';

/** The keys of a queue: `<prefix>:{<name>}:<noun>`. */
export function queueKeys(name: string, prefix: string = defaultPrefix): QueueKeys {
  const entries = nouns.map((noun) => [noun, `${prefix}:{${name}}:${noun}`]);
  return Object.fromEntries(entries) as QueueKeys;
}
