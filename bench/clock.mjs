// A clock that all processes of the machine share, in ms: the system's monotonic one, which nobody sets.

const origin = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function clock() {
  return origin + performance.now();
}
