// How commands go out: encoded here, since ioredis looks at each word several times, which costs more than all else that is
// done for a job; and what is sent in one tick in one write, which on many machines costs as much as 20 jobs.

/** A command: its name and arguments. */
export type Words = readonly (string | number)[];

/** What became of a command. */
export type Sent = [error: Error | null, reply: unknown];

/** A command as ioredis handles it. */
interface Command {
  toWritable: () => string;
}

type Commands = new (name: string, args: Words, options: object) => Command;

interface Pipeline {
  ping(): unknown;
  sendCommand(command: Command): unknown;
  exec(): Promise<unknown>;
}

/** An ioredis instance, of whatever version. */
interface Instance {
  /** Missing while there is no connection, and in a cluster. */
  readonly stream?: { cork(): void; uncork(): void };
  pipeline(): Pipeline;
  sendCommand(command: Command): Promise<unknown>;
}

/** The heads of short words: most lengths are seen again and again. */
const heads = Array.from({ length: 1_024 }, (_, length) => `\r\n$${length}\r\n`);

/** A command in the protocol of Redis. Its lines are chained where they meet, which spares a copy for each word. */
function encode(words: Words): string {
  let text = `*${words.length}`;
  for (const word of words) {
    const value = typeof word === 'string' ? word : String(word);
    const length = Buffer.byteLength(value);
    text += (heads[length] ?? `\r\n$${length}\r\n`) + value;
  }
  return `${text}\r\n`;
}

/** The class of commands that goes with an instance, which may be of another copy of ioredis than ours. */
function commandsOf(instance: Instance): Commands {
  let found: unknown;
  const pipeline = instance.pipeline();
  pipeline.sendCommand = (command) => {
    found = command.constructor;
    return pipeline;
  };
  pipeline.ping();
  return found as Commands;
}

export class Wire {
  readonly #instance: Instance;
  #commands: Commands | undefined;
  /** The stream whose writes are held back for a moment. */
  #corked: Instance['stream'];

  /** `instance`: of ioredis; only what is named above is used of it. */
  constructor(instance: object) {
    this.#instance = instance as Instance;
  }

  /** Sends commands in one go. */
  async send(commands: readonly Words[]): Promise<Sent[]> {
    this.#cork();
    const [only] = commands;
    // A pipeline costs a single command more than all else that is done for it.
    if (only && commands.length === 1) {
      try {
        return [[null, await this.#instance.sendCommand(this.#encoded(only))]];
      } catch (error) {
        return [[error as Error, null]];
      }
    }
    const pipeline = this.#instance.pipeline();
    for (const words of commands) pipeline.sendCommand(this.#encoded(words));
    return (await pipeline.exec()) as Sent[];
  }

  #cork(): void {
    const { stream } = this.#instance;
    if (!stream || this.#corked === stream) return;
    this.#corked = stream;
    stream.cork();
    process.nextTick(() => {
      this.#corked = undefined;
      stream.uncork();
    });
  }

  /** Of a script ioredis is given the first key only, by which a cluster finds the slot. */
  #encoded(words: Words): Command {
    this.#commands ??= commandsOf(this.#instance);
    const [name, first, second, key] = words;
    const args = [first, name === 'EVALSHA' && key !== undefined ? 1 : second, key];
    const shown = args.filter((word) => word !== undefined);
    const command = new this.#commands(name as string, shown, { replyEncoding: 'utf8' });
    command.toWritable = () => encode(words);
    return command;
  }
}
