// The rules of each role against every script that it runs: none lacks a command, and no command is granted that none of them calls.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callersOf, ownCommands, roles, type Role } from '../../src/access/roles.js';
import { asError } from '../../src/errors.js';
import { accessRules, commandsOf, commandsOfRole } from '../../src/access/rules.js';
import type { Call, ScriptName } from '../../src/script.js';
import * as scripts from '../../src/scripts.js';
import type { State } from '../helpers/keyspace.js';
import { bitOfEverything, scenarios, type Scenario } from '../helpers/scenarios.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const clients = new Map<Role, Redis>();

beforeAll(async () => {
  for (const role of roles) {
    await server.redis.acl('SETUSER', role, 'on', '>secret', ...accessRules(role, { prefix: 'test' })); // prettier-ignore
    clients.set(role, new Redis({ ...server.server.connection, username: role, password: 'secret', disableClientInfo: true })); // prettier-ignore
  }
});

afterAll(() => {
  for (const client of clients.values()) client.disconnect();
});

/** Calls that take other ways than those of the scenarios. */
const others: readonly Scenario[] = [
  ...(['failed', 'active'] as const).map((state) => ({
    name: 'scan' as const,
    call: (queue: Bench): Call => queue.call(scripts.scan, { state, cursor: '0', count: 9 }),
  })),
  { name: 'replay', call: (queue) => queue.call(scripts.replay, { after: '$', limit: 1 }) },
];

/** Where nobody listens; where somebody does, and a stream is kept; nothing at all; and the last job that waits. */
const queues: readonly { state: State; heard?: boolean }[] = [
  { state: bitOfEverything },
  { state: bitOfEverything, heard: true },
  { state: {} },
  { state: { jobs: { w1: '["w1"]' }, waiting: ['w1'] } },
];

/** Sends a call as a user of this role; the commands that Redis ran for it. */
async function runAs(role: Role, call: Call): Promise<string[]> {
  const client = clients.get(role) as Redis;
  await server.redis.config('RESETSTAT');
  await client.script('LOAD', call.script.source);
  await client.evalsha(call.script.sha, ...(call.argv as [number, ...string[]]));
  const info = await server.redis.info('commandstats');
  const ran = [...info.matchAll(/^cmdstat_(\S+?):calls=/gm)].map(([, name = '']) => name);
  return ran.filter((name) => !outside.has(name));
}

const outside = new Set(['config|resetstat', 'info', 'evalsha', 'script|load']);

describe.each(roles)('a %s', (role) => {
  const own = [...scenarios, ...others].filter(({ name }) => callersOf[name].includes(role));

  test('may run every script of its role, and is granted no command that none of them calls', async () => {
    const seen = new Set<string>(ownCommands[role]);
    for (const { name, call } of own)
      for (const { state, heard = false } of queues) {
        const queue = await server.queue(state);
        if (heard) {
          await queue.redis.set(queue.keys.audience, '100');
          await queue.redis.xadd(queue.keys.stream, '1-1', 'm', '1\npaused');
        }
        for (const command of await runAs(role, call(queue))) {
          expect([name, [...commandsOf(name)]]).toEqual([name, expect.arrayContaining([command])]);
          seen.add(command);
        }
      }
    expect(commandsOfRole(role).filter((command) => !seen.has(command))).toEqual([]);
    expect(await server.redis.call('ACL', 'LOG')).toEqual([]);
  });
});

/** Scripts of other roles, by whether its commands are enough for them. */
function foreign(role: Role) {
  const granted = new Set(commandsOfRole(role));
  const names = (Object.keys(callersOf) as ScriptName[]).filter((name) => !callersOf[name].includes(role)); // prettier-ignore
  const may = (name: ScriptName): boolean => [...commandsOf(name)].every((command) => granted.has(command)); // prettier-ignore
  return { may: names.filter(may), mayNot: names.filter((name) => !may(name)) };
}

