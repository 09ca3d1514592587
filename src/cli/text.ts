// Text from elsewhere made fit for a terminal and for JSON: names, reasons and logs may hold anything.

/** Control characters, those that turn the direction of text or break lines, and lone surrogates. */
const unfit =
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/gu;

function codeOf(character: string): string {
  return character.charCodeAt(0).toString(16);
}

/** One line for people: what could move the cursor or hide text stands there as its code. */
export function safe(text: string | number): string {
  return String(text).replaceAll(unfit, (character) => {
    const code = codeOf(character);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/** One line of JSON in which no control character is left. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replaceAll(unfit, (character) => `\\u${codeOf(character).padStart(4, '0')}`);
}

/** Between `://` or the user and the last `@` of the word; and as a parameter. */
const secrets = [/(?<=:\/\/[^\s:@]*:)\S*(?=@)/g, /(?<=[?&](?:\w*password)=)[^\s&#]*/gi];

/** Text without the passwords of URLs in it. */
export function withoutSecrets(text: string): string {
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
}

/** Where Redis is, without its password, however it was written. */
export function shownUrl(url: string): string {
  return withoutSecrets(url.replace(/^((?:[^:]*:\/\/)?[^:@]*:)[\s\S]*@/, '$1***@'));
}

const units = [
  { name: 'd', seconds: 86_400, next: 'h' },
  { name: 'h', seconds: 3_600, next: 'm' },
  { name: 'm', seconds: 60, next: 's' },
] as const;

/** A span of ms in at most two units. */
export function span(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  if (rounded < 1_000) return `${rounded} ms`;
  if (rounded < 60_000) return `${(Math.floor(rounded / 10) / 100).toFixed(2)} s`;
  const seconds = Math.floor(rounded / 1_000);
  const unit = units.find((one) => seconds >= one.seconds) ?? units[2];
  const rest = Math.floor(
    (seconds % unit.seconds) / (unit.seconds === 86_400 ? 3_600 : unit.seconds / 60),
  );
  return `${Math.floor(seconds / unit.seconds)}${unit.name} ${String(rest).padStart(2, '0')}${unit.next}`;
}

export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
