import type { LookupFunction } from 'node:net';
import { parseIpAddress } from '../lib/sockaddr.ts';

export interface DialOptions {
  readonly lookup: LookupFunction;
  readonly autoSelectFamily: true;
  readonly autoSelectFamilyAttemptTimeout: number;
  readonly localAddress?: string;
  readonly family?: 4 | 6;
}

/** An address of a name gets this share of the time before the next is tried, so that one dead address is survived. */
const ADDRESS_SHARE = 1 / 3;
const MIN_ADDRESS_MS = 10;

/** How sockets of checks connect: by our look-up, from the source address (and then in its family only). */
export function dialOptions(facts: {
  readonly lookup: LookupFunction;
  readonly timeoutMs: number;
  readonly sourceAddress: string | undefined;
}): DialOptions {
  const { lookup, timeoutMs, sourceAddress } = facts;
  const source = sourceAddress === undefined ? undefined : parseIpAddress(sourceAddress);
  return {
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(MIN_ADDRESS_MS, Math.ceil(timeoutMs * ADDRESS_SHARE)),
    ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress }),
    ...(source === undefined ? {} : { family: source.family === 'ipv4' ? 4 : 6 }),
  };
}
