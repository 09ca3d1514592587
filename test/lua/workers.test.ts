import { expect, test } from 'vitest';
import { workers } from '../../src/scripts.js';
import type { State } from '../helpers/keyspace.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const before: State = {
  leases: { L: 'now+30000', M: 'now+30000', E: 'now-10000', D: 0 },
  held: { L: 3, D: 1 },
  workers: {
    L: 'now {"pid":1}',
    E: 'now-10000 {"pid":2}',
    D: 'now-20000 {"pid":3}',
    G: 'now-60000 {"pid":4}',
  },
};

test('each row comes with the deadline of its lease and what it holds; nothing changes', async () => {
  const queue = await server.queue(before);
  const stored = await queue.stored();
  const { cursor, alive, now, rows } = await queue.run(workers, { cursor: '0' });
  expect({ cursor, alive }).toEqual({ cursor: '0', alive: 2 });
  expect(now - queue.now).toBeLessThan(5_000);
  const { workers: texts } = stored as { workers: Record<string, string> };
  expect(rows.toSorted((a, b) => a.row.slice(-4).localeCompare(b.row.slice(-4)))).toEqual([
    { lease: 'L', deadline: queue.now + 30_000, held: 3, row: texts['L'] },
    { lease: 'E', deadline: queue.now - 10_000, held: 0, row: texts['E'] },
    { lease: 'D', deadline: 0, held: 1, row: texts['D'] },
    { lease: 'G', deadline: undefined, held: 0, row: texts['G'] },
  ]);
  expect(await queue.stored()).toEqual(stored);
});

test('without a cursor, leases are counted and no row is read', async () => {
  const queue = await server.queue(before);
  expect(await queue.run(workers, { cursor: '' })).toMatchObject({ alive: 2, rows: [] });
});

test('many rows are read in bounded pages', async () => {
  const row = `now ${JSON.stringify({ host: 'h'.repeat(100) })}`;
  const names = Array.from({ length: 1_500 }, (_, i) => `L${i}`);
  const queue = await server.queue({ workers: Object.fromEntries(names.map((id) => [id, row])) });
  const seen = new Set<string>();
  let most = 0;
  let cursor = '0';
  do {
    const page = await queue.run(workers, { cursor });
    for (const { lease } of page.rows) seen.add(lease);
    most = Math.max(most, page.rows.length);
    ({ cursor } = page);
  } while (cursor !== '0');
  expect(seen.size).toBe(names.length);
  expect(most).toBeLessThan(300);
});
