// Encrypts what is stored of jobs, under keys that can be replaced. To be copied.
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import { CodecError, type Codec, type CodecPlace } from 'lunaq';

// #region aes
const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts under the key named `current`; decrypts under every one of `keys`, which have 256 bits and names of up to 255 bytes. */
export function aes(keys: ReadonlyMap<string, KeyObject>, current: string): Codec {
  const keyOf = (id: string): KeyObject => {
    const key = keys.get(id);
    if (key) return key;
    throw new CodecError(`unknown key ${JSON.stringify(id)}`);
  };
  keyOf(current);

  return {
    name: 'aes-gcm',
    // Length and name of the key, nonce, tag, ciphertext.
    encode: (json, place) => {
      const id = Buffer.from(current);
      // A new one for each text: GCM must see none twice under one key.
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, keyOf(current), nonce);
      cipher.setAAD(boundTo(current, place));
      const text = Buffer.concat([cipher.update(json), cipher.final()]);
      return Buffer.concat([Buffer.of(id.length), id, nonce, cipher.getAuthTag(), text]);
    },
    decode: (bytes, place) => {
      let at = 1 + (bytes[0] ?? 0);
      const id = bytes.toString('utf8', 1, at);
      const nonce = bytes.subarray(at, (at += nonceBytes));
      const tag = bytes.subarray(at, (at += tagBytes));
      if (tag.length < tagBytes) throw new CodecError('it was cut off');
      const decipher = createDecipheriv(algorithm, keyOf(id), nonce, { authTagLength: tagBytes });
      decipher.setAAD(boundTo(id, place)).setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(bytes.subarray(at)), decipher.final()]);
      } catch {
        throw new CodecError(`not what was encrypted here under key ${JSON.stringify(id)}`);
      }
    },
  };
}

/** What the tag covers beside the text: elsewhere, or under the name of another key, it does not decrypt. */
function boundTo(key: string, { queue, id, part }: CodecPlace): Buffer {
  return Buffer.from(JSON.stringify([key, queue, id, part]));
}
// #endregion
