// What tests of the ID cache have in common.
import type { Queue } from '../../src/queue.js';
import { until } from './live.js';

/** An id that nobody adds. */
const probe = 'probe';

/** Resolves when the cache listens and remembers. */
export async function remembers(queue: Queue): Promise<void> {
  await until(async () => {
    const before = queue.idCache.stats().hits;
    await queue.has(probe);
    return queue.idCache.stats().hits > before;
  });
}

/** Options of the same server, but another connection, as another process has one. */
export function elsewhere<C extends object>(connection: C): C & { connectionName: string } {
  return { ...connection, connectionName: 'elsewhere' };
}
