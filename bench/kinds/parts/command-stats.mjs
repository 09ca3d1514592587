// What a server has been asked for, by the name of the command.

const scriptCalls = new Set(['eval', 'evalsha', 'fcall', 'eval_ro', 'evalsha_ro', 'fcall_ro']);

/** @typedef {Map<string, { calls: number, micros: number }>} CommandStats */

/**
 * @param {string} info what `INFO commandstats` tells
 * @returns {CommandStats}
 */
export function commandStatsOf(info) {
  const stats = new Map();
  for (const [, name, calls, micros] of info.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm))
    stats.set(name, { calls: Number(calls), micros: Number(micros) });
  return stats;
}

/**
 * What happened between two looks, INFO left out: script calls, their time, and the other commands.
 *
 * @param {CommandStats} before
 * @param {CommandStats} after
 */
export function between(before, after) {
  const sum = { scripts: 0, micros: 0, others: 0 };
  for (const [name, { calls, micros }] of after) {
    if (name === 'info') continue;
    const old = before.get(name) ?? { calls: 0, micros: 0 };
    if (scriptCalls.has(name)) {
      sum.scripts += calls - old.calls;
      sum.micros += micros - old.micros;
    } else sum.others += calls - old.calls;
  }
  return sum;
}
