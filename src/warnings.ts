// What is said of a server at the start: settings and versions under which jobs could be lost, or its scripts are not safe. One INFO for a
// connection, and where durability was asked for, one CONFIG GET.
import type { Connection } from './connection.js';
import { serverChecks, type ServerFacts } from './doctor/server-checks.js';

/**
 * What a queue's user expects of the server's append-only file, to be warned when it is not so: `everysec`, that there is one, so that a
 * crash of the server loses the last second or two at most; `always`, that each write is on the disk before it is answered.
 */
export type Durability = 'everysec' | 'always';

/** Codes of warnings, for `process.on('warning')` and `--disable-warning`. */
export type WarningCode =
  /** The server may evict keys when its memory is full: any key of a queue can go then, with all its jobs. */
  | 'LUNAQ_EVICTION'
  /** The server's version has known holes in its Lua engine, unless its distributor has mended them. Said once in a process. */
  | 'LUNAQ_LUA_HOLES'
  /** The server is older than Redis 7.0; calls reject with UNSUPPORTED_SERVER. */
  | 'LUNAQ_OLD_SERVER'
  /** The server keeps jobs less safely than the option `durability` wants it, or does not tell. */
  | 'LUNAQ_DURABILITY'
  /** Leases are renewed on the main thread, since the connection's options can't be sent to another, or the server refuses it. */
  | 'LUNAQ_NO_THREAD';

export function warn(code: WarningCode, message: string): void {
  process.emitWarning(message, { type: 'LunaqWarning', code });
}

/** What may be warned of, by the code of the doctor's check. */
const codes = { 'may-evict': 'LUNAQ_EVICTION', 'lua-holes': 'LUNAQ_LUA_HOLES' } as const;

/** Versions that this process was warned of. */
const told = new Set<string>();

/** The warnings that a server's INFO gives cause for. */
export function judge(info: ServerFacts): { code: WarningCode; message: string; once: boolean }[] {
  const version = info.get('redis_version');
  if (info.get('valkey_version') === undefined && Number.parseInt(version ?? '7', 10) < 7) {
    const message = `Redis ${version} is too old: Lunaq needs Redis 7.0 or newer, or Valkey.`;
    return [{ code: 'LUNAQ_OLD_SERVER', message, once: false }];
  }
  return serverChecks.flatMap((check) => {
    const found = check.finds(info);
    const code = codes[check.code as keyof typeof codes];
    if (found === undefined || code === undefined) return [];
    const message = `${check.message(1)} (${found}) ${check.remedy(String)}`;
    return [{ code, message, once: code === 'LUNAQ_LUA_HOLES' }];
  });
}

/**
 * Why a server keeps jobs less safely than wished; undefined when it does as wished. `fsync`: its appendfsync, undefined when it does not
 * tell.
 */
export function lack(wish: Durability, info: ServerFacts, fsync?: string): string | undefined {
  const aof = info.get('aof_enabled');
  const subject = `durability ${wish}:`;
  if (aof === undefined)
    return `${subject} the server does not tell whether it keeps an append-only file.`;
  if (aof === '0')
    return `${subject} the server keeps no append-only file, so a crash of it loses jobs. Set appendonly yes.`;
  if (fsync === 'no' || (fsync === 'everysec' && wish === 'always'))
    return `${subject} the server has appendfsync ${fsync}, so a crash of it can lose jobs. Set appendfsync ${wish}.`;
  if (fsync === undefined && wish === 'always')
    return `${subject} the server does not tell its appendfsync to this user, so it could not be checked.`;
  return undefined;
}

/** What was looked at already, by connection. */
const looked = new WeakMap<Connection, Set<string>>();

/** Looks at the server once it is there, once for a connection, and warns of what was found. */
export function warnAboutServer(connection: Connection, durability?: Durability): void {
  const before = looked.get(connection) ?? new Set();
  looked.set(connection, before);
  const wishes = ['server', ...(durability === undefined ? [] : [durability])];
  const fresh = wishes.filter((wish) => !before.has(wish));
  for (const wish of fresh) before.add(wish);
  if (fresh.length === 0) return;
  const stop = connection.listen({ onReady: () => void look() });
  async function look(): Promise<void> {
    const info = await connection.info();
    // No answer: the next connection is asked.
    if (info.size === 0) return;
    stop();
    if (fresh.includes('server'))
      for (const { code, message, once } of judge(info)) {
        if (once && told.has(message)) continue;
        told.add(message);
        warn(code, message);
      }
    if (durability === undefined || !fresh.includes(durability)) return;
    const missing = lack(durability, info, await connection.setting('appendfsync'));
    if (missing !== undefined) warn('LUNAQ_DURABILITY', missing);
  }
  if (connection.isReady) void look();
}
