// Users of Redis for the clients of a test, with the rules that `lunaq acl` prints and nothing else.
import { accessRules } from '../../src/access/rules.js';
import { roles, type Role } from '../../src/access/roles.js';

/** Prefixes of the tests. */
const prefixes = [
  'lunaq',
  'other',
  'one',
  'two',
  ...Array.from({ length: 100 }, (_, n) => `own${n}`),
];

export interface Account {
  readonly username: string;
  readonly password: string;
}

/** Who connects as what; `everything` has the rules of a process that adds jobs and works on them by one connection. */
export type AccountName = Role | 'everything';

export function accountOf(name: AccountName): Account {
  return { username: `the-${name}`, password: `secret of the ${name}` };
}

/** Whether a text begins with the name of an account. */
export function isAccount(text: string): boolean {
  return text.startsWith('the-');
}

function rulesOf(name: AccountName): string[] {
  const rules = prefixes.map((prefix) =>
    accessRules(name === 'everything' ? ['producer', 'worker'] : name, { prefix }),
  );
  return [...new Set(rules.flat())];
}

/** Lines of redis.conf for `startRedis({ config: { user } })`: they outlive a restart. */
export function accountLines(): string[] {
  return [...roles, 'everything' as const].map((name) => {
    const { username, password } = accountOf(name);
    const text = `>${password}`;
    return `${username} on "${text}" ${rulesOf(name).join(' ')}`;
  });
}
