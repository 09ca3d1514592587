// What the command writes: lines for people or JSON on stdout, complaints on stderr, a line each.
import { styleText } from 'node:util';
import { safe, toJson, withoutSecrets } from './text.js';

type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

// oxlint-disable-next-line no-control-regex -- all of ASCII
const isAscii = /^[\u0000-\u007f]*$/;
const characters = new Intl.Segmenter();

/** Text that is fit to be written, with the columns that it takes. */
export class Styled {
  readonly text: string;
  readonly width: number;

  constructor(text: string, width: number) {
    this.text = text;
    this.width = width;
  }
}

/** A piece of a line. Plain text is made safe where it is written. */
export type Piece = string | number | Styled;

function styled(piece: Piece): Styled {
  if (piece instanceof Styled) return piece;
  const text = safe(piece);
  // Characters, as far as they can be told apart without a table of their widths.
  return new Styled(text, isAscii.test(text) ? text.length : [...characters.segment(text)].length);
}

/** A line put together from a template, whose values may come from anywhere. */
export function line(strings: TemplateStringsArray, ...pieces: Piece[]): Styled {
  let text = strings[0] ?? '';
  let width = text.length;
  for (const [at, piece] of pieces.entries()) {
    const made = styled(piece);
    const after = strings[at + 1] ?? '';
    text += made.text + after;
    width += made.width + after.length;
  }
  return new Styled(text, width);
}

export class Output {
  readonly json: boolean;
  /** Whether stdout is a terminal that can be drawn on. */
  readonly isTerminal: boolean;
  readonly #colour: boolean;
  /** Called when stdout takes nothing more; 0: nobody reads it any more. */
  onBroken: (code: 0 | 1) => void = (code) => process.exit(code);

  constructor(json: boolean) {
    this.json = json;
    this.isTerminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb';
    this.#colour = this.isTerminal && !process.env['NO_COLOR'];
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') this.onBroken(0);
      else {
        complain(error.message);
        this.onBroken(1);
      }
    });
  }

  style(format: Format, piece: Piece): Styled {
    const { text, width } = styled(piece);
    return new Styled(this.#colour ? styleText(format, text) : text, width);
  }

  /** Lines for people; where scripts read JSON, nothing. */
  print(lines: Styled | readonly Styled[]): void {
    if (this.json) return;
    const texts = [lines].flat().map(({ text }) => text);
    process.stdout.write(`${texts.join('\n')}\n`);
  }

  /** A document on one line; only with `--json`. */
  document(value: unknown): void {
    if (this.json) process.stdout.write(`${toJson(value)}\n`);
  }
}

/** Columns under each other: those whose names begin with `>` end at the same place. */
export function table(
  out: Output,
  columns: readonly string[],
  rows: readonly (readonly Piece[])[],
): Styled[] {
  const names = columns.map((column) => out.style('dim', column.replace('>', '')));
  const cells = [names, ...rows.map((row) => row.map(styled))];
  const widths = columns.map((_, at) =>
    cells.reduce((widest, row) => Math.max(widest, row[at]?.width ?? 0), 0),
  );
  return cells.map((row) => {
    const last = row.findLastIndex((cell) => cell.width > 0);
    const padded = row.slice(0, last + 1).map(({ text, width }, at) => {
      const padding = ' '.repeat((widths[at] ?? 0) - width);
      if (columns[at]?.startsWith('>')) return padding + text;
      return at === last ? text : text + padding;
    });
    return new Styled(padded.join('  '), 0);
  });
}

/** One line on stderr. */
export function complain(text: string): void {
  process.stderr.write(`lunaq: ${safe(withoutSecrets(text))}\n`);
}
