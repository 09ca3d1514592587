// Counting the words of a text, and the form in which a job returns them.

/** Words by how often they occur: `{ 1: 'once other', 2: 'twice' }`. Hardly larger than the text, so it fits a result. */
export type WordCounts = Record<number, string>;

/** Counts words: two letters or more, upper and lower case the same. */
export function wordCounts(text: string): WordCounts {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().match(/\p{L}{2,}/gu) ?? [])
    counts.set(word, (counts.get(word) ?? 0) + 1);
  const byCount: Record<number, string[]> = {};
  for (const [word, count] of counts) (byCount[count] ??= []).push(word);
  return Object.fromEntries(
    Object.entries(byCount).map(([count, words]) => [count, words.join(' ')]),
  );
}

/** Adds the words of one text to the sums of many. */
export function addCounts(sums: Map<string, number>, counts: WordCounts): void {
  for (const [count, words] of Object.entries(counts))
    for (const word of words.split(' ')) sums.set(word, (sums.get(word) ?? 0) + Number(count));
}
