// What the server tells of itself during a load test, summed up across restarts; and for how long it was away.
import { Redis } from 'ioredis';
import { clock } from '../clock.mjs';
import { callsIn, fieldsOf } from '../info.mjs';

/** ms without an answer after which the server counts as away. */
const patience = 2_000;
const sections = ['server', 'clients', 'memory', 'stats', 'cpu', 'replication', 'commandstats'];

/** @typedef {{ cpu: number, commands: number, scripts: number, net: number }} Usage cpu in µs, net in bytes */

/** @returns {Usage} */
function usageOf(info, fields) {
  return {
    cpu: (Number(fields.used_cpu_user) + Number(fields.used_cpu_sys)) * 1e6,
    ...callsIn(info),
    net: Number(fields.total_net_input_bytes) + Number(fields.total_net_output_bytes),
  };
}

export class Probe {
  redis;
  /** Sums, of which differences have a meaning. */
  usage = { cpu: 0, commands: 0, scripts: 0, net: 0 };
  /** Bytes at the last look, and the most of all looks. */
  memory = 0;
  peakMemory = 0;
  /** @type {Record<string, string>} what INFO told last */
  fields = {};
  /** When (ms) that was. */
  told = 0;
  #last = { run: '', usage: this.usage };
  #outages = 0;
  #awaySum = 0;
  #awaySince;

  /** @param {string} url */
  constructor(url) {
    this.redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 5_000,
      commandTimeout: patience,
      retryStrategy: () => (this.#last.run === '' ? null : 100),
    });
    this.redis.on('close', () => this.#gone());
    this.redis.on('ready', () => this.#back());
  }

  /** Connects; rejects when there is no server at first. */
  async open() {
    let reason;
    const note = (error) => {
      reason ??= error;
    };
    this.redis.on('error', note);
    try {
      await this.redis.connect();
      await this.look();
    } catch (error) {
      const { message, code, name } = reason ?? error;
      throw new Error(`can't reach Redis: ${message || code || name}`, { cause: error });
    }
  }

  #gone(since = clock()) {
    if (this.#last.run === '' || this.#awaySince !== undefined) return;
    this.#awaySince = since;
    this.#outages += 1;
  }

  #back() {
    if (this.#awaySince !== undefined) this.#awaySum += clock() - this.#awaySince;
    this.#awaySince = undefined;
  }

  /** How often the server was away, and for how many ms in all. */
  get outages() {
    const current = this.#awaySince === undefined ? 0 : clock() - this.#awaySince;
    return { count: this.#outages, ms: this.#awaySum + current };
  }

  get isAway() {
    return this.#awaySince !== undefined;
  }

  /** Asks the server; whether it has answered. */
  async look() {
    const asked = clock();
    let info;
    try {
      info = await this.redis.info(...sections);
    } catch (error) {
      if (this.#last.run === '') throw error;
      this.#gone(asked);
      return false;
    }
    this.#back();
    const fields = fieldsOf(info);
    const usage = usageOf(info, fields);
    const { run_id: run, used_memory: memory } = fields;
    // A server that was restarted counts from zero.
    const before = this.#last.run === run ? this.#last.usage : {};
    const sum = (name) => this.usage[name] + usage[name] - (before[name] ?? 0);
    this.usage = {
      cpu: sum('cpu'),
      commands: sum('commands'),
      scripts: sum('scripts'),
      net: sum('net'),
    };
    this.#last = { run, usage };
    this.fields = fields;
    this.told = clock();
    this.memory = Number(memory);
    this.peakMemory = Math.max(this.peakMemory, this.memory);
    return true;
  }

  close() {
    this.redis.disconnect();
  }
}
