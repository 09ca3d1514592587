// What a server is told about at the start, once each: settings under which jobs could be lost.
import type { Connection } from './connection.js';

const warned = new WeakSet<Connection>();

/** Warns loudly when the server may evict keys: any key of a queue can go then, with all its jobs. */
export function warnAboutServer(connection: Connection): void {
  if (warned.has(connection)) return;
  warned.add(connection);
  const stop = connection.listen({ onReady: () => void check() });
  async function check(): Promise<void> {
    stop();
    const policy = await connection.evictionPolicy();
    if (policy === undefined || policy === 'noeviction') return;
    process.emitWarning(
      `Redis may evict keys (maxmemory-policy ${policy}): jobs can be lost. Set maxmemory-policy noeviction.`,
      { type: 'LunaqWarning', code: 'LUNAQ_EVICTION' },
    );
  }
  if (connection.isReady) void check();
}
