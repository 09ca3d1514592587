// What a server tells of itself by INFO.

const scriptCall = /^(eval|evalsha|fcall)(_ro)?$/;

/** @typedef {Map<string, { calls: number, micros: number }>} CommandStats by the name of the command */

/**
 * @param {string} info
 * @returns {Record<string, string>}
 */
export function fieldsOf(info) {
  return Object.fromEntries(
    Array.from(info.matchAll(/^(\w+):(.*?)\r?$/gm), ([, name, value]) => [name, value]),
  );
}

/**
 * Throws when INFO does not tell it.
 *
 * @param {string} info
 * @param {string} field
 */
export function numberIn(info, field) {
  const value = Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1]);
  if (Number.isNaN(value)) throw new Error(`INFO does not tell ${field}`);
  return value;
}

/** @param {Record<string, string>} fields */
export function versionOf({ valkey_version: valkey, redis_version: redis }) {
  return valkey ? `Valkey ${valkey}` : `Redis ${redis}`;
}

/** CPU that the server has used so far, µs. */
export function cpuIn(info) {
  return (numberIn(info, 'used_cpu_user') + numberIn(info, 'used_cpu_sys')) * 1e6;
}

/**
 * @param {string} info
 * @returns {CommandStats}
 */
export function commandStatsOf(info) {
  const stats = new Map();
  for (const [, name, calls, micros] of info.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm))
    stats.set(name, { calls: Number(calls), micros: Number(micros) });
  return stats;
}

/** @param {string} command */
export function isScriptCall(command) {
  return scriptCall.test(command);
}

/** Calls so far but those of INFO: of all commands, and of scripts among them. */
export function callsIn(info) {
  let commands = 0;
  let scripts = 0;
  for (const [name, { calls }] of commandStatsOf(info)) {
    if (name === 'info') continue;
    commands += calls;
    if (isScriptCall(name)) scripts += calls;
  }
  return { commands, scripts };
}
