// The connection of the lease thread goes silent, alone: all others work on.
import { createConnection, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { renew } from '../../src/scripts.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

/** A command with which a connection begins its work. */
const begins = /\r\n(?:evalsha\r\n\$40\r\n\w{40}|info|hello|client|script)\r\n/i;

/** Passes everything on; connections that begin with a renewal, but for saying who they are, are the thread's, and can be silenced. */
async function passing(): Promise<{ port: number; threads: Socket[]; silent: Set<Socket> }> {
  const threads: Socket[] = [];
  const silent = new Set<Socket>();
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = createConnection(live.server.port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    let begin = '';
    client.on('data', function watch(bytes: Buffer) {
      begin += bytes.toString('latin1');
      if (!begins.test(begin)) return;
      client.off('data', watch);
      if (begin.includes(renew.sha)) threads.push(client);
    });
    client.on('data', (bytes) => silent.has(client) || upstream.write(bytes));
    upstream.on('data', (bytes) => silent.has(client) || client.write(bytes));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  live.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { port: (server.address() as { port: number }).port, threads, silent };
}

test('it is noticed, and the lease is renewed over a new one', async () => {
  const { port, threads, silent } = await passing();
  const connection = live.as('worker', { host: '127.0.0.1', port });
  live.queue();
  live.worker(() => undefined, { connection, lockDuration: 1_500 });
  await until(() => threads.length === 1);
  silent.add(threads[0] as Socket);
  const started = performance.now();
  await until(() => threads.length === 2, 4_000);
  console.log(`thread on a new connection after ${(performance.now() - started).toFixed(0)} ms`);
  await pause(1_600);
  expect(threads).toHaveLength(2);
  expect(live.errors).toEqual([]);
});
