// The one way in which text that was stored becomes values again. JSON may name a member `__proto__`; whoever then copies that member
// onto an object of his own (`Object.assign`, a deep merge) changes that object's prototype. So it is left out, at any depth.

/** `__proto__`, or an escape that one of its characters may be written as; the other texts that have those just take the longer way. */
const suspicious = /__proto__|\\u00[567]/;

function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

/** Throws SyntaxError for what is no JSON. */
export function revive(text: string): unknown {
  // Looking for it costs a tenth of what parsing does, a reviver costs many times that.
  try {
    return suspicious.test(text) ? JSON.parse(text, withoutPrototype) : JSON.parse(text);
  } catch {
    // What JSON.parse throws quotes the text, which may be anybody's secret.
    throw new SyntaxError('it is no JSON');
  }
}
