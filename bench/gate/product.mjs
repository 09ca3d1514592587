// What the gate measures: the package as it was built, or a copy of it with the Lua scripts of another folder.
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expandScript } from '../../tools/expand.mjs';

const root = join(import.meta.dirname, '../..');

/**
 * @typedef {object} Product
 * @property {import('../../dist/index.js')} api
 * @property {typeof import('../libraries/lunaq.mjs')} library the same as loads see it
 * @property {typeof import('../../dist/scripts.js')} scripts the catalogue
 * @property {typeof import('../../dist/script.js').callOf} callOf
 * @property {typeof import('../../dist/keys.js').queueKeys} queueKeys
 * @property {() => Promise<void>} close
 */

/**
 * @param {string | undefined} lua a folder like lua/; without it the scripts are those of dist/
 * @returns {Promise<Product>}
 */
export async function openProduct(lua) {
  if (lua === undefined) return await load(root, async () => {});
  const folder = await mkdtemp(join(tmpdir(), 'lunaq-gate-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const dist = join(folder, 'dist');
    await cp(join(root, 'dist'), dist, {
      recursive: true,
      filter: (file) => !/\.(ts|map)$/.test(file),
    });
    await cp(join(root, 'package.json'), join(folder, 'package.json'));
    const peers = join(root, 'bench/node_modules');
    const filter = (file) => file !== peers;
    await cp(join(root, 'bench'), join(folder, 'bench'), { recursive: true, filter });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    await writeFile(join(dist, 'generated/lua.js'), await embedded(lua));
    return await load(folder, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** The module with the texts of all scripts of a folder, as tools/build.mjs makes it. */
async function embedded(lua) {
  const files = (await readdir(lua)).filter((file) => file.endsWith('.lua'));
  const names = files.map((file) => file.slice(0, -'.lua'.length));
  const sources = Object.fromEntries(names.map((name) => [name, expandScript(lua, name)]));
  return `export const luaSources = ${JSON.stringify(sources)};\n`;
}

/** @returns {Promise<Product>} */
async function load(folder, close) {
  const files = ['dist/index.js', 'dist/scripts.js', 'dist/script.js', 'dist/keys.js'];
  const [api, scripts, { callOf }, { queueKeys }, library] = await Promise.all(
    [...files, 'bench/libraries/lunaq.mjs'].map(
      (file) => import(pathToFileURL(join(folder, file)).href),
    ),
  );
  return { api, library, scripts, callOf, queueKeys, close };
}
