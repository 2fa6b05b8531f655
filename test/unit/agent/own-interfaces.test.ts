import { describe, expect, it } from 'vitest';
import { chooseInterface } from '../../../src/agent/own-interfaces.ts';
import type { InterfaceFacts } from '../../../src/aws/index.ts';

const eni = (id: string, deviceIndex: number | undefined, sourceDestCheck: boolean): InterfaceFacts => ({
  id,
  deviceIndex,
  sourceDestCheck,
  instanceId: 'i-1',
  primaryAddress: '10.0.0.1',
  subnetId: undefined,
  vpcId: undefined,
  ownerId: undefined,
  availabilityZone: undefined,
  status: 'in-use',
});

const SELF = { instance: 'SELF', interface: undefined };
const THREE = [eni('eni-2', 2, false), eni('eni-0', 0, true), eni('eni-1', 1, false)];

describe('the interface that routes point at', () => {
  it('is the one with source/dest check off, the lowest device index among several', () => {
    expect(chooseInterface(SELF, THREE)?.id).toBe('eni-1');
  });

  it('is the primary where all have the check on', () => {
    const checked = THREE.map((facts) => ({ ...facts, sourceDestCheck: true }));
    expect(chooseInterface(SELF, checked)?.id).toBe('eni-0');
  });

  it('is the configured one, by id or by device index, whatever its check', () => {
    expect(chooseInterface({ ...SELF, interface: 'eni-2' }, THREE)?.id).toBe('eni-2');
    expect(chooseInterface({ ...SELF, interface: 0 }, THREE)?.id).toBe('eni-0');
  });

  it('is none where the configured one is not attached', () => {
    expect(chooseInterface({ ...SELF, interface: 'eni-9' }, THREE)).toBeUndefined();
    expect(chooseInterface({ ...SELF, interface: 5 }, THREE)).toBeUndefined();
    expect(chooseInterface(SELF, [])).toBeUndefined();
  });
});
