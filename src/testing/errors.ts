// What can go wrong before a private server answers.

/** No Redis or Valkey server was found on this machine, and none could be unpacked. */
export class RedisNotFoundError extends Error {
  override readonly name = 'RedisNotFoundError';
  readonly code = 'REDIS_NOT_FOUND';

  /** Every place that was tried, in order, each with what was wrong there. */
  readonly looked: readonly string[];

  /** How to install a server on this system, as a shell command where one is known. */
  readonly install: string;

  constructor(looked: readonly string[], install: string) {
    super(
      [
        'No Redis or Valkey server found. Looked at:',
        ...looked.map((place) => `  - ${place}`),
        `To install one: ${install}`,
        'Or set REDIS_SERVER_BIN to the path of a redis-server or valkey-server.',
      ].join('\n'),
    );
    this.looked = looked;
    this.install = install;
  }
}

/** A server was found, but it did not come up; `log` holds the end of what it wrote. */
export class RedisStartError extends Error {
  override readonly name = 'RedisStartError';
  readonly code = 'REDIS_START_FAILED';

  /** The last lines of the server's log; empty if it wrote nothing. */
  readonly log: string;

  constructor(reason: string, log = '') {
    super(log === '' ? reason : `${reason}. Its last words:\n${log}`);
    this.log = log;
  }
}
