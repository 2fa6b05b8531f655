import type { Scenario } from '../../src/sandbox/index.ts';
import { addressOf, FALLBACK, GATEWAY, instanceId, interfaceId, subnetId, tableId, VPC } from './ids.ts';
import type { Script } from './script.ts';

/** The region as it is before anything happens: an instance and an empty table in each zone. */
export function scenarioOf({ fleet }: Script): Scenario {
  return {
    timing: {
      stopMs: fleet.stopMs,
      startMs: 1_000,
      rebootMs: 20_000,
      terminateMs: 0,
      initializingMs: 20_000,
    },
    vpcs: [{ id: VPC, cidr: '10.0.0.0/16' }],
    subnets: fleet.names.map((name, index) => ({
      id: subnetId(name),
      vpc: VPC,
      cidr: `10.0.${index + 1}.0/24`,
      az: `eu-west-1${name}`,
    })),
    gateways: [FALLBACK, { id: GATEWAY, vpc: VPC }],
    instances: fleet.names.map((name) => ({
      id: instanceId(name),
      subnet: subnetId(name),
      interfaces: [
        { id: interfaceId(name, 1), privateIp: addressOf(fleet, name, 1), sourceDestCheck: false },
      ],
    })),
    // Interfaces to be attached later, in place of the present one.
    interfaces: fleet.names.flatMap((name) =>
      [2, 3, 4, 5].map((generation) => ({
        id: interfaceId(name, generation),
        subnet: subnetId(name),
        privateIp: addressOf(fleet, name, generation),
        sourceDestCheck: false,
      })),
    ),
    routeTables: [
      ...fleet.names.map((name) => ({ id: tableId(name), vpc: VPC, tags: { az: name, type: 'private' } })),
      // No finder means this one.
      { id: 'rtb-public', vpc: VPC, tags: { type: 'public' } },
    ],
  };
}
