// Turns lua/<name>.lua into the text that Redis runs: the shebang, the shared functions that its
// header names, its body. Comments and blank lines stay behind, so that a better comment does not change the SHA.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Parts of one script file: its shebang line, the shared functions its header names, its code. */
export function readScript(folder, name) {
  const lines = readFileSync(join(folder, `${name}.lua`), 'utf8').split('\n');
  const shebang = lines[0].startsWith('#!') ? lines[0] : '';
  const uses = lines
    .filter((line) => line.startsWith('-- USES '))
    .flatMap((line) =>
      line
        .slice('-- USES '.length)
        .trim()
        .split(/[\s,]+/),
    );
  const body = lines.slice(shebang ? 1 : 0).filter((line) => !/^\s*(--.*)?$/.test(line));
  return { shebang, uses, body };
}

/** The whole text of a script, shared functions in the order in which its header names them. */
export function expandScript(folder, name) {
  const { shebang, uses, body } = readScript(folder, name);
  const shared = uses.flatMap((used) => readScript(join(folder, 'shared'), used).body);
  return [shebang, ...shared, ...body].filter((line) => line !== '').join('\n') + '\n';
}
