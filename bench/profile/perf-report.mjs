// From what `perf report` prints to the parts of a server that took the CPU. Pure.

/**
 * @typedef {object} PerfRow
 * @property {number} samples
 * @property {string} object executable or library, or the kernel
 * @property {string} symbol an address where there is no name
 * @property {boolean} isKernel
 */

export const parts = {
  lua: 'Lua: interpreter and its libraries',
  commands: 'commands, data structures, protocol',
  allocator: 'memory allocator',
  kernel: 'kernel: sockets, scheduler',
  unnamed: 'functions without a name',
};

const allocator = /^(z?(malloc|free|calloc|realloc)|zmalloc\w*|zfree\w*|ztry\w+|malloc_usable_size|je_\w+|_int_(malloc|free)|cfree)$/; // prettier-ignore
const luaName = /^(lua_|luaL_|luaopen_)/;

/** @param {string} text fields sample, dso, symbol with `|` between @returns {PerfRow[]} most samples first */
export function rowsOf(text) {
  const rows = [];
  for (const line of text.split('\n')) {
    const [, samples, object, kind, symbol] =
      /^\s*(\d+)\s*\|\s*(\S+)\s*\|\s*\[(.)\]\s*(\S+)/.exec(line) ?? [];
    if (symbol === undefined) continue;
    rows.push({ samples: Number(samples), object, symbol, isKernel: kind === 'k' });
  }
  return rows.toSorted((a, b) => b.samples - a.samples);
}

/**
 * Where Lua lies in the executable: it is linked in one piece, and names its public functions also in a server without debug symbols.
 *
 * @param {ReadonlyMap<string, number>} names addresses by name
 */
export function luaRange(names) {
  const found = [...names].filter(([name]) => luaName.test(name)).map(([, address]) => address);
  return found.length === 0 ? undefined : { from: Math.min(...found), to: Math.max(...found) };
}

/**
 * @param {readonly PerfRow[]} rows
 * @param {string} executable name of the server's
 * @param {ReadonlyMap<string, number>} names of its functions
 * @returns {{ name: string, share: number }[]} largest first
 */
export function partsOf(rows, executable, names) {
  const range = luaRange(names);
  const sums = new Map();
  let whole = 0;
  for (const row of rows) {
    const part = partOf(row, executable, names, range);
    sums.set(part, (sums.get(part) ?? 0) + row.samples);
    whole += row.samples;
  }
  return [...sums]
    .map(([name, samples]) => ({ name, share: samples / whole }))
    .toSorted((a, b) => b.share - a.share);
}

function partOf({ object, symbol, isKernel }, executable, names, range) {
  if (isKernel) return parts.kernel;
  if (/jemalloc|tcmalloc/.test(object) || allocator.test(symbol)) return parts.allocator;
  if (/^lib(lua|luajit)/.test(object) || luaName.test(symbol)) return parts.lua;
  if (object !== executable) return parts.commands;
  const isAddress = symbol.startsWith('0x');
  const address = isAddress ? Number.parseInt(symbol, 16) : names.get(symbol);
  if (range && address !== undefined)
    return address >= range.from && address <= range.to ? parts.lua : parts.commands;
  return isAddress ? parts.unnamed : parts.commands;
}
