// A progress bar: one line that is redrawn on a terminal, else a line every few seconds.
const barWidth = 30;
/** ms between two lines where none can be redrawn. */
const lineInterval = 3_000;

/** A number for people: one digit after the point if it is small, thousands apart if not. */
export function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

export class Progress {
  readonly #out: NodeJS.WriteStream;
  #started = 0;
  #before = 0;
  #jobs = 0;
  #seconds = 0;
  #nextLine = 0;
  #isDrawn = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** Shows the state of the queue. Jobs that were done at the first call count as done, but not for the rate. */
  show({ done, left, failed }: { done: number; left: number; failed: number }): void {
    const now = performance.now();
    if (this.#started === 0) {
      this.#started = now;
      this.#before = done;
    }
    this.#jobs = done - this.#before;
    this.#seconds = (now - this.#started) / 1_000;
    const rate = number(Math.round(this.#jobs / Math.max(this.#seconds, 0.001)));
    const text = `${number(done)} of ${number(done + left)} files, ${rate} jobs/s, ${number(failed)} failed`;
    if (this.#out.isTTY) {
      const filled = Math.floor((barWidth * done) / Math.max(1, done + left));
      const line = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${text}`;
      this.#out.write(`\r${line.slice(0, (this.#out.columns || 80) - 1)}\u001B[K`);
      this.#isDrawn = true;
    } else if (this.#jobs > 0 && now >= this.#nextLine) {
      this.#out.write(`${text}\n`);
      this.#nextLine = now + lineInterval;
    }
  }

  /** Writes a line of its own. */
  say(message: string): void {
    this.end();
    this.#out.write(`${message}\n`);
  }

  /** Leaves the bar's line; tells what was done since the first `show`, and in how many seconds. */
  end(): { jobs: number; seconds: number } {
    if (this.#isDrawn) this.#out.write('\n');
    this.#isDrawn = false;
    return { jobs: this.#jobs, seconds: this.#seconds };
  }
}
