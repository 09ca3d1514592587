// Counts what one call of a script does: the commands in it, the values that these carry, and the values of their answers. The text of
// the script runs as it is, with another `redis` in sight; the server's own count of commands is held against ours.
import { commandStatsOf } from '../info.mjs';

/**
 * @typedef {object} Counts
 * @property {number} commands inside the script
 * @property {number} sent arguments of these commands, keys included
 * @property {number} answered values in their replies, those in lists counted one by one
 */

const prelude = `
local redis, gate = { sha1hex = redis.sha1hex }, { redis = redis, commands = 0, sent = 0, answered = 0 }
local function values(reply)
  if type(reply) ~= 'table' or reply.ok or reply.err then return 1 end
  local count = 0
  for _, each in ipairs(reply) do
    count = count + values(each)
  end
  return count
end
local function counted(call, ...)
  gate.commands, gate.sent = gate.commands + 1, gate.sent + select('#', ...) - 1
  local reply = call(...)
  gate.answered = gate.answered + values(reply)
  return reply
end
function redis.call(...) return counted(gate.redis.call, ...) end
function redis.pcall(...) return counted(gate.redis.pcall, ...) end
local function script()`;

const coda = `end
local reply = script()
return { gate.commands, gate.sent, gate.answered, reply }`;

/** The text of a script that counts. */
function probed(source) {
  const end = source.startsWith('#!') ? source.indexOf('\n') : 0;
  return source.slice(0, end) + prelude + '\n' + source.slice(end) + coda;
}

/**
 * Makes a call once, counting.
 *
 * @param {import('ioredis').Redis} redis of a server that nobody else uses
 * @param {import('../../dist/script.js').Call} call
 * @returns {Promise<Counts & { reply: unknown }>}
 */
export async function probe(redis, call) {
  const results = await redis
    .pipeline()
    .config('RESETSTAT')
    .call('EVAL', probed(call.script.source), ...call.argv)
    .info('commandstats')
    .exec();
  const [, [commands, sent, answered, reply], stats] = results.map(([error, result]) => {
    if (error) throw new Error(`${call.script.name}: ${error.message}`, { cause: error });
    return result;
  });
  const seen = innerCommands(stats);
  if (seen !== commands)
    throw new Error(`${call.script.name}: the server saw ${seen} commands, the probe ${commands}`);
  return { commands, sent, answered, reply: call.parse(reply) };
}

const own = /^(evalsha|eval|info|config\|resetstat)$/;

/** Calls of commands by INFO commandstats, but those of the gate itself. */
function innerCommands(stats) {
  let sum = 0;
  for (const [name, { calls }] of commandStatsOf(stats)) if (!own.test(name)) sum += calls;
  return sum;
}
