// A few commands over a raw socket: enough of RESP 2 to see whether a server is up, without a client
// that would reconnect, queue or keep the process alive.
import { createConnection } from 'node:net';

/** Where a server listens. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * Sends the commands in one write on a connection of its own and returns their replies as text,
 * errors with their leading `-`. Fewer replies than commands: the server hung up.
 *
 * @param timeout how long to wait for the connection and for every further byte, in milliseconds
 * @throws the socket's error if there is no connection or the timeout passes
 */
export function ask(
  address: Address,
  commands: readonly (readonly string[])[],
  timeout: number,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(address);
    let received = '';
    let replies: string[] = [];
    socket.setEncoding('latin1'); // one character per byte, so that lengths in bytes hold
    socket.setTimeout(timeout, () => socket.destroy(new Error(`No reply within ${timeout} ms`)));
    socket.on('data', (text: string) => {
      received += text;
      replies = parseReplies(received);
      if (replies.length >= commands.length) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(replies));
    socket.write(commands.map(encodeCommand).join(''));
  });
}

function encodeCommand(words: readonly string[]): string {
  const bulk = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulk.join('')}`;
}

/** The complete replies at the start of the text; simple, error, integer and bulk ones. */
function parseReplies(text: string): string[] {
  const replies: string[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return replies;
    const line = text.slice(at, lineEnd);
    at = lineEnd + 2;
    if (line.startsWith('$')) {
      const end = at + Number(line.slice(1));
      if (text.length < end + 2) return replies;
      replies.push(text.slice(at, end));
      at = end + 2;
    } else {
      replies.push(line.startsWith('-') ? line : line.slice(1));
    }
  }
}
