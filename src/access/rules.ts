// The rules of a Redis user, made from the scripts that its role runs: no command more, no other keys, no other channels.
import { luaSources } from '../generated/lua.js';
import { knownOptions, queueNameOf, shown } from '../checks.js';
import { defaultPrefix } from '../keys.js';
import type { ScriptName } from '../script.js';
import { callersOf, confined, ownCommands, roles, type Role } from './roles.js';

export interface AccessOptions {
  /** First part of every key. Default `lunaq`. */
  prefix?: string;
  /** Names of the only queues that the user may touch; parents and children of their jobs live in theirs. Default: all. */
  queues?: readonly string[];
}

/** Words in capitals that are arguments where a script chooses its command as it runs. */
const argumentWords = new Set(['BYLEX', 'COUNT', 'LIMIT']);

/** Commands that a script calls, in small letters. */
export function commandsOf(name: ScriptName): ReadonlySet<string> {
  const source = luaSources[name];
  const calls = [...source.matchAll(/redis\.p?call\(\s*(?:'(\w+)'\s*[,)])?/g)];
  const commands = calls.flatMap(([, command]) => command?.toLowerCase() ?? []);
  // One that is chosen as the script runs is a word in capitals somewhere in it.
  if (commands.length < calls.length)
    for (const [, word = ''] of source.matchAll(/'([A-Z]{3,})'/g))
      if (!argumentWords.has(word)) commands.push(word.toLowerCase());
  return new Set(commands);
}

/** Commands that a role needs, in small letters and in order. */
export function commandsOfRole(role: Role): string[] {
  const names = Object.keys(callersOf) as ScriptName[];
  const inside = names
    .filter((name) => callersOf[name].includes(role))
    .flatMap((name) => [...commandsOf(name)]);
  return [...new Set([...ownCommands[role], ...inside])].toSorted();
}

/** Text as a pattern that nothing else matches; Redis takes no space in one, so a `?` stands for it. */
function literally(text: string): string {
  return text.replaceAll(/[*?[\]\\^]/g, String.raw`\$&`).replaceAll(' ', '?');
}

function stemsOf({ prefix = defaultPrefix, queues }: AccessOptions): string[] {
  const start = literally(queueNameOf('prefix', prefix));
  if (queues === undefined) return [`${start}:{*}:`];
  if (!Array.isArray(queues))
    throw new TypeError(`queues: expected a list of names, got ${shown(queues)}`);
  return Array.from(
    queues as string[],
    (queue) => `${start}:{${literally(queueNameOf('queue', queue))}}:`,
  );
}

/**
 * The rules of a user of these roles, as `ACL SETUSER` takes them; they replace what rules the user had, and leave its passwords alone. Redis
 * can limit the commands of a user, not the scripts: `docs/security.md` tells what that means. Throws TypeError.
 */
export function accessRules(role: Role | readonly Role[], options: AccessOptions = {}): string[] {
  knownOptions(options, ['prefix', 'queues']);
  const wanted = [role].flat();
  if (wanted.length === 0 || !wanted.every((one) => roles.includes(one)))
    throw new TypeError(`role: expected ${roles.join(', ')}, got ${wanted.map(shown).join(', ')}`);
  const { prefix = defaultPrefix } = options;
  const stems = stemsOf(options);
  const free = new Set<string>();
  const bound = new Map<string, string>();
  for (const one of wanted)
    for (const command of commandsOfRole(one)) {
      const noun = confined[one]?.[command];
      if (noun === undefined) free.add(command);
      else bound.set(command, noun);
    }
  const selectors = [...bound].flatMap(([command, noun]) =>
    free.has(command) ? [] : `(+${command} ${stems.map((stem) => `~${stem}${noun}`).join(' ')})`,
  );
  return [
    'clearselectors',
    'resetkeys',
    'resetchannels',
    '-@all',
    ...[...free].toSorted().map((command) => `+${command}`),
    ...stems.map((stem) => `~${stem}*`),
    `~${literally(prefix)}:queues`,
    ...stems.map((stem) => `&${stem}*`),
    ...selectors,
  ];
}
