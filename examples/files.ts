// The files to count, and their names as ids and on a terminal.
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a job is given. */
export interface FileJob {
  readonly path: string;
}

/** Files above this many bytes are left out. */
const maxBytes = 1024 * 1024;

/** Regular files below a folder, up to 1 MiB each; links and `.git` are not followed. What is left out is told to `leaveOut`. */
export async function* filesBelow(
  folder: string,
  leaveOut: (reason: string) => void,
): AsyncGenerator<string> {
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for await (const entry of entriesOf(at, leaveOut)) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== '.git') folders.push(path);
      } else if (entry.isFile()) {
        const bytes = await lstat(path).then(
          (stats) => stats.size,
          () => undefined,
        );
        if (bytes === undefined) leaveOut('unreadable');
        else if (bytes > maxBytes) leaveOut('larger than 1 MiB');
        else yield path;
      }
    }
  }
}

async function* entriesOf(
  folder: string,
  leaveOut: (reason: string) => void,
): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch {
    leaveOut('unreadable');
  }
}

/** The items in order, some at a time. */
export async function* inChunks<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** The same id for the same text: itself if it may be an id, else a hash of it. */
export function idOf(text: string): string {
  const fits = Buffer.byteLength(text) <= 256 && !/\p{Cc}/u.test(text);
  return fits ? text : createHash('sha256').update(text).digest('hex');
}

/** Text from outside for a terminal: nothing in it moves the cursor, colours or turns what follows. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
