// Where the server's own CPU goes, by `perf`, where that is there and allowed.
import { execFile, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { partsOf, rowsOf } from './perf-report.mjs';

const run = promisify(execFile);

/** Samples a second: no multiple of what timers do. */
const frequency = '997';
/** ms that perf gets to begin, or to say why it can't. */
const startTime = 500;
const largest = 64 * 1024 * 1024;
const topSymbols = 25;

/**
 * @typedef {object} PerfFound
 * @property {number} samples
 * @property {{ name: string, share: number }[]} parts
 * @property {{ symbol: string, object: string, share: number }[]} symbols
 *
 * @typedef {{ missing: string }} PerfMissing
 */

/**
 * Looks at a process until `stop` is called.
 *
 * @param {number} pid
 * @param {string} file for what perf records
 * @returns {Promise<{ stop: () => Promise<PerfFound | PerfMissing> }>}
 */
export async function watchProcess(pid, file) {
  const args = ['record', '-F', frequency, '-p', String(pid), '-o', file];
  const perf = spawn('perf', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  perf.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  let ended;
  const end = new Promise((resolve) => {
    const over = (why) => {
      ended = why;
      resolve();
    };
    perf.once('error', (error) => over(error.message));
    perf.once('exit', (code, signal) => over(`it has ended with ${signal ?? code}`));
  });
  await Promise.race([end, pause(startTime)]);
  return {
    async stop() {
      if (ended !== undefined) return { missing: reasonOf(ended, said) };
      perf.kill('SIGINT');
      await end;
      try {
        return await read(pid, file);
      } catch (error) {
        return { missing: reasonOf(error.message, error.stderr ?? '') };
      } finally {
        await rm(file, { force: true });
      }
    },
  };
}

async function read(pid, file) {
  const fields = ['-F', 'sample,dso,symbol', '-t', '|', '--percent-limit', '0'];
  const args = ['report', '-i', file, '--stdio', '--no-children', ...fields];
  const { stdout } = await run('perf', args, { maxBuffer: largest });
  const executable = readlinkSync(`/proc/${pid}/exe`);
  const rows = rowsOf(stdout);
  const samples = rows.reduce((total, row) => total + row.samples, 0);
  const names = await addressesOf(executable);
  return {
    samples,
    parts: partsOf(rows, basename(executable), names),
    symbols: rows.slice(0, topSymbols).map(({ symbol, object, samples: own }) => ({
      symbol,
      object,
      share: own / samples,
    })),
  };
}

/** Addresses of the functions that the executable names, if there is a tool that tells them. */
async function addressesOf(executable) {
  const names = new Map();
  for (const table of [['-D'], []]) {
    try {
      const args = [...table, '--defined-only', executable];
      const { stdout } = await run('nm', args, { maxBuffer: largest });
      for (const [, address, name] of stdout.matchAll(/^([\da-f]+) [tTwW] (\S+)$/gm))
        names.set(name, Number.parseInt(address, 16));
    } catch {
      // No such tool or no such table: what stays without a name is told as that.
    }
  }
  return names;
}

function reasonOf(why, said) {
  if (/ENOENT/.test(why)) return 'perf is not installed';
  const line = said.split('\n').find((text) => /error|permission|not/i.test(text));
  return `perf could not look at the server: ${line?.trim() || why}`;
}
