// Something that is looked at again and again: on a terminal it is drawn in place, elsewhere printed anew.
import { sleep } from '../deadline.js';
import { asError, isPassing, QueueError } from '../errors.js';
import { complain, line, type Output, type Styled } from './output.js';

/** Another screen without a cursor, on which long lines are cut; and back. */
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const restOfLine = '\u001b[K';
const restOfScreen = '\u001b[J';

/** One look: a document for scripts and lines for people. */
export interface Look {
  readonly document: unknown;
  readonly lines: readonly Styled[];
}

function write(out: Output, { document, lines }: Look): void {
  out.document(document);
  out.print(lines);
}

/** A screen of its own, as long as it is looked at. */
class Screen {
  #lines: readonly Styled[] = [];
  readonly #redraw = (): void => this.draw(this.#lines);

  constructor() {
    process.stdout.write(enter);
    process.stdout.on('resize', this.#redraw);
  }

  draw(lines: readonly Styled[]): void {
    this.#lines = lines;
    // Of a terminal that tells no size: 0.
    const rows = process.stdout.rows || 24;
    const shown = lines.length > rows ? lines.slice(0, rows - 1) : lines;
    const texts = shown.map(({ text }) => text + restOfLine);
    if (shown.length < lines.length)
      texts.push(`… ${lines.length - shown.length} more lines${restOfLine}`);
    process.stdout.write(home + texts.join('\n') + restOfScreen);
  }

  leave(): void {
    process.stdout.off('resize', this.#redraw);
    process.stdout.write(leave);
  }
}

/** A server that is away for a while, or refuses for a while, does not end the view. */
function passes(thrown: unknown): thrown is QueueError {
  return isPassing(thrown) || (thrown instanceof QueueError && thrown.code === 'REDIS');
}

/** Looks every `interval` ms until a signal comes; once without an interval. */
export async function watch(
  out: Output,
  look: () => Promise<Look>,
  interval: number | undefined,
): Promise<void> {
  if (interval === undefined) {
    write(out, await look());
    return;
  }
  const over = new AbortController();
  const stop = (): void => over.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  const screen = out.isTerminal && !out.json ? new Screen() : undefined;
  try {
    for (let first = true; !over.signal.aborted; first = false) {
      const began = performance.now();
      await lookOnce(out, look, { screen, first }, over.signal);
      await sleep(Math.max(0, interval - (performance.now() - began)), over.signal);
    }
  } finally {
    screen?.leave();
    for (const signal of signals) process.off(signal, stop);
  }
}

async function lookOnce(
  out: Output,
  look: () => Promise<Look>,
  { screen, first }: { screen: Screen | undefined; first: boolean },
  over: AbortSignal,
): Promise<void> {
  try {
    // Whoever ends the view does not wait for a server that does not answer.
    const seen = await unlessAborted(look(), over);
    if (!seen) return;
    if (screen) screen.draw(seen.lines);
    else {
      if (!first) out.print(line``);
      write(out, seen);
    }
  } catch (thrown) {
    if (!passes(thrown)) throw asError(thrown);
    if (screen) screen.draw([out.style('red', thrown.message)]);
    else complain(thrown.message);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop);
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
