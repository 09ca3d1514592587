// Why a command ends without having done what it was asked to.

/** Why a command could not do what it was asked to; its message is all that is printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The command was called in a way that makes no sense. */
export class UsageError extends CommandError {}
