// What commands show in the place of what is encoded: they have no codec, and look all the same.
import type { Codec } from '../codec.js';

/** Decodes nothing, and tells what there is. */
export const encoded: Codec = {
  name: '*',
  encode: () => undefined,
  decode: ({ length: bytes }, { part }, name) => {
    const text = `encoded by ${name}, ${bytes} bytes`;
    if (part === 'failure') return JSON.stringify({ failedReason: text });
    return JSON.stringify(part === 'log' ? text : { encoded: name, bytes });
  },
};
