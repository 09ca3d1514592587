// A proxy that knows calls when it sees them, and cuts the connection around one of them, exactly: replies of what went before it
// reach the client, and nothing passes by chance.
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import * as scripts from '../../src/scripts.js';
import { CommandReader } from '../helpers/proxy.js';
import { RepliesReader, wordsOf } from './resp.js';

/**
 * `before`: the call does not reach the server, nor does what was sent behind it. `between`: it is executed, what was sent behind it is
 * not. `after`: that is executed as well. No reply comes back from the call on.
 */
export type Side = 'before' | 'between' | 'after';

/** Around the nth call of this name of a run. */
export interface FailPoint {
  readonly call: string;
  readonly nth: number;
  readonly side: Side;
  /** All connections are cut at that moment, not only the one that the call came on. */
  readonly all: boolean;
}

const known = new Map<string, string>();
for (const script of Object.values(scripts))
  if (typeof script === 'object' && script !== null && 'sha' in script)
    for (const text of [script.sha, script.source]) known.set(text, script.name);

/** What else changes something, or waits, when it is cut. */
const others = ['BLPOP', 'CLIENT UNBLOCK', 'SUBSCRIBE', 'SCRIPT LOAD'];

/** The name under which a command is a fail point; undefined for all others. The lease thread says nothing before its first call. */
function nameOf(command: Buffer, isFirst: boolean): string | undefined {
  const words = wordsOf(command, 2);
  const [name = '', text = ''] = words;
  const script = /^EVAL(SHA)?$/i.test(name) ? known.get(text) : undefined;
  if (script !== undefined) return isFirst ? `${script} of the thread` : script;
  const plain = /^(CLIENT|SCRIPT)$/i.test(name) ? `${name} ${text}` : name;
  return others.find((other) => other === plain.toUpperCase());
}

export class Cutter {
  readonly #target: { host: string; port: number };
  readonly #point: FailPoint | undefined;
  readonly #connections = new Set<CutConnection>();
  readonly #server = createServer({ noDelay: true }, (client) => this.#accept(client));
  /** How often each call was seen, and how often with others sent behind it. */
  readonly seen = new Map<string, { times: number; followed: number[] }>();
  /** How many connections were cut. */
  cuts = 0;
  port = 0;
  readonly host = '127.0.0.1';

  constructor(target: { host: string; port: number }, point?: FailPoint) {
    this.#target = target;
    this.#point = point;
  }

  static async start(target: { host: string; port: number }, point?: FailPoint): Promise<Cutter> {
    const cutter = new Cutter(target, point);
    cutter.#server.listen(0, cutter.host);
    await once(cutter.#server, 'listening');
    cutter.port = (cutter.#server.address() as { port: number }).port;
    return cutter;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    const upstream = createConnection({ ...this.#target, noDelay: true });
    const connection = new CutConnection(client, upstream, {
      sideOf: (call, isFollowed) => this.#sideOf(call, isFollowed),
      cut: () => this.#cut(connection),
    });
    this.#connections.add(connection);
    client.once('close', () => this.#connections.delete(connection));
  }

  #sideOf(call: string, isFollowed: boolean): Side | undefined {
    const seen = this.seen.get(call) ?? { times: 0, followed: [] };
    seen.times += 1;
    if (isFollowed) seen.followed.push(seen.times);
    this.seen.set(call, seen);
    if (this.cuts > 0 || this.#point?.call !== call) return undefined;
    return this.#point.nth === seen.times ? this.#point.side : undefined;
  }

  #cut(connection: CutConnection): void {
    this.cuts += 1;
    connection.destroy();
    if (this.#point?.all) for (const other of this.#connections) other.destroy();
  }
}

interface Hooks {
  readonly sideOf: (call: string, isFollowed: boolean) => Side | undefined;
  readonly cut: () => void;
}

class CutConnection {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #hooks: Hooks;
  readonly #commands = new CommandReader();
  readonly #replies = new RepliesReader();
  /** Commands that were passed on, and replies to them that came. */
  #sent = 0;
  #answered = 0;
  /** Once the call was seen: which is the first command whose reply the client must not see, and how many are executed. */
  #end: { readonly silentFrom: number; last: number } | undefined;

  constructor(client: Socket, upstream: Socket, hooks: Hooks) {
    this.#client = client;
    this.#upstream = upstream;
    this.#hooks = hooks;
    client.on('data', (bytes: Buffer) => this.#send(bytes));
    upstream.on('data', (bytes: Buffer) => this.#answer(bytes));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #send(bytes: Buffer): void {
    const commands = this.#commands.read(bytes);
    for (const [at, command] of commands.entries()) {
      if (this.#end && this.#sent >= this.#end.last) break;
      const call = nameOf(command, this.#sent === 0);
      const isFollowed = at + 1 < commands.length;
      const side = call === undefined ? undefined : this.#hooks.sideOf(call, isFollowed);
      if (side) {
        const behind = { before: 0, between: 1, after: commands.length - at }[side];
        this.#end = { silentFrom: this.#sent, last: this.#sent + behind };
        if (side === 'before') break;
      }
      this.#upstream.write(command);
      this.#sent += 1;
    }
    this.#endIfDone();
  }

  #answer(bytes: Buffer): void {
    for (const { reply, isMessage } of this.#replies.read(bytes)) {
      const isSilent = this.#end !== undefined && this.#answered >= this.#end.silentFrom;
      if (!isMessage) this.#answered += 1;
      if (!isSilent) this.#client.write(reply);
    }
    this.#endIfDone();
  }

  /** What was to be executed has been, and the replies of what went before the call were passed on. */
  #endIfDone(): void {
    if (this.#end && this.#answered >= this.#end.last) this.#hooks.cut();
  }
}
