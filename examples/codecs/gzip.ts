// Compresses what is stored of jobs. To be copied.
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Codec } from 'lunaq';

// #region gzip
export const gzip: Codec = {
  name: 'gzip',
  // Of short texts nothing is gained: they stay as they are.
  encode: (json) => (json.length < 1_024 ? undefined : gzipSync(json)),
  // A few bytes may unpack to gigabytes: no more than the greatest limit of data.
  decode: (bytes) => gunzipSync(bytes, { maxOutputLength: 64 * 1024 * 1024 }),
};
// #endregion
