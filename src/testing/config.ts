// The redis.conf of a private server.
import type { Address } from './ask.js';

/** What a private server is started with. */
export interface ServerSettings {
  readonly password?: string | undefined;
  readonly appendonly?: boolean | undefined;
  readonly appendfsync?: 'always' | 'everysec' | undefined;
  readonly config?: Readonly<Record<string, string | number | readonly string[]>> | undefined;
}

// Set by options of their own, or needed to find the server again.
const ownDirectives = new Set([
  'appendfsync',
  'appendonly',
  'bind',
  'daemonize',
  'dir',
  'include',
  'logfile',
  'port',
  'requirepass',
  'unixsocket',
]);

/** @throws TypeError, RangeError for settings that no server could be started with */
export function checkSettings(settings: ServerSettings): void {
  if (settings.appendfsync !== undefined && settings.appendonly !== true) {
    throw new TypeError('appendfsync: means nothing without appendonly: true');
  }
  for (const [name, values] of Object.entries(settings.config ?? {})) {
    if (ownDirectives.has(name.toLowerCase())) {
      throw new TypeError(`config: ${name} is set by startRedis itself; see its options`);
    }
    for (const value of [values].flat()) {
      if (/[\r\n]/.test(`${name}${value}`)) {
        throw new TypeError(`config: expected one line per value, got several for ${name}`);
      }
    }
  }
}

/** The text of redis.conf for a server that lives in `folder`. */
export function configText(folder: string, address: Address, settings: ServerSettings): string {
  const lines = [
    `dir ${quote(folder)}`,
    'daemonize no',
    'logfile ""', // its output goes to a file anyway, with what it says before it reads this
    'bind 127.0.0.1',
    `port ${'port' in address ? address.port : 0}`,
    'save ""',
    `appendonly ${settings.appendonly === true ? 'yes' : 'no'}`,
    `appendfsync ${settings.appendfsync ?? 'everysec'}`,
  ];
  if ('path' in address) lines.push(`unixsocket ${quote(address.path)}`, 'unixsocketperm 700');
  if (settings.password !== undefined) lines.push(`requirepass ${quote(settings.password)}`);
  for (const [name, values] of Object.entries(settings.config ?? {})) {
    for (const value of [values].flat()) lines.push(`${name} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

// In redis.conf any byte may be written as \xHH between double quotes.
function quote(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => {
    const character = String.fromCodePoint(byte);
    return /[\w./-]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `"${bytes.join('')}"`;
}