test('what else Redis would let them run, as it tells scripts apart by their commands alone', () => {
  // Whoever adds jobs and acts on them has all commands that move them.
  expect(foreign('producer').mayNot).toEqual([]);
  expect(foreign('worker').mayNot).toEqual(['drain', 'obliterate', 'keep', 'survey', 'reckon', 'listen', 'replay']); // prettier-ignore
  // Both only read.
  expect(foreign('observer').may).toEqual(['peek', 'reread', 'untold']);
});

const denied = /^(NOPERM|ERR (ACL failure in script|The user executing the script))/;

test.each(scenarios.filter(({ name }) => !callersOf[name].includes('observer')))(
  'an observer changes nothing by $name',
  async ({ call }) => {
    const queue = await server.queue(bitOfEverything);
    const before = await queue.stored();
    const outcome = await runAs('observer', call(queue)).catch(asError);
    expect(outcome instanceof Error ? outcome.message : 'NOPERM was not needed').toMatch(denied);
    expect(await queue.stored()).toEqual(before);
    await server.redis.call('ACL', 'LOG', 'RESET');
  },
);

test.each([
  ['EVAL', 'return 1', '0'],
  ['FLUSHALL'],
  ['KEYS', '*'],
  ['CONFIG', 'GET', 'requirepass'],
  ['ACL', 'LIST'],
  ['SCRIPT', 'FLUSH'],
  ['MONITOR'],
  ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ['HGET', 'other:{q}:jobs', 'a'],
  ['SUBSCRIBE', 'other:{q}:events'],
])('no role may %s', async (command, ...args: string[]) => {
  for (const role of roles)
    await expect(clients.get(role)?.call(command, ...args)).rejects.toThrow(denied);
  await server.redis.call('ACL', 'LOG', 'RESET');
});

const jobsOf = (queue: string): string => `test:{${queue}}:jobs`;

test('a user of some queues may touch no other, whatever the names are', async () => {
  const names = ['plain', 'a*b', 'a?b', '[ab]', String.raw`back\slash`, 'with space', '^', 'ünï'];
  const strangers = ['plainer', 'axb', 'a', 'aXXb', 'backslash', 'x', 'b', 'ü'];
  const rules = accessRules('producer', { prefix: 'test', queues: names });
  await server.redis.acl('SETUSER', 'some', 'on', '>secret', ...rules);
  const account = { username: 'some', password: 'secret', disableClientInfo: true };
  const client = new Redis({ ...server.server.connection, ...account });
  for (const name of names) expect(await client.hlen(jobsOf(name))).toBe(0);
  for (const name of strangers) await expect(client.hlen(jobsOf(name))).rejects.toThrow(/^NOPERM/);
  expect(await client.zcard('test:queues')).toBeTypeOf('number');
  client.disconnect();
  await server.redis.call('ACL', 'LOG', 'RESET');
});

test('rules given again replace those before, and leave the passwords alone', async () => {
  const give = async (...rules: string[]) => await server.redis.acl('SETUSER', 'again', ...rules);
  await give('on', '>secret', '+@all', '~*', '&*', '(+get ~all*)');
  await give(...accessRules(['observer', 'worker']));
  const users = await server.redis.acl('LIST');
  const line = users.find((text) => text.startsWith('user again '));
  expect(line).toMatch(/^user again on (\S+ )?#[0-9a-f]{64} /);
  expect(line).toContain(' -@all ');
  expect(line).toContain('~lunaq:{*}:* ~lunaq:queues resetchannels &lunaq:{*}:* ');
  expect(line).not.toContain('~all');
});

test.each([
  [() => accessRules('admin' as never), /^role: expected producer, worker, observer, got "admin"$/],
  [() => accessRules([]), /^role: expected/],
  [() => accessRules('worker', { prefix: 'a{b' }), /^prefix: expected no braces/],
  [() => accessRules('worker', { queues: ['a}b'] }), /^queue: expected no braces/],
])('what makes no sense is refused', (make, message) => {
  expect(make).toThrow(message);
});
