// What Redis refuses to a user, told as the right that is missing.
import { QueueError } from '../errors.js';
import type { Call } from '../script.js';

const denials = [
  /^NOPERM\b/,
  // Inside a script; before 7.2 without the name of the command.
  /^ERR ACL failure in script\b/,
  /^ERR The user executing the script can't\b/,
];

/** The user, or its password, is not taken: no command is. */
const strangers = /^(WRONGPASS|NOAUTH)\b/;

/** Whether an error of Redis says that its user may not do that, or is not known. */
export function isDenial({ message }: Error): boolean {
  return denials.some((denial) => denial.test(message)) || strangers.test(message);
}

function rightMissing(message: string, source: string): string {
  const [, named] = /'([^']+)' command/.exec(message) ?? [];
  if (named !== undefined) return `run ${named}`;
  if (/\bchannel/.test(message)) return 'use the channels of the queue';
  if (/\bkeys?\b/.test(message)) return 'touch the keys of the queue';
  const [, place] = /@user_script:(\d+)/.exec(message) ?? [];
  const line = source.split('\n')[Number(place) - 1] ?? '';
  const commands = [...line.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, name = '']) => name);
  if (commands.length === 0) return 'run all of its commands';
  return `run ${[...new Set(commands)].join(' or ').toLowerCase()}`;
}

const advice = '`npx lunaq acl` prints the rules that a user needs';

/** A denial as an error that names the script, if it was one, and the right. */
export function denialOf(cause: Error, script?: Call['script']): QueueError {
  const { message } = cause;
  const subject = script === undefined ? '' : `${script.name}: `;
  const text = strangers.test(message)
    ? `${subject}Redis does not take the user or its password (${message})`
    : `${subject}the user of this connection may not ${rightMissing(message, script?.source ?? '')}; ${advice}`;
  return new QueueError('NO_PERMISSION', text, { cause });
}
