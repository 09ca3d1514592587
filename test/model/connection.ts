// A connection of which it is known whether something is under way, so that a test can wait for the moment when nothing is.
import { Redis } from 'ioredis';

/** What is asked of an ioredis instance beside its commands. */
interface Inside {
  readonly commandQueue: { readonly length: number; peekFront(): { command: { name: string } } };
}

/** ms within which all that one command starts must have ended. */
const patience = 15_000;
/** Turns of the event loop in that time on a machine that is not only slow. */
const manyTurns = 1_000;
/** Turns of the event loop without anything under way after which nothing will come of itself. */
const quietTurns = 8;

/** Something has begun that does not end; it goes on while others are done, so no history behind it tells anything. */
export class Stuck extends Error {}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class WatchedConnection {
  /** To be given to queues and workers, which make their own connections of it. */
  readonly instance: Redis;
  readonly #made: Redis[] = [];

  constructor(url: string) {
    this.instance = new Redis(url, { lazyConnect: true });
    const duplicate = this.instance.duplicate.bind(this.instance);
    this.instance.duplicate = (override) => {
      const made = duplicate(override);
      this.#made.push(made);
      return made;
    };
  }

  /** Whether a command was sent and not answered; that of an idle worker, which waits for a marker, not counted. */
  #isBusy(redis: Redis): boolean {
    const { commandQueue } = redis as unknown as Inside;
    return commandQueue.length > 1 || (commandQueue.length === 1 && commandQueue.peekFront().command.name !== 'blpop'); // prettier-ignore
  }

  /** Resolves when all that was asked for is done, and what was published has been heard. */
  async idle(): Promise<void> {
    const end = performance.now() + patience;
    let turns = 0;
    for (let quiet = 0; quiet < quietTurns; quiet += 1) {
      await turn();
      turns += 1;
      if (performance.now() > end && turns > manyTurns) throw new Stuck(this.#whatGoesOn());
      if (this.#made.some((redis) => this.#isBusy(redis))) quiet = -1;
      else if (quiet === 2) await this.#heard();
    }
  }

  #whatGoesOn(): string {
    const pending = this.#made.map((redis) => {
      const { commandQueue } = redis as unknown as Inside;
      const first = commandQueue.length > 0 ? commandQueue.peekFront().command.name : 'nothing';
      return `${redis.status}, ${commandQueue.length} pending, first ${first}`;
    });
    return `calls without an end: ${patience} ms later there are still some (${pending.join('; ')})`;
  }

  /** An answer comes behind what was published before. */
  async #heard(): Promise<void> {
    const { commandQueue } = (this.#made[0] ?? this.instance) as unknown as Inside;
    if (commandQueue.length === 0) await this.#made[0]?.ping();
  }
}
