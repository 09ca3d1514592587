// How far the stages are: a table that is redrawn on a terminal, else a line every few seconds.
import type { JobState } from 'lunaq';

/** ms between two lines where nothing can be redrawn. */
const lineInterval = 3_000;
const columns = ['waiting', 'deferred', 'active', 'done', 'failed'] as const;
const nameWidth = 6;
const columnWidth = 9;

export type Counts = Record<JobState, number>;

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
  /** Lines of the table above the cursor. */
  #drawn = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** Shows each stage. Jobs that had ended at the first call count as done, but not for the rate. */
  show(stages: Readonly<Record<string, Counts>>): void {
    const now = performance.now();
    const ended = Object.values(stages).reduce((sum, counts) => sum + endedOf(counts), 0);
    if (this.#started === 0) {
      this.#started = now;
      this.#before = ended;
    }
    this.#jobs = ended - this.#before;
    this.#seconds = (now - this.#started) / 1_000;
    if (this.#out.isTTY) {
      this.#draw(stages);
    } else if (this.#jobs > 0 && now >= this.#nextLine) {
      this.#out.write(`${lineOf(stages)}\n`);
      this.#nextLine = now + lineInterval;
    }
  }

  #draw(stages: Readonly<Record<string, Counts>>): void {
    const rate = number(Math.round(this.#jobs / Math.max(this.#seconds, 0.001)));
    const lines = [row('', columns), ...Object.entries(stages).map(stageRow), `${rate} jobs/s`];
    const width = (this.#out.columns || 80) - 1;
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A` : '';
    this.#out.write(up + lines.map((line) => `\r${line.slice(0, width)}\u001B[K\n`).join(''));
    this.#drawn = lines.length;
  }

  /** Writes a line of its own; a table goes on below it. */
  say(message: string): void {
    this.#drawn = 0;
    this.#out.write(`${message}\n`);
  }

  /** How many jobs have ended since the first `show`, and in how many seconds. */
  get total(): { jobs: number; seconds: number } {
    return { jobs: this.#jobs, seconds: this.#seconds };
  }
}

function endedOf({ completed, failed, cancelled }: Counts): number {
  return completed + failed + cancelled;
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(nameWidth) + cells.map((cell) => cell.padStart(columnWidth)).join('');
}

function stageRow([name, counts]: [string, Counts]): string {
  const { waiting, delayed, deferred, active, completed, failed, cancelled } = counts;
  const cells = [waiting + delayed, deferred, active, completed, failed + cancelled];
  return row(name, cells.map(number));
}

function lineOf(stages: Readonly<Record<string, Counts>>): string {
  const parts = Object.entries(stages).map(([name, counts]) => {
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const failed = counts.failed > 0 ? ` (${number(counts.failed)} failed)` : '';
    return `${name} ${number(endedOf(counts))} of ${number(all)}${failed}`;
  });
  return parts.join(', ');
}
