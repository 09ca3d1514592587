// What was found of one side, for the terminal.
import { short } from '../report/numbers.mjs';
import { aligned } from '../report/text.mjs';

const filesShown = 12;
const commandsShown = 16;
/** From this multiple of its CPU on a thread has waited for a core. */
const crowded = 1.15;

const percent = (share) => `${(share * 100).toFixed(1)} %`;

/** @param {import('../profile.mjs').SideFound} found */
export function sideText({ side, load, profile, server, perf }) {
  const micros = (ms) => ((ms * 1_000) / load.jobs).toFixed(2);
  const { busyMs, idleMs } = profile;
  const cpu = load.userMicros + load.systemMicros;
  const head = [
    `${side.title}: ${short(load.jobsPerSecond)} jobs/s under the profiler, ${short(cpu)} µs of CPU a job (user ${short(load.userMicros)}, system ${short(load.systemMicros)})`,
    `main thread: ${micros(busyMs)} µs a job busy, ${percent(idleMs / (busyMs + idleMs))} of the time idle`,
  ];
  // The profiler takes wall time: what waits for a core counts as busy.
  if ((busyMs * 1_000) / load.jobs > crowded * cpu)
    head.push('The machine was busy with something else too: take the shares, not the times.');
  const functions = profile.functions.map(({ name, place, selfMs, totalMs, share }) => [
    name,
    place,
    selfMs.toFixed(0),
    percent(share),
    micros(selfMs),
    micros(totalMs),
  ]);
  const shares = (rows) =>
    rows.map(({ name, selfMs, share }) => [name, percent(share), micros(selfMs)]);
  return [
    head.join('\n'),
    aligned(
      [['function', 'where', 'self ms', 'self', 'µs a job', 'with callees'], ...functions],
      2,
    ),
    aligned([['whose', 'self', 'µs a job'], ...shares(profile.owners)], 1),
    aligned([['file', 'self', 'µs a job'], ...shares(profile.files.slice(0, filesShown))], 1),
    serverText(server),
    perfText(perf),
  ].join('\n\n');
}

/** @param {import('./server-watch.mjs').ServerUse} use */
function serverText({ jobs, commands, luaMicros, scriptMicros, cpu, percentiles, slow }) {
  const tails = new Map((percentiles ?? []).map((found) => [found.name, found]));
  const rows = commands.slice(0, commandsShown).map(({ name, calls, microsPerCall, share }) => {
    const tail = tails.get(name);
    const inTail = tail ? [short(tail.p50), short(tail.p99), short(tail.p999)] : ['', '', ''];
    return [name, short(calls / jobs), short(microsPerCall), percent(share), ...inTail];
  });
  const lua = `Lua, and making and answering the calls: ${short(luaMicros / jobs)} of ${short(scriptMicros / jobs)} µs a job in scripts`;
  const longest = slow.longest.map(({ micros, what }) => `${micros} µs ${what}`).join('; ');
  const columns = ['command', 'calls a job', 'µs a call', 'share', 'p50 µs', 'p99 µs', 'p99.9 µs'];
  return [
    `server: ${short(cpu.user + cpu.system)} µs of CPU a job (user ${short(cpu.user)}, system ${short(cpu.system)}); shares are of the time of all scripts, which holds their commands`,
    aligned([columns, ...rows], 1),
    lua,
    `slow log, from ${slow.slowerThan} µs on: ${slow.count} calls${longest && `, the longest: ${longest}`}`,
  ].join('\n');
}

/** @param {import('../profile.mjs').SideFound['perf']} perf */
function perfText(perf) {
  if ('missing' in perf) return `No look into the server: ${perf.missing}`;
  const symbols = perf.symbols.map(({ symbol, object, share }) => [symbol, object, percent(share)]);
  const shares = perf.parts.map(({ name, share }) => [name, percent(share)]);
  return [
    aligned([[`server's CPU (${perf.samples} samples of perf)`, 'share'], ...shares], 1),
    aligned([['symbol', 'in', 'share'], ...symbols], 2),
  ].join('\n\n');
}
