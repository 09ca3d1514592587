// A TCP proxy in front of a Redis, for faults on the wire: connections cut, replies lost, delays,
// a peer that has gone silent. Bytes pass in order and unchanged, or not at all. There is no
// back-pressure: what one side does not read is kept here.
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

export interface Proxy {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** For `new Redis(url)`; without a password. */
  readonly url: string;
  /** How many clients are connected at the moment. */
  readonly connections: number;
  /** How many commands clients have sent. */
  readonly commands: number;
  /** Cuts all connections. Requests under way may or may not be executed. */
  cut(): void;
  /**
   * Waits for the next request that matches, on any connection, and passes it on; as soon as the
   * server sends anything after that, swallows it and cuts the client off. So the command is
   * executed and its reply is lost. Each call loses one reply.
   *
   * @param matcher text that the command contains, or a test over the bytes of one whole command;
   *   any command by default
   * @returns resolves when the server has executed the request and closed its side
   */
  dropNextReply(matcher?: string | ((command: Buffer) => boolean)): Promise<void>;
  /** Holds back what the server sends from now on, by this many ms; 0 to stop that. */
  delay(ms: number): void;
  /**
   * Half-open: connections stay up and new ones are accepted, but nothing passes, neither bytes nor
   * a close. What was held back passes when it is switched off, as after TCP's retransmissions.
   */
  blackhole(on: boolean): void;
  /** Half-open for good: the connections of now stay up, but nothing passes on them any more; new ones are well. */
  silence(): void;
  /**
   * One connection is half-open, until the function returned is called.
   *
   * @param part which of those that are there, as a part of them: 0 to 1
   */
  halfOpen(part: number): () => void;
  /** Resets new connections as soon as they are accepted. */
  refuse(on: boolean): void;
  /** Cuts all connections and stops listening. */
  stop(): Promise<void>;
}

interface ArmedDrop {
  readonly matches: (command: Buffer) => boolean;
  readonly done: () => void;
}

interface Conditions {
  commands: number;
  delay: number;
  blackhole: boolean;
  refuse: boolean;
  readonly drops: ArmedDrop[];
}

