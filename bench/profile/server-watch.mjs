// What the server did meanwhile, by its own account: commands and their time, percentiles, slow calls, CPU.
import { commandStatsOf, isScriptCall, numberIn } from '../info.mjs';

/** Settings of a private server: calls from this length on (µs) are slow, and so many of them are kept. */
export const watchedServer = { 'slowlog-log-slower-than': 1_000, 'slowlog-max-len': 1_000 };

/** What clients ask for themselves, while all else comes from scripts. */
const asked = /^(evalsha|eval|fcall|script|info|config|slowlog|client|hello|auth|select|command|blpop|ping|publish|(un)?s?subscribe|psubscribe|unlink|scan|memory)(\||$)/; // prettier-ignore
/** So many slow calls are told. */
const slowShown = 10;

/**
 * @typedef {object} CommandUse
 * @property {string} name
 * @property {number} calls
 * @property {number} micros all of them
 * @property {number} microsPerCall
 * @property {number} share of the time of all script calls
 *
 * @typedef {object} ServerUse
 * @property {number} jobs
 * @property {CommandUse[]} commands a call of a script holds what it called
 * @property {number} luaMicros of script calls that was not in their commands: Lua, and what it costs to make and answer a call
 * @property {number} scriptMicros of all script calls
 * @property {{ user: number, system: number }} cpu µs a job
 * @property {{ name: string, p50: number, p99: number, p999: number }[]} [percentiles] µs; only a private server starts them anew
 * @property {{ slowerThan: number, count: number, longest: { micros: number, what: string }[] }} slow
 */

export class ServerWatch {
  #redis;
  #isPrivate;
  #scripts;
  #before;
  #lastSlow;

  /**
   * @param {import('ioredis').Redis} redis
   * @param {boolean} isPrivate its statistics may be reset
   * @param {ReadonlyMap<string, string>} scripts their names by SHA
   */
  constructor(redis, isPrivate, scripts) {
    this.#redis = redis;
    this.#isPrivate = isPrivate;
    this.#scripts = scripts;
  }

  async begin() {
    if (this.#isPrivate) await this.#redis.config('RESETSTAT');
    const [[last] = []] = await this.#redis.slowlog('GET', 1);
    this.#lastSlow = last ?? -1;
    this.#before = await this.#look();
  }

  /** @param {number} jobs @returns {Promise<ServerUse>} since `begin` */
  async end(jobs) {
    const after = await this.#look();
    const commands = usesBetween(this.#before.commands, after.commands);
    const scripts = commands.filter(({ name }) => isScriptCall(name));
    const inner = commands.filter(({ name }) => !asked.test(name));
    const scriptMicros = sum(scripts);
    return {
      jobs,
      commands: commands.map((use) => ({ ...use, share: use.micros / scriptMicros })),
      scriptMicros,
      luaMicros: scriptMicros - sum(inner),
      cpu: {
        user: (after.user - this.#before.user) / jobs,
        system: (after.system - this.#before.system) / jobs,
      },
      ...(this.#isPrivate
        ? { percentiles: percentilesOf(await this.#redis.info('latencystats')) }
        : {}),
      slow: await this.#slow(),
    };
  }

  async #look() {
    const cpu = await this.#redis.info('cpu');
    const micros = (field) => numberIn(cpu, field) * 1e6;
    const commands = commandStatsOf(await this.#redis.info('commandstats'));
    return { commands, user: micros('used_cpu_user'), system: micros('used_cpu_sys') };
  }

  async #slow() {
    const [, slowerThan] = await this.#redis.config('GET', 'slowlog-log-slower-than');
    const entries = await this.#redis.slowlog('GET', watchedServer['slowlog-max-len']);
    const since = entries.filter(([id]) => id > this.#lastSlow);
    const longest = since
      .toSorted(([, , a], [, , b]) => b - a)
      .slice(0, slowShown)
      .map(([, , micros, words]) => ({ micros, what: this.#titleOf(words) }));
    return { slowerThan: Number(slowerThan), count: since.length, longest };
  }

  /** The name of a script in place of its SHA. */
  #titleOf([command, first = '', ...rest]) {
    const script = this.#scripts.get(first);
    return script ? `${script}, ${rest.length} arguments` : `${command} ${first}`.trim();
  }
}

/** @returns {Omit<CommandUse, 'share'>[]} those that took longest first */
function usesBetween(before, after) {
  return [...after]
    .map(([name, { calls, micros }]) => {
      const old = before.get(name) ?? { calls: 0, micros: 0 };
      return { name, calls: calls - old.calls, micros: micros - old.micros };
    })
    .filter(({ calls }) => calls > 0)
    .map((use) => ({ ...use, microsPerCall: use.micros / use.calls }))
    .toSorted((a, b) => b.micros - a.micros);
}

function percentilesOf(info) {
  const lines = info.matchAll(
    /^latency_percentiles_usec_(\S+?):p50=([\d.]+),p99=([\d.]+),p99\.9=([\d.]+)/gm,
  );
  return Array.from(lines, ([, name, ...found]) => {
    const [p50, p99, p999] = found.map(Number);
    return { name, p50, p99, p999 };
  });
}

function sum(uses) {
  return uses.reduce((total, { micros }) => total + micros, 0);
}
