// What a token in `active` says.
import type { LeaseId } from '../script.js';

export interface TokenParts {
  readonly lease: string;
  readonly number: number;
  /** Whether its job was asked to stop. */
  readonly asked: boolean;
}

/** Undefined for a token that no claim has made. */
export function partsOf(token: string): TokenParts | undefined {
  const [, lease, number, word] =
    /^([^:!]+):(\d+)(!(?:cancelled|cancel|release))?$/.exec(token) ?? [];
  return lease ? { lease, number: Number(number), asked: word !== undefined } : undefined;
}

/** The lease of any token, as scripts read it; '' without one. */
export function leaseOf(token = ''): LeaseId {
  return token.replace(/[:!].*/s, '') as LeaseId;
}
