// What an installed lunaq brings along, read from the lock file: nothing that is not known here, nothing that runs at the installation.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly peer?: boolean;
  readonly hasInstallScript?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const root = join(import.meta.dirname, '../..');
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const all = Object.entries(lock.packages).filter(([place]) => place !== '');
const at = (name: string): Locked => lock.packages[`node_modules/${name}`] ?? {};

/** A package and all that it needs, as npm lays them out here: flat. */
function treeOf(names: Iterable<string>, tree = new Set<string>()): Set<string> {
  for (const name of names)
    if (!tree.has(name)) {
      tree.add(name);
      treeOf(Object.keys(at(name).dependencies ?? {}), tree);
    }
  return tree;
}

const own = lock.packages[''] ?? {};
const runtime = treeOf(Object.keys(own.dependencies ?? {}));
const peers = Object.keys(own.peerDependencies ?? {});
const isOptional = (name: string) => own.peerDependenciesMeta?.[name]?.optional === true;
/** With the peer that every user has: ioredis. */
const running = treeOf([...runtime, ...peers.filter((name) => !isOptional(name))]);

/** Each with the reason why it is there. A new one belongs here only after a look at it. */
const known: Readonly<Record<string, string>> = {
  commander: 'the command line of `lunaq`',
};

/** Of the peer, which its users choose. */
const ofIoredis = new Set([
  '@ioredis/commands',
  'cluster-key-slot',
  'debug',
  'denque',
  'ioredis',
  'ms',
  'redis-errors',
  'redis-parser',
  'standard-as-callback',
]);

test('lunaq installs what is known here, and nothing else', () => {
  expect([...runtime].toSorted()).toEqual(Object.keys(known).toSorted());
  const installed = all.filter(([, { dev, peer }]) => dev !== true && peer !== true);
  expect(installed.map(([place]) => place)).toEqual(
    [...runtime].map((name) => `node_modules/${name}`),
  );
});

test('the one peer that a user may have besides is testcontainers, which npm does not install', () => {
  expect(peers.filter(isOptional)).toEqual(['testcontainers']);
  expect(lock.packages).not.toHaveProperty('node_modules/testcontainers');
});

test('beside it stands ioredis with what it needs', () => {
  const others = [...running].filter((name) => !runtime.has(name));
  expect(others.filter((name) => !ofIoredis.has(name))).toEqual([]);
});

test.each([...running])(
  '%s is pinned by its hash, runs nothing when it is installed, and has a permissive licence',
  (name) => {
    const locked = at(name);
    expect(locked.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(locked.integrity).toMatch(/^sha512-/);
    expect(locked.hasInstallScript).toBeUndefined();
    expect(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause']).toContain(locked.license);
  },
);

/** Whether a range of `engines` takes Node 20.19: `>=20`, `>= 12.22.0`, `^20.19.0 || >=22`. */
function takesNode20(range: string): boolean {
  return range.split('||').some((part) => {
    const [, sign, major = '0', minor = '0'] =
      /^\s*(>=|\^)?\s*v?(\d+)(?:\.(\d+))?/.exec(part) ?? [];
    const below = Number(major) < 20 || (Number(major) === 20 && Number(minor) <= 19);
    return sign === '>=' ? below : Number(major) === 20 && below;
  });
}

test.each([...running])('%s runs on Node 20.19', (name) => {
  const { node = '>=0' } = at(name).engines ?? {};
  expect(takesNode20(node)).toBe(true);
});

test('the lock file names no registry, so that everybody takes his own', () => {
  expect(all.flatMap(([place, { resolved }]) => (resolved === undefined ? [] : [place]))).toEqual(
    [],
  );
});
