// As much of the protocol of Redis as a proxy has to know: the first words of a command, and where replies end.

const lineEnd = '\r\n';
/** How a message of a channel begins, by RESP2 or RESP3. */
const message = /^[*>]3\r\n\$7\r\nmessage\r\n/;

/** The first words of a command, which is an array of bulk strings. */
export function wordsOf(command: Buffer, most: number): string[] {
  const words: string[] = [];
  let at = command.indexOf(lineEnd) + 2;
  const count = Math.min(most, Number(command.subarray(1, at - 2)));
  while (words.length < count) {
    const stop = command.indexOf(lineEnd, at);
    const length = Number(command.subarray(at + 1, stop));
    words.push(command.subarray(stop + 2, stop + 2 + length).toString('latin1'));
    at = stop + 4 + length;
  }
  return words;
}

/** Where the reply ends that begins at `at`; -1 while a part of it is missing. */
function replyEnd(bytes: Buffer, at: number): number {
  const stop = bytes.indexOf(lineEnd, at);
  if (stop < 0) return -1;
  const kind = String.fromCharCode(bytes[at] ?? 0);
  const count = Number(bytes.subarray(at + 1, stop));
  let end = stop + 2;
  if (kind === '$' || kind === '=') {
    if (count >= 0) end += count + 2;
    return bytes.length < end ? -1 : end;
  }
  if (!'*>~%'.includes(kind)) return end;
  for (let left = kind === '%' ? 2 * count : count; left > 0; left -= 1) {
    end = replyEnd(bytes, end);
    if (end < 0) return -1;
  }
  return end;
}

/** Finds the replies in what a server sends, however it is cut into chunks. */
export class RepliesReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The replies that these bytes complete. A message of a channel answers nothing. */
  read(bytes: Buffer): { reply: Buffer; isMessage: boolean }[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const replies: { reply: Buffer; isMessage: boolean }[] = [];
    for (let end = replyEnd(this.#rest, 0); end > 0; end = replyEnd(this.#rest, 0)) {
      const reply = this.#rest.subarray(0, end);
      const isMessage = message.test(reply.subarray(0, 20).toString('latin1'));
      replies.push({ reply, isMessage });
      this.#rest = this.#rest.subarray(end);
    }
    return replies;
  }
}
