// Figures and names as people read them.

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const unfit = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\p{Cs}]/gu;

/**
 * One line without what could move the cursor or hide text.
 *
 * @param {string} text
 */
export function safe(text) {
  return text.replaceAll(unfit, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/**
 * Where Redis is, and how to write about it without its password.
 *
 * @param {string} url
 */
export function hiding(url) {
  if (!URL.canParse(url)) return { place: safe(url), hide: safe };
  const { protocol, host, pathname, password, search } = new URL(url);
  // ioredis takes a password from the parameters, too.
  const parameter = new URLSearchParams(search).get('password') ?? '';
  const secrets = [password, decoded(password), parameter, encodeURIComponent(parameter)].filter(
    (secret) => secret !== '',
  );
  return {
    place: safe(`${protocol}//${host}${pathname === '/' ? '' : pathname}`),
    /** @type {(text: string) => string} */
    hide: (text) =>
      safe(secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text)),
  };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * @param {number} value
 * @param {number} [digits]
 */
export function figure(value, digits = 0) {
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** Digits so that about three count. */
function digitsOf(value) {
  if (value >= 100) return 0;
  return value >= 10 ? 1 : 2;
}

/** @param {number | null} ms */
export function duration(ms) {
  if (ms === null) return '-';
  if (ms < 1_000) return `${figure(ms, digitsOf(ms))} ms`;
  return `${figure(ms / 1_000, digitsOf(ms / 1_000))} s`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1e6) return `${figure(bytes / 1e3, digitsOf(bytes / 1e3))} kB`;
  if (bytes < 1e9) return `${figure(bytes / 1e6, digitsOf(bytes / 1e6))} MB`;
  return `${figure(bytes / 1e9, digitsOf(bytes / 1e9))} GB`;
}

/** @param {number | null} share of one core */
export function percent(share) {
  return share === null ? '-' : `${figure(share * 100, 0)} %`;
}

/**
 * @param {number} count
 * @param {string} what
 */
export function plural(count, what) {
  return `${figure(count)} ${what}${count === 1 ? '' : 's'}`;
}
