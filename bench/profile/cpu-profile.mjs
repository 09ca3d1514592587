// From a .cpuprofile of V8 to who took the time: functions, files of Lunaq, owners. Nothing is read or written here.

/**
 * @typedef {object} ProfileNode
 * @property {number} id
 * @property {{ functionName: string, url: string, lineNumber: number }} callFrame the line counts from 0
 * @property {number[]} [children]
 *
 * @typedef {object} CpuProfile
 * @property {ProfileNode[]} nodes
 * @property {number} startTime µs
 * @property {number[]} samples the node that was on top
 * @property {number[]} timeDeltas µs since the sample before, the first since the start
 *
 * @typedef {{ from: number, to: number }} Window on the clock of the profile (µs)
 *
 * @typedef {object} FunctionShare
 * @property {string} name
 * @property {string} place file and line, or whose it is
 * @property {string} owner
 * @property {number} selfMs
 * @property {number} totalMs what it called included
 * @property {number} share of the time in which the process was not idle, by self time
 *
 * @typedef {object} Share
 * @property {string} name
 * @property {number} selfMs
 * @property {number} share
 *
 * @typedef {object} ProfileSummary
 * @property {number} busyMs
 * @property {number} idleMs
 * @property {FunctionShare[]} functions by self time, the longest first
 * @property {Share[]} owners
 * @property {Share[]} files of Lunaq
 */

export const owners = {
  lunaq: 'Lunaq',
  client: 'ioredis and its parser',
  packages: 'other packages',
  node: 'Node, JavaScript',
  writes: 'Node, socket writes',
  native: 'Node, other native code and V8',
  collector: 'garbage collector',
  bench: 'the bench itself',
};

const clientPackages =
  /\/node_modules\/(@ioredis\/|ioredis\/|redis-parser\/|redis-errors\/|denque\/|standard-as-callback\/|cluster-key-slot\/)/;
/** Methods of a stream's native handle, and of the C library below it. */
const writeNames = /^(writev|write(Buffer|Utf8String|Latin1String|AsciiString|Ucs2String))$/;

/** The innermost one: a clone may lie in a folder of such a name. */
const folderOf = /^.*\/(dist|bench)\//;

/** @param {ProfileNode['callFrame']} frame */
export function ownerOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return owners.collector;
  if (url === '') return writeNames.test(functionName) ? owners.writes : owners.native;
  if (url.startsWith('node:')) return owners.node;
  if (clientPackages.test(url)) return owners.client;
  if (url.includes('/node_modules/')) return owners.packages;
  return folderOf.exec(url)?.[1] === 'bench' ? owners.bench : owners.lunaq;
}

/** `dist/cycle.js:42`, `ioredis/built/Redis.js:7`, `node:net:9`; for native code whose it is. */
export function placeOf(frame) {
  const { url, lineNumber } = frame;
  if (url === '') return ownerOf(frame);
  const path = url.startsWith('node:')
    ? url
    : url.replace(/^.*\/(?:node_modules\/|(?=(?:dist|bench)\/))/, '');
  return `${path}:${lineNumber + 1}`;
}

/**
 * @param {CpuProfile} profile
 * @param {Window} [window] the whole profile without it
 * @returns {ProfileSummary}
 */
export function summaryOf(profile, window = { from: 0, to: Number.POSITIVE_INFINITY }) {
  const self = selfTimes(profile, window);
  const functions = new Map();
  const shares = { owners: new Map(), files: new Map() };
  let idle = 0;
  let busy = 0;
  const visit = (node, path) => {
    const own = self.get(node.id) ?? 0;
    const { functionName } = node.callFrame;
    if (functionName === '(idle)') {
      idle += own;
      return own;
    }
    const key = `${functionName} ${node.callFrame.url}:${node.callFrame.lineNumber}`;
    const within = path.includes(key) ? path : [...path, key];
    let total = own;
    for (const child of childrenOf(profile, node)) total += visit(child, within);
    if (functionName === '(root)') return total;
    busy += own;
    const entry = functions.get(key) ?? { frame: node.callFrame, self: 0, total: 0 };
    entry.self += own;
    // A function that called itself is in its own total once.
    if (within !== path) entry.total += total;
    functions.set(key, entry);
    const owner = ownerOf(node.callFrame);
    add(shares.owners, owner, own);
    if (owner === owners.lunaq)
      add(shares.files, placeOf(node.callFrame).replace(/:\d+$/, ''), own);
    return total;
  };
  visit(profile.nodes[0], []);
  const ranked = [...functions.values()].toSorted((a, b) => b.self - a.self);
  return {
    busyMs: busy / 1_000,
    idleMs: idle / 1_000,
    functions: ranked.map(({ frame, self: own, total }) => ({
      name: frame.functionName || '(anonymous)',
      place: placeOf(frame),
      owner: ownerOf(frame),
      selfMs: own / 1_000,
      totalMs: total / 1_000,
      share: busy > 0 ? own / busy : 0,
    })),
    owners: sharesOf(shares.owners, busy),
    files: sharesOf(shares.files, busy),
  };
}

/** Self time (µs) of each node, of samples within the window. */
function selfTimes({ startTime, samples, timeDeltas }, { from, to }) {
  const self = new Map();
  let time = startTime;
  for (const [index, id] of samples.entries()) {
    time += timeDeltas[index];
    // What is on top at a sample is held to be there until the next one.
    const lasts = timeDeltas[index + 1] ?? 0;
    if (time >= from && time < to) add(self, id, Math.max(0, lasts));
  }
  return self;
}

const nodesById = new WeakMap();

function childrenOf(profile, node) {
  let byId = nodesById.get(profile);
  if (!byId) {
    byId = new Map(profile.nodes.map((each) => [each.id, each]));
    nodesById.set(profile, byId);
  }
  return (node.children ?? []).map((id) => byId.get(id));
}

function add(sums, key, value) {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

/** @returns {Share[]} */
function sharesOf(sums, whole) {
  return [...sums]
    .filter(([, micros]) => micros > 0)
    .map(([name, micros]) => ({
      name,
      selfMs: micros / 1_000,
      share: whole > 0 ? micros / whole : 0,
    }))
    .toSorted((a, b) => b.selfMs - a.selfMs);
}
