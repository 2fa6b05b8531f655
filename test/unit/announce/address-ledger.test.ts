import { describe, expect, it } from 'vitest';
import { AddressLedger } from '../../../src/announce/address-ledger.ts';
import type { FoundAddress } from '../../../src/announce/interface-addresses.ts';

const ONE = '10.0.0.1/32';
const TWO = '10.0.0.2/32';

const OURS: FoundAddress = { isMarked: true, isUsable: true };
const THEIRS: FoundAddress = { isMarked: false, isUsable: true };

function found(isEnabled: boolean, addresses: Readonly<Record<string, FoundAddress>>) {
  return { ok: true, isEnabled, found: new Map(Object.entries(addresses)) } as const;
}

describe('the ledger of addresses', () => {
  it('gives up an address that somebody else has put in place of ours, also while the interface is off', () => {
    const ledger = new AddressLedger({ interface: 'lo', random: () => 0, tell: () => undefined });
    ledger.want(new Set([ONE, TWO]), 0);
    ledger.see(found(true, {}), 0);
    for (const prefix of [ONE, TWO]) ledger.added(prefix, { ok: true }, 0);
    ledger.see(found(true, { [ONE]: OURS, [TWO]: OURS }), 0);
    ledger.want(new Set(), 1_000);
    // Removed and added by somebody else since the last look.
    ledger.see(found(false, { [ONE]: THEIRS, [TWO]: OURS }), 2_000);
    expect(ledger.nextToRemove(2_000)).toBe(TWO);
    ledger.removed(TWO, { ok: true }, 2_000);
    expect(ledger.nextToRemove(2_000)).toBeUndefined();
  });
});
