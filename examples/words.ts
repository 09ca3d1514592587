// Counting the words of a text, and the form in which jobs return them.

/** Words by how often they occur: `{ 1: 'once other', 2: 'twice' }`. Hardly larger than the text. */
export type WordCounts = Record<number, string>;

/** Adds the words of a text: two letters or more, upper and lower case the same. */
export function countWords(sums: Map<string, number>, text: string): void {
  for (const word of text.toLowerCase().match(/\p{L}{2,}/gu) ?? [])
    sums.set(word, (sums.get(word) ?? 0) + 1);
}

/** Adds what was counted elsewhere. */
export function addCounts(sums: Map<string, number>, counts: WordCounts): void {
  for (const [count, words] of Object.entries(counts))
    for (const word of words.split(' ')) sums.set(word, (sums.get(word) ?? 0) + Number(count));
}

export function byCount(sums: ReadonlyMap<string, number>): WordCounts {
  const words: Record<number, string[]> = {};
  for (const [word, count] of sums) (words[count] ??= []).push(word);
  return Object.fromEntries(Object.entries(words).map(([count, list]) => [count, list.join(' ')]));
}

/** Drops the rarest words, so that the others take so many bytes at most; tells how often a dropped one occurs at most. */
export function cutTo(counts: WordCounts, bytes: number): { kept: WordCounts; dropped: number } {
  const kept: WordCounts = {};
  let left = bytes;
  for (const [count, words] of Object.entries(counts).toReversed()) {
    left -= Buffer.byteLength(words);
    if (left < 0) return { kept, dropped: Number(count) };
    kept[Number(count)] = words;
  }
  return { kept, dropped: 0 };
}
