// Runs in a thread of its own: renews leases while handlers block the event loop of the main thread. It
// imports nothing but Node, and is started from its text, so that it works in a bundle too.
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromThread, LeaseOrder, ThreadData, ToThread } from '../lease-protocol.js';

interface Kept {
  readonly order: LeaseOrder;
  timer: NodeJS.Timeout | undefined;
}

const { target, script, alive } = workerData as ThreadData;
const seen = new Float64Array(alive);
const kept = new Map<string, Kept>();
/** What each reply that is on its way is for, in order. */
let expected: ((reply: string[]) => void)[] = [];
let endpoint: { host: string; port: number } | { path: string } | undefined;
let socket: Socket | undefined;
/** The socket is connected, and was told who we are and which database is meant. */
let greeted = false;
/** A sentinel is being asked where the master is. */
let locating = false;
/** How many times one was asked. */
let asked = 0;
/** Monotonic time (ms) since which an answer is waited for. */
let waitingSince = 0;
let received = '';

function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

function tell(message: FromThread): void {
  parentPort?.postMessage(message);
}

function encode(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`;
}

function send(args: readonly string[], then: (reply: string[]) => void): void {
  if (expected.length === 0) waitingSince = monotonic();
  expected.push(then);
  socket?.write(encode(args));
}

/** The strings of one complete reply, and where it ends; undefined while a part is missing. */
function parse(text: string, start: number): { values: string[]; end: number } | undefined {
  const lineEnd = text.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = text.slice(start + 1, lineEnd);
  let end = lineEnd + 2;
  if (text[start] === '$') {
    if (line === '-1') return { values: [''], end };
    const stop = end + Number(line);
    return text.length < stop + 2 ? undefined : { values: [text.slice(end, stop)], end: stop + 2 };
  }
  if (text[start] !== '*') return { values: [line], end };
  const values: string[] = [];
  for (let left = Number(line); left > 0; left -= 1) {
    const part = parse(text, end);
    if (!part) return undefined;
    values.push(...part.values);
    end = part.end;
  }
  return { values, end };
}

function receive(chunk: string): void {
  received += chunk;
  waitingSince = monotonic();
  for (let reply = parse(received, 0); reply; reply = parse(received, 0)) {
    received = received.slice(reply.end);
    expected.shift()?.(reply.values);
  }
}

/** Tells that the server does not let us renew: the first word of its reply, since the rest may name whom it does not let. */
function refused(reply: string): void {
  tell({ kind: 'refused', reason: reply.replace(/\W.*/s, '') });
}

function ask({ order }: Kept): void {
  send(['EVALSHA', script.sha, ...order.argv], ([word = '', held, ...stops]) => {
    if (word.startsWith('NOSCRIPT')) {
      const entry = kept.get(order.lease);
      if (!entry) return;
      send(['SCRIPT', 'LOAD', script.source], () => undefined);
      ask(entry);
    } else if (word === 'dead') {
      drop(order.lease);
      tell({ kind: 'dead', lease: order.lease });
    } else if (word === 'alive') {
      again(order.lease, order.every);
      if (held !== '0' || stops.length > 0)
        tell({ kind: 'holds', lease: order.lease, held: Number(held), stops });
    } else {
      if (/^NO(?:AUTH|PERM)\b/.test(word)) refused(word);
      again(order.lease, Math.min(order.every, 500));
      // The master is another one now.
      if (word.startsWith('READONLY') && target.sentinels) socket?.destroy();
    }
  });
}

function again(lease: string, ms: number): void {
  const entry = kept.get(lease);
  if (!entry) return;
  clearTimeout(entry.timer);
  entry.timer = setTimeout(() => renew(entry), ms);
}

function renew(entry: Kept): void {
  const { order } = entry;
  const blocked = monotonic() - (seen[0] ?? 0);
  if (blocked > order.maxBlocked) return again(order.lease, Math.min(order.every, 500));
  // Should no answer come, the socket is dead: try again on a new one.
  again(order.lease, Math.max(order.every, 100));
  if (!socket) return open();
  // Before the greeting it would be refused, or asked of the wrong database; the greeting renews all.
  if (!greeted) return;
  // Time-outs of sockets don't help: each write begins them anew.
  if (expected.length > 0 && monotonic() - waitingSince > silence()) socket.destroy();
  else ask(entry);
}

function renewAll(): void {
  for (const entry of kept.values()) renew(entry);
}

function close(): void {
  socket?.destroy();
  socket = undefined;
  greeted = false;
  expected = [];
  received = '';
}

/** ms without an answer after which the socket counts as dead. */
function silence(): number {
  return Math.max(500, Math.min(5_000, ...[...kept.values()].map(({ order }) => order.every * 2)));
}

/** Asks a sentinel where the master is, each time another one: main, which would tell, may be blocked. */
function locate(): void {
  const { sentinels } = target;
  const place = sentinels?.places[asked % sentinels.places.length];
  if (!sentinels || !place || socket || locating) return open();
  const { name, username, password, natMap } = sentinels;
  asked += 1;
  locating = true;
  let text = '';
  let answers = password ? 2 : 1;
  const sentinel = connectPlain(place);
  sentinel.setEncoding('latin1');
  sentinel.setTimeout(1_000, () => sentinel.destroy());
  sentinel.on('connect', () => {
    if (password) sentinel.write(encode(['AUTH', ...(username ? [username] : []), password]));
    sentinel.write(encode(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]));
  });
  sentinel.on('data', (chunk) => {
    text += chunk;
    for (let reply = parse(text, 0); reply; reply = parse(text, 0)) {
      text = text.slice(reply.end);
      const [host = '', port = ''] = reply.values;
      if (port) endpoint = natMap?.[`${host}:${port}`] ?? { host, port: Number(port) };
      answers -= 1;
      if (answers === 0) sentinel.destroy();
    }
  });
  sentinel.on('error', () => undefined);
  sentinel.on('close', () => {
    locating = false;
    open();
  });
}

function open(): void {
  if (socket || locating || !endpoint) return;
  const place = endpoint;
  const fresh = target.tls ? connectTls({ ...place, ...target.tls }) : connectPlain(place);
  socket = fresh;
  fresh.setEncoding('latin1');
  fresh.setKeepAlive(true, 5_000);
  fresh.setNoDelay(true);
  fresh.on('data', (chunk) => receive(chunk));
  fresh.on('error', () => undefined);
  fresh.on('close', () => {
    if (socket !== fresh) return;
    close();
    setTimeout(locate, 100);
  });
  fresh.on(target.tls ? 'secureConnect' : 'connect', () => {
    const { username, password, db } = target;
    greeted = true;
    if (password) send(['AUTH', ...(username ? [username] : []), password], () => undefined);
    if (db)
      send(['SELECT', String(db)], ([word = '']) => {
        if (word === 'OK') return;
        // A server that is busy with a script says so too, and will let us later.
        if (/^(?:NO(?:AUTH|PERM)|ERR)\b/.test(word)) refused(word);
        // Renewals on their way would be asked of another database, where no lease of ours is.
        fresh.destroy();
        close();
      });
    renewAll();
  });
  fresh.setTimeout(silence(), () => {
    if (expected.length > 0 || !greeted) fresh.destroy();
  });
}

function drop(lease: string): void {
  clearTimeout(kept.get(lease)?.timer);
  kept.delete(lease);
}

parentPort?.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'endpoint':
      endpoint = message.endpoint;
      close();
      open();
      break;
    case 'keep':
      kept.set(message.order.lease, { order: message.order, timer: undefined });
      again(message.order.lease, message.order.every);
      break;
    case 'drop':
      drop(message.lease);
      break;
  }
});
