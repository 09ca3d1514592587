// A set of job indexes, a bit each, that can be sent between processes.

const ones = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});

export class Bits {
  /** To be sent, and given to `merge`. */
  bytes;

  /** @param {number} size */
  constructor(size) {
    this.bytes = new Uint8Array(Math.ceil(size / 8));
  }

  /** @param {number} index */
  add(index) {
    this.bytes[index >> 3] |= 1 << (index & 7);
  }

  /** @param {Uint8Array} bytes of a set of the same size */
  merge(bytes) {
    for (let at = 0; at < bytes.length; at += 1) this.bytes[at] |= bytes[at];
  }

  count() {
    return this.bytes.reduce((sum, byte) => sum + ones[byte], 0);
  }

  /**
   * How many are here and in none of the others.
   *
   * @param {readonly Bits[]} others of the same size
   */
  countWithout(...others) {
    return this.bytes.reduce((sum, byte, at) => {
      const elsewhere = others.reduce((seen, other) => seen | other.bytes[at], 0);
      return sum + ones[byte & ~elsewhere];
    }, 0);
  }
}