/** `target` is looked at for each connection: it may change. */
export async function startProxy(target: { host: string; port: number }): Promise<Proxy> {
  const conditions: Conditions = {
    commands: 0,
    delay: 0,
    blackhole: false,
    refuse: false,
    drops: [],
  };
  const connections = new Set<Connection>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (conditions.refuse) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const upstream = createConnection({ ...target, allowHalfOpen: true, noDelay: true });
    const connection = new Connection(client, upstream, conditions);
    connections.add(connection);
    client.once('close', () => connections.delete(connection));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  const { port } = address;
  const cut = () => connections.forEach((connection) => connection.cut());

  return {
    host: '127.0.0.1',
    port,
    url: `redis://127.0.0.1:${port}`,
    get connections() {
      return connections.size;
    },
    get commands() {
      return conditions.commands;
    },
    cut,
    dropNextReply: (matcher = () => true) =>
      new Promise((resolve) => {
        const matches =
          typeof matcher === 'string' ? (command: Buffer) => command.includes(matcher) : matcher;
        conditions.drops.push({ matches, done: resolve });
      }),
    delay: (ms) => {
      conditions.delay = ms;
    },
    blackhole: (on) => {
      conditions.blackhole = on;
      connections.forEach((connection) => connection.wake());
    },
    silence: () => connections.forEach((connection) => connection.silence()),
    halfOpen: (part) => {
      const connection = [...connections][Math.floor(part * connections.size)];
      connection?.silence();
      return () => connection?.silence(false);
    },
    refuse: (on) => {
      conditions.refuse = on;
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

/** A client, the server, and a lane for each direction. */
class Connection {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #conditions: Conditions;
  readonly #requests: Lane;
  readonly #replies: Lane;
  readonly #commands = new CommandReader();
  #drop: ArmedDrop | undefined;
  #isSilent = false;

  constructor(client: Socket, upstream: Socket, conditions: Conditions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#conditions = conditions;
    const isBlocked = () => conditions.blackhole || this.#isSilent;
    this.#requests = new Lane(isBlocked, () => 0);
    this.#replies = new Lane(isBlocked, () => conditions.delay);

    client.on('data', (bytes: Buffer) => this.#requests.pass(() => this.#sendUp(bytes)));
    client.on('end', () => this.#requests.pass(() => upstream.end()));
    client.on('error', () => this.#requests.pass(() => upstream.destroy()));
    upstream.on('data', (bytes: Buffer) => this.#receive(bytes));
    upstream.on('end', () => this.#replies.pass(() => client.end()));
    upstream.on('error', () => this.#replies.pass(() => client.destroy()));
    upstream.once('close', () => this.#drop?.done());
  }

  cut(): void {
    this.#requests.close();
    this.#replies.close();
    this.#client.destroy();
    this.#upstream.destroy();
  }

  silence(on = true): void {
    this.#isSilent = on;
    this.wake();
  }

  wake(): void {
    this.#requests.wake();
    this.#replies.wake();
  }

  #sendUp(bytes: Buffer): void {
    for (const command of this.#commands.read(bytes)) {
      this.#conditions.commands += 1;
      const { drops } = this.#conditions;
      const hit = drops.findIndex((drop) => drop.matches(command));
      if (hit >= 0 && this.#drop === undefined) [this.#drop] = drops.splice(hit, 1);
    }
    this.#upstream.write(bytes);
  }

  // After a hit: the client is cut off at once, but the server's side is closed in good order and
  // read to its end. Destroyed, it could be reset, and the server could throw away a request that
  // it has not read yet.
  #receive(bytes: Buffer): void {
    if (this.#drop === undefined) {
      this.#replies.pass(() => this.#client.write(bytes));
    } else if (!this.#client.destroyed) {
      this.#requests.close();
      this.#replies.close();
      this.#client.destroy();
      this.#upstream.end();
    }
  }
}

/** What happens to one side because of the other, in order: at once, later, or when unblocked. */
class Lane {
  readonly #isBlocked: () => boolean;
  readonly #delay: () => number;
  #waiting: { readonly due: number; readonly step: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(isBlocked: () => boolean, delay: () => number) {
    this.#isBlocked = isBlocked;
    this.#delay = delay;
  }

  pass(step: () => void): void {
    const earliest = this.#waiting.at(-1)?.due ?? 0;
    this.#waiting.push({ due: Math.max(performance.now() + this.#delay(), earliest), step });
    this.wake();
  }

  wake(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#isBlocked()) return;
      const rest = next.due - performance.now();
      if (rest > 0) {
        this.#timer = setTimeout(() => this.wake(), rest);
        return;
      }
      this.#waiting.shift();
      next.step();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }
}

/** Finds the commands in a stream of requests, however it is cut into chunks. */
export class CommandReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The commands that these bytes complete, each as it stood on the wire. */
  read(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const commands: Buffer[] = [];
    for (let end = commandEnd(this.#rest); end > 0; end = commandEnd(this.#rest)) {
      commands.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return commands;
  }
}

/** Where the first command ends: an array of bulk strings, or an inline one; 0 if it goes on. */
function commandEnd(bytes: Buffer): number {
  let lineEnd = bytes.indexOf('\r\n');
  if (lineEnd < 0) return 0;
  if (bytes[0] !== '*'.charCodeAt(0)) return lineEnd + 2;
  const words = Number(bytes.subarray(1, lineEnd));
  for (let word = 0; word < words; word++) {
    const start = lineEnd + 2;
    lineEnd = bytes.indexOf('\r\n', start);
    if (lineEnd < 0) return 0;
    const length = Number(bytes.subarray(start + 1, lineEnd));
    lineEnd += 2 + length;
    if (bytes.length < lineEnd + 2) return 0;
  }
  return lineEnd + 2;
}
