// Sends calls of scripts and gets an answer to each. A call that went unanswered is sent again until its
// deadline: scripts are numbered or guarded, so a copy that runs twice does what it does once. Scripts are
// loaded when the server does not have them, at any moment.
import { denialOf, isDenial } from './access/denials.js';
import type { Connection } from './connection.js';
import { deadlineIn, sleep, type Deadline } from './deadline.js';
import { asError, QueueError } from './errors.js';
import type { Call } from './script.js';
import type { Sent, Words } from './wire.js';

/** ms until a call without an answer is given up. */
const callTimeout = 10_000;

/**
 * What became of a call. `resent`: a copy had gone unanswered before, so a refusal may be its echo. `late`: it was sent more than once,
 * so what was sent behind it may have been done before it.
 */
export type Answer<Reply> =
  | { readonly reply: Reply; readonly resent: boolean; readonly late: boolean }
  | { readonly error: QueueError };

/** States of a server that pass by themselves: wait and try again. */
const passing =
  /^(LOADING|BUSY|READONLY|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|MISCONF|UNBLOCKED)\b/;

/** What a server of a cluster says of queues that others of it hold. */
const elsewhere = /^MOVED\b/;

/** What a server that knows no flags of scripts says of the first line of ours. */
const tooOld = /^ERR Error compiling script\b.*unexpected symbol near '#'/;

interface Pending {
  readonly call: Call;
  answer: Answer<unknown> | undefined;
  unanswered: boolean;
  late: boolean;
  cause: Error | undefined;
}

/** Writes the calls in one go, in order, each behind its script when the server was not given that. */
async function write(connection: Connection, pending: readonly Pending[]): Promise<Sent[]> {
  const commands: Words[] = [];
  const loads = new Set<number>();
  for (const { call } of pending) {
    const { name, sha, source } = call.script;
    if (!connection.loaded.has(name)) {
      connection.loaded.add(name);
      loads.add(commands.length);
      commands.push(['SCRIPT', 'LOAD', source]);
    }
    commands.push(['EVALSHA', sha, ...call.argv]);
  }
  const sent = await connection.wire.send(commands);
  if (loads.size === 0) return sent;
  return sent.flatMap((answer, index) => {
    if (loads.has(index)) return [];
    // Who may not load a script hears of that, rather than that there is none.
    const load = loads.has(index - 1) ? sent[index - 1] : undefined;
    return [isMissing(answer) && load?.[0] ? load : answer];
  });
}

function isMissing([error]: Sent): boolean {
  return error?.message.startsWith('NOSCRIPT') === true;
}

function outOfMemory(cause: Error): QueueError {
  return new QueueError('OUT_OF_MEMORY', 'Redis is out of memory: nothing was added', { cause });
}

function refusal({ script }: Call, cause: Error): QueueError {
  if (cause.message.startsWith('OOM')) return outOfMemory(cause);
  if (isDenial(cause)) return denialOf(cause, script);
  if (tooOld.test(cause.message))
    return new QueueError(
      'UNSUPPORTED_SERVER',
      `${script.name}: the server is too old: Redis 7.0 or newer is needed, or Valkey`,
      { cause },
    );
  if (elsewhere.test(cause.message))
    return new QueueError(
      'UNSUPPORTED_SERVER',
      `${script.name}: the server is one of a cluster, where another one holds this queue`,
      { cause },
    );
  return new QueueError('REDIS', `${script.name}: ${cause.message}`, { cause });
}

function failure({ call, cause, unanswered }: Pending, connection: Connection): QueueError {
  const { name } = call.script;
  const options = { cause: cause ?? connection.lastError };
  if (!unanswered && options.cause && isDenial(options.cause))
    return denialOf(options.cause, call.script);
  return unanswered
    ? new QueueError(
        'UNKNOWN_OUTCOME',
        `${name}: no answer in time; it may have been done`,
        options,
      )
    : new QueueError(
        'UNAVAILABLE',
        `${name}: Redis could not be reached in time; nothing was done`,
        options,
      );
}

/** Takes the answer to one copy; without one the call stays pending. */
function settle(connection: Connection, pending: Pending, [error, reply]: Sent): void {
  const { call, unanswered, late } = pending;
  if (error === null) {
    pending.answer = { reply: call.parse(reply), resent: unanswered, late };
    return;
  }
  pending.late = true;
  pending.cause = error;
  if (error.name !== 'ReplyError') {
    if (!error.message.includes("Stream isn't writeable")) pending.unanswered = true;
  } else if (error.message.startsWith('NOSCRIPT')) {
    connection.loaded.delete(call.script.name);
  } else if (passing.test(error.message)) {
    connection.troubledAt = performance.now();
  } else if (!unanswered) {
    pending.answer = { error: refusal(call, error) };
  }
}

/** Sends calls in one round trip, and what went unanswered again, until each has its answer or the deadline came. */
export async function execute<Calls extends readonly Call[]>(
  connection: Connection,
  calls: readonly [...Calls],
  deadline: Deadline = deadlineIn(callTimeout),
): Promise<{ [I in keyof Calls]: Answer<Calls[I] extends Call<infer Reply> ? Reply : never> }> {
  const all: Pending[] = calls.map((call) => ({
    call,
    answer: undefined,
    unanswered: false,
    late: false,
    cause: undefined,
  }));
  let open = all;
  for (let round = 0; open.length > 0; round += 1) {
    if (!(await connection.ready(deadline))) break;
    try {
      const sent = await write(connection, open);
      for (const [index, pending] of open.entries())
        settle(connection, pending, sent[index] as Sent);
    } catch (thrown) {
      for (const pending of open) settle(connection, pending, [asError(thrown), null]);
    }
    open = open.filter((pending) => pending.answer === undefined);
    const onlyUnloaded = open.every((pending) => pending.cause?.message.startsWith('NOSCRIPT'));
    if (open.length > 0 && !(onlyUnloaded && round < 3)) {
      if (deadline.left() <= 0) break;
      await sleep(Math.min(20 * 2 ** Math.min(round, 5), Math.max(1, deadline.left())));
    }
  }
  type Answers = { [I in keyof Calls]: Answer<Calls[I] extends Call<infer Reply> ? Reply : never> };
  return all.map((pending) => pending.answer ?? { error: failure(pending, connection) }) as Answers;
}

/** One call; its reply, or the QueueError thrown. */
export async function executeOne<Reply>(
  connection: Connection,
  call: Call<Reply>,
  deadline?: Deadline,
): Promise<Reply> {
  const [answer] = await execute(connection, [call], deadline);
  if ('error' in answer) throw answer.error;
  return answer.reply;
}
