#!/usr/bin/env node
// The command `lunaq`: runs it and ends the process, whatever the handlers of a worker have left open.
import { complain } from './output.js';
import { run } from './program.js';
import { withoutSecrets } from './text.js';

/** Resolves when what was written has gone, or can't go any more. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}

// `ps` shows the arguments of a process to all users of its machine.
const typed = process.argv.slice(2).join(' ');
if (withoutSecrets(typed) !== typed) process.title = withoutSecrets(`lunaq ${typed}`);

// Nobody reads complaints or help any more; what commands print is seen to by Output.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
// In the form of all complaints; of holes in the server the doctor tells.
process.removeAllListeners('warning');
process.on('warning', (warning: Error & { code?: string }) => {
  if (warning.code !== 'LUNAQ_LUA_HOLES') complain(warning.message);
});
let code = 1;
try {
  code = await run(process.argv);
} catch (error) {
  complain(String(error));
}
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(code);
