import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/checks/assigned-address.ts';
import type { OwnAddress } from '../../../src/checks/own-addresses.ts';
import type { AssignedAddressSpec } from '../../../src/checks/spec.ts';

function spec(over: Partial<AssignedAddressSpec> = {}): AssignedAddressSpec {
  return { type: 'assigned_address', address: '10.0.0.5', interface: undefined, linkUp: false, ...over };
}

function own(name: string, over: Partial<OwnAddress> = {}): OwnAddress {
  return { interface: name, addressHex: '0a000005', isUp: true, duplicateCheck: 'passed', ...over };
}

function judged(changes: Partial<AssignedAddressSpec>, ...addresses: readonly OwnAddress[]) {
  const { reason, detail } = judge(spec(changes), { ok: true, addresses, isPartial: false });
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

const V6 = { address: '2001:DB8::53' };
const own6 = (name: string, over: Partial<OwnAddress> = {}) =>
  own(name, { addressHex: '20010db8000000000000000000000053', ...over });

describe('an address', () => {
  test('on any interface passes, also on one that is down', () => {
    expect(judged({}, own('eth0'))).toBe('passed');
    expect(judged({}, own('eth0', { isUp: false }))).toBe('passed');
    expect(judged(V6, own6('eth0'))).toBe('passed');
  });

  test('on no interface is not assigned', () => {
    expect(judged({})).toBe('not-assigned: 10.0.0.5 is on no interface');
    expect(judged({}, own('eth0', { addressHex: '0a000006' }))).toMatch(/^not-assigned/);
    expect(judged({ interface: 'eth0' })).toBe('not-assigned: 10.0.0.5 is on no interface');
  });

  test('on another interface than wanted is told with the names of those that have it', () => {
    expect(judged({ interface: 'eth0' }, own('eth1'), own('eth2'))).toBe(
      'other-interface: 10.0.0.5 is on eth1 and eth2, not on eth0',
    );
  });

  test('on two interfaces passes for each of them, whichever comes first', () => {
    for (const name of ['eth0', 'eth1']) {
      expect(judged({ interface: name }, own('eth0'), own('eth1'))).toBe('passed');
      expect(judged({ interface: name }, own('eth1'), own('eth0'))).toBe('passed');
    }
  });

  test('needs a link where that is wanted, on the interface that is wanted', () => {
    const [down, up] = [own('eth0', { isUp: false }), own('eth1')];
    expect(judged({ linkUp: true }, down)).toBe('link-down: 10.0.0.5 is on eth0, and its link is down');
    expect(judged({ linkUp: true }, down, up)).toBe('passed');
    expect(judged({ linkUp: true, interface: 'eth0' }, down, up)).toMatch(/^link-down/);
    expect(judged({ linkUp: true, interface: 'eth1' }, down, up)).toBe('passed');
  });

  test('does not count before the network was asked for a duplicate, nor when there is one', () => {
    const tentative = own6('eth0', { duplicateCheck: 'tentative' });
    const duplicate = own6('eth0', { duplicateCheck: 'failed' });
    expect(judged(V6, tentative)).toBe(
      'not-assigned: 2001:DB8::53 is on eth0, but it is tentative: duplicate address detection is not over',
    );
    expect(judged(V6, duplicate)).toMatch(/somebody else in the network has it/);
    expect(judged(V6, tentative, own6('eth1'))).toBe('passed');
    expect(judged({ ...V6, interface: 'eth0' }, tentative, own6('eth1'))).toMatch(/^not-assigned.*tentative/);
  });
});

describe('a list that could not be had', () => {
  test('is a missing permission where the address family is forbidden, else our own trouble', () => {
    expect(judge(spec(), { ok: false, code: 'EAFNOSUPPORT' }).reason).toBe('not-permitted');
    expect(judge(spec(), { ok: false, code: 'EPERM' }).reason).toBe('not-permitted');
    expect(judge(spec(), { ok: false, code: 'EMFILE' }).reason).toBe('internal-error');
  });

  test('of running interfaces only is told as such', () => {
    const verdict = judge(spec(), { ok: true, addresses: [], isPartial: true });
    expect(verdict.detail).toBe('10.0.0.5 is on no interface that is up');
  });
});
