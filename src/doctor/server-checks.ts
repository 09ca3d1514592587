// What should be known of the server: settings and versions under which a queue is not safe.
import type { Check } from './check.js';

/** Fields of INFO. */
export type ServerFacts = ReadonlyMap<string, string>;

/** First releases without the known holes of the Lua engine (CVE-2024-46981, CVE-2025-49844 and its siblings), by minor version. */
const mended = {
  redis: { '7.2': 11, '7.4': 6, '8.0': 4, '8.2': 2 },
  valkey: { '7.2': 11, '8.0': 6, '8.1': 4 },
} as const;

/** `7.2.11, 7.4.6` */
function listed(releases: Readonly<Record<string, number>>): string {
  return Object.entries(releases)
    .map(([minor, patch]) => `${minor}.${patch}`)
    .join(', ');
}

/** Whether a release is older than the first one that is mended. */
function hasHoles(version: string, releases: Readonly<Record<string, number>>): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const first = releases[`${major}.${minor}`];
  if (first !== undefined) return patch < first;
  const [newest = ''] = Object.keys(releases).slice(-1);
  const [newestMajor = 0, newestMinor = 0] = newest.split('.').map(Number);
  return major < newestMajor || (major === newestMajor && minor < newestMinor);
}

export const serverChecks: readonly Check<ServerFacts>[] = [
  {
    code: 'may-evict',
    severity: 'warning',
    message: () => `The server may evict keys when its memory is full, and jobs with them.`,
    remedy: () => `Set maxmemory-policy noeviction.`,
    finds: (info) => {
      const policy = info.get('maxmemory_policy');
      return policy === undefined || policy === 'noeviction' ? undefined : policy;
    },
  },
  {
    code: 'lua-holes',
    severity: 'warning',
    message: () =>
      `The server's version has known holes in its Lua engine, unless its distributor has mended them.`,
    remedy: () =>
      `Upgrade to Redis ${listed(mended.redis)}, or Valkey ${listed(mended.valkey)}, or later, or see what your distributor says of CVE-2025-49844.`,
    finds: (info) => {
      const valkey = info.get('valkey_version');
      const version = valkey ?? info.get('redis_version');
      if (version === undefined) return undefined;
      return hasHoles(version, valkey === undefined ? mended.redis : mended.valkey)
        ? version
        : undefined;
    },
  },
];
