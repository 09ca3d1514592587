// What a file exports, as an ES module or as CommonJS: handlers, and the codec by which jobs are read.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codecList, type Codec } from '../codec.js';
import { asError } from '../errors.js';
import type { Handler, Handlers } from '../handlers.js';
import { CommandError } from './errors.js';

type Exports = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Exports {
  return typeof value === 'object' && value !== null;
}

/** What compilers to CommonJS mean by a default export. */
function unwrapped(value: unknown): unknown {
  return isObject(value) && value['__esModule'] === true ? (value['default'] ?? value) : value;
}

/** A function of this name is the handler of jobs of this name. */
function isCodec(name: string, value: unknown): boolean {
  return name === 'codec' && typeof value !== 'function';
}

/** A handler for each job name. Throws CommandError when a value is no function. */
function table(file: string, handlers: Exports): Handlers {
  const entries = Object.entries(handlers).filter(
    ([name, value]) => name !== '__esModule' && !isCodec(name, value),
  );
  const wrong = entries.find(([, value]) => typeof value !== 'function');
  if (wrong)
    throw new CommandError(
      `${file}: expected a function as the handler of jobs named ${JSON.stringify(wrong[0])}, got ${typeof wrong[1]}`,
    );
  return Object.fromEntries(entries) as Handlers;
}

/** The handlers among the exports of a file. Throws CommandError when there are none. */
export function handlersOf(file: string, exports: Exports): Handler | Handlers {
  const given = unwrapped(exports['default']);
  const { handler, handlers } = exports;
  if (typeof given === 'function') return given as Handler;
  // The default export of CommonJS holds its named ones too.
  const others = isObject(given)
    ? Object.keys(given).filter(
        (name) => name !== '__esModule' && name !== 'default' && !isCodec(name, given[name]),
      )
    : [];
  if (isObject(handlers)) return table(file, handlers);
  if (typeof handler === 'function' && others.every((name) => name === 'handler'))
    return handler as Handler;
  if (isObject(given) && others.length > 0) return table(file, given);
  throw new CommandError(
    `${file}: expected a default export, either a handler or an object of handlers by job name, or an export named handler or handlers`,
  );
}

/** The codecs that the file exports as `codec`. Throws CommandError for what can't be. */
export function codecsOf(file: string, exports: Exports): readonly Codec[] {
  const given = unwrapped(exports['default']);
  const codec = [exports['codec'], isObject(given) ? given['codec'] : undefined].find(
    (value) => value !== undefined && isCodec('codec', value),
  );
  try {
    return codecList(codec);
  } catch (thrown) {
    throw new CommandError(`${file}: ${asError(thrown).message}`);
  }
}

/** What a file tells a worker. */
interface HandlerFile {
  readonly handlers: Handler | Handlers;
  readonly codec: readonly Codec[];
}

/** Imports a file, found from the working directory. */
async function load(file: string): Promise<Exports> {
  const path = resolve(file);
  if (!existsSync(path)) throw new CommandError(`${file}: no such file`);
  try {
    return (await import(pathToFileURL(path).href)) as Exports;
  } catch (thrown) {
    const error = asError(thrown);
    const { code } = error as NodeJS.ErrnoException;
    const advice =
      code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?tsx?$/.test(file)
        ? '; this Node.js runs no TypeScript, so compile it first'
        : '';
    const name = error.name === 'Error' ? '' : `${error.name}: `;
    throw new CommandError(`can't load ${file}: ${name}${error.message}${advice}`, {
      cause: error,
    });
  }
}

/** The handlers of a file, and the codec of their jobs. */
export async function loadHandlers(file: string): Promise<HandlerFile> {
  const exports = await load(file);
  return { handlers: handlersOf(file, exports), codec: codecsOf(file, exports) };
}

/** The codecs of a file that is named for their sake: they may be its default export too. */
export async function loadCodecs(file: string): Promise<readonly Codec[]> {
  const exports = await load(file);
  const named = codecsOf(file, exports);
  if (named.length > 0) return named;
  const codecs = codecsOf(file, { codec: unwrapped(exports['default']) });
  if (codecs.length > 0) return codecs;
  throw new CommandError(`${file}: expected an export named codec, or a codec as default export`);
}
