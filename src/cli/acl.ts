// `lunaq acl`: the rules of a user of Redis. It asks no server.
import type { Role } from '../access/roles.js';
import { accessRules } from '../access/rules.js';
import { line } from './output.js';
import type { Session } from './session.js';

interface AclOptions {
  readonly queue?: readonly string[];
}

/** Prints the rules of users of these roles together, on one line, as `ACL SETUSER` takes them. */
export async function acl(
  { out, prefix }: Session,
  wanted: readonly Role[],
  { queue: queues }: AclOptions,
): Promise<void> {
  const rules = accessRules(wanted, {
    ...(prefix !== undefined && { prefix }),
    ...(queues !== undefined && { queues }),
  });
  out.print(line`${rules.join(' ')}`);
  out.document({ roles: wanted, rules });
}
