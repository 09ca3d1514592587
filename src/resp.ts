// The protocol of Redis, as far as we write it ourselves.

/** The heads of short words: most lengths are seen again and again. */
const heads = Array.from({ length: 1_024 }, (_, length) => `\r\n$${length}\r\n`);

/** A command as it goes over the wire. Its lines are chained where they meet, which spares a copy for each word. */
export function encode(words: readonly (string | number)[]): string {
  let text = `*${words.length}`;
  for (const word of words) {
    const value = typeof word === 'string' ? word : String(word);
    const length = Buffer.byteLength(value);
    text += (heads[length] ?? `\r\n$${length}\r\n`) + value;
  }
  return `${text}\r\n`;
}
